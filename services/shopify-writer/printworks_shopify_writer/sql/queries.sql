-- name: keep_newest
INSERT INTO orders (shop, order_id, version, status, files, traceparent) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (shop, order_id) DO UPDATE SET
    version = excluded.version, status = excluded.status, files = excluded.files, traceparent = excluded.traceparent,
    received_at = now(),
    tries = 0, not_before = NULL, error_code = NULL
WHERE orders.version < excluded.version
RETURNING version

-- name: claim
-- Ready and failed before pending; $1 orders per shop at once; a claim that runs out is taken over.
WITH busy AS (
    SELECT shop, count(*) AS n FROM orders
    WHERE written_version < version AND claimed_until > now() GROUP BY shop
), ranked AS (
    SELECT o.shop, o.order_id, coalesce(b.n, 0) + row_number() OVER (
        PARTITION BY o.shop ORDER BY (o.status = 'pending') NULLS FIRST, o.received_at
    ) AS turn
    FROM orders o LEFT JOIN busy b USING (shop)
    WHERE o.written_version < o.version AND (o.not_before IS NULL OR o.not_before <= now())
      AND (o.claimed_until IS NULL OR o.claimed_until <= now()) AND o.shop = ANY ($3)
), chosen AS (
    SELECT o.shop, o.order_id FROM orders o JOIN ranked r USING (shop, order_id)
    WHERE r.turn <= $1 AND (o.claimed_until IS NULL OR o.claimed_until <= now())
    FOR UPDATE OF o SKIP LOCKED
)
UPDATE orders SET claimed_until = now() + $2::interval FROM chosen
WHERE orders.shop = chosen.shop AND orders.order_id = chosen.order_id
RETURNING orders.shop, orders.order_id::text AS order_id, orders.traceparent

-- name: renew
UPDATE orders SET claimed_until = now() + $3::interval FROM unnest($1::text[], $2::bigint[]) AS mine (shop, order_id)
WHERE orders.shop = mine.shop AND orders.order_id = mine.order_id AND written_version < version

-- name: newest
SELECT version, status, files, seen, tries, extract(epoch FROM now() - received_at)::float8 AS age
FROM orders WHERE shop = $1 AND order_id = $2

-- name: written
UPDATE orders SET written_version = $3, seen = $4, tries = 0, not_before = NULL, claimed_until = NULL, error_code = NULL
WHERE shop = $1 AND order_id = $2 AND written_version <= $3

-- name: later
UPDATE orders SET tries = tries + 1, not_before = now() + $3::interval, claimed_until = NULL, error_code = $4, seen = NULL
WHERE shop = $1 AND order_id = $2

-- name: waiting
SELECT count(*) FROM orders WHERE written_version < version
