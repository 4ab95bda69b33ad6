-- name: note_request
INSERT INTO erasure_requests (shop, kind, request_id, order_ids, requested_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING

-- name: forget_orders
DELETE FROM orders WHERE shop = $1 AND order_date <= $2

-- name: forget_period
DELETE FROM periods WHERE shop = $1

-- name: forget_holds
DELETE FROM holds WHERE shop = $1

-- name: close_request
UPDATE erasure_requests SET closed = true WHERE shop = $1 AND kind = $2 AND request_id = $3 AND NOT closed
RETURNING order_ids, (requested_at AT TIME ZONE 'UTC')::date AS requested_on

-- name: add_erasures
INSERT INTO erasures (shop, kind, request_id, order_id, order_date)
SELECT $1, $2, $3, * FROM unnest($4::bigint[], $5::date[]) ON CONFLICT DO NOTHING

-- name: dates_of
SELECT order_id, order_date FROM orders WHERE shop = $1 AND order_id = ANY ($2::bigint[])

-- name: erasures_to_do
SELECT shop, kind, request_id, order_id, order_date, done_at FROM erasures
WHERE done_at IS NULL OR again_at <= $1 ORDER BY done_at IS NOT NULL, shop, kind, request_id, order_id LIMIT $2

-- name: kept_on
-- Orders of a shop that were placed since it was erased.
SELECT order_id::text AS order_id FROM orders WHERE shop = $1 AND order_date = $2

-- name: erased
UPDATE erasures SET
    again_at = CASE WHEN done_at IS NULL THEN $4::timestamptz + $5::interval END, done_at = coalesce(done_at, $4)
WHERE shop = $1 AND kind = $2 AND request_id = $3 AND order_id = ANY ($6::bigint[])

-- name: count_erased
UPDATE erasure_requests SET orders = orders + $4, objects = objects + $5
WHERE shop = $1 AND kind = $2 AND request_id = $3

-- name: to_answer
SELECT shop, kind, request_id, orders, objects FROM erasure_requests r
WHERE closed AND answered_at IS NULL AND NOT EXISTS (
    SELECT FROM erasures e
    WHERE e.shop = r.shop AND e.kind = r.kind AND e.request_id = r.request_id AND e.done_at IS NULL)

-- name: answered
UPDATE erasure_requests SET answered_at = $4 WHERE shop = $1 AND kind = $2 AND request_id = $3
