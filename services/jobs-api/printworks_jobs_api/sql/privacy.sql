-- name: note_request
INSERT INTO privacy_requests (shop, request_id, kind, order_ids, requested_at, deadline)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING

-- name: note_answer
INSERT INTO privacy_answers (shop, kind, request_id, service, orders, objects, answered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING

-- name: note_done
-- $4: everybody who has to answer.
UPDATE privacy_requests r SET done_at = $5
WHERE r.shop = $1 AND r.kind = $2 AND r.request_id = $3 AND r.done_at IS NULL AND NOT EXISTS (
    SELECT FROM unnest($4::text[]) AS asked (service) WHERE NOT EXISTS (
        SELECT FROM privacy_answers a
        WHERE a.shop = r.shop AND a.kind = r.kind AND a.request_id = r.request_id AND a.service = asked.service))

-- name: list_requests
SELECT r.shop, r.request_id, r.kind, cardinality(r.order_ids) AS orders, r.requested_at, r.deadline, r.done_at,
       coalesce((
           SELECT jsonb_object_agg(
               a.service, jsonb_build_object('orders', a.orders, 'objects', a.objects, 'answered_at', a.answered_at))
           FROM privacy_answers a WHERE a.shop = r.shop AND a.kind = r.kind AND a.request_id = r.request_id
       ), '{}') AS answers
FROM privacy_requests r WHERE ($1::text IS NULL OR r.shop = $1) AND ($2 OR r.done_at IS NULL)
ORDER BY r.requested_at DESC, r.request_id LIMIT $3

-- name: exportable
SELECT order_ids, EXISTS (
    SELECT FROM privacy_answers a
    WHERE a.shop = r.shop AND a.kind = r.kind AND a.request_id = r.request_id AND a.service = 'coordinator') AS written
FROM privacy_requests r WHERE shop = $1 AND kind = 'export_customer' AND request_id = $2

-- name: held_orders
SELECT order_id, order_name, order_date, created_at, first_paid_at, retention_date, customer_name, financial_status,
       test, cancelled_at, artwork_status
FROM orders WHERE shop = $1 AND order_id = ANY ($2::bigint[]) ORDER BY order_id

-- name: held_jobs
SELECT job_id, order_id, line_item_id, status, product_title, variant_title, sku, quantity, reason_code, reason_detail,
       queued_at, completed_at, detail
FROM jobs WHERE shop = $1 AND order_id = $2 ORDER BY line_item_id

-- name: open_requests
SELECT count(*) AS open, min(requested_at) AS oldest FROM privacy_requests WHERE done_at IS NULL

-- name: erase_order
UPDATE orders SET customer_name = NULL, search_key = $3 WHERE shop = $1 AND order_id = $2

-- name: lock_read_model
-- Before anything else, so that a rebuild that is about to put its tables in the place of these is waited for.
LOCK TABLE orders, jobs, files IN ROW EXCLUSIVE MODE

-- name: drop_rebuilt
DELETE FROM {shadow}.orders WHERE shop = $1

-- name: drop_rebuilt_jobs
-- The set has no reference that would take them along before it is finished.
DELETE FROM {shadow}.jobs WHERE shop = $1

-- name: drop_rebuilt_files
DELETE FROM {shadow}.files WHERE shop = $1

-- name: names_of_orders
SELECT order_id, order_name FROM orders WHERE shop = $1 AND order_id = ANY ($2::bigint[]) FOR UPDATE

-- name: erase_jobs
UPDATE jobs SET customer_name = NULL, search_key = $3, reason_detail = NULL, step = NULL,
    status = 'cleared', detail = '{"texts": [], "inputs": [], "artwork": [], "timeline": []}'
WHERE shop = $1 AND order_id = $2

-- name: erase_files
UPDATE files SET state = 'cleared' WHERE shop = $1 AND order_id = ANY ($2::bigint[])

-- name: drop_exports
-- With a file or a line of such an order: the archive cannot be whole any more. And those that were searched for: a name
-- may be what was searched by.
DELETE FROM exports e WHERE e.shop = $1 AND (
    e.wanted #>> '{filter,q}' <> ''
    OR EXISTS (
        SELECT FROM export_lines l WHERE l.shop = e.shop AND l.export_id = e.export_id
            AND l.line ->> 'order_id' = ANY (SELECT unnest($2::bigint[])::text)))

-- name: drop_searched_actions
DELETE FROM bulk_actions WHERE shop = $1 AND status <> 'running' AND selection #>> '{filter,q}' <> ''

-- name: drop_answers_kept
-- Answers that are kept for a repeat of their request may name what was searched by, or a hold's reason.
DELETE FROM idempotency WHERE shop = $1

-- name: drop_commands
DELETE FROM commands WHERE shop = $1 AND order_id = ANY ($2::bigint[])

-- name: erase_holds
UPDATE holds SET reason = '' WHERE shop = $1 AND order_id = ANY ($2::bigint[]) RETURNING hold_id, lifted_at

-- name: lift_hold
UPDATE holds SET lifted_by = $3, lifted_at = $4 WHERE shop = $1 AND hold_id = $2

-- name: count_orders
SELECT count(*)::int FROM orders WHERE shop = $1

-- name: live_entries
SELECT kind, entry_id, version FROM catalog WHERE shop = $1 AND NOT deleted ORDER BY kind, entry_id FOR UPDATE

-- name: empty_entries
-- What is deleted keeps its body for being restored.
UPDATE catalog SET body = '{}' WHERE shop = $1

-- name: end_files
-- Their links have to say that they are gone.
UPDATE files SET state = 'cleared', name = '', facts = '{}', object_key = '', sha256 = '' WHERE shop = $1

-- name: drop_shop
-- Every row of a shop but its requests, tombstones, ended files and the versions of its catalog. Jobs go with their orders, parts and
-- lines with their exports.
WITH a AS (DELETE FROM orders WHERE shop = $1),
    c AS (DELETE FROM changes WHERE shop = $1), d AS (DELETE FROM change_counters WHERE shop = $1),
    e AS (DELETE FROM exports WHERE shop = $1), f AS (DELETE FROM bulk_actions WHERE shop = $1),
    g AS (DELETE FROM commands WHERE shop = $1), h AS (DELETE FROM idempotency WHERE shop = $1),
    i AS (DELETE FROM holds WHERE shop = $1), j AS (DELETE FROM reconciliations WHERE shop = $1),
    k AS (DELETE FROM api_keys WHERE shop = $1), l AS (DELETE FROM shops WHERE shop = $1),
    m AS (DELETE FROM shopify_writes WHERE shop = $1)
SELECT true
