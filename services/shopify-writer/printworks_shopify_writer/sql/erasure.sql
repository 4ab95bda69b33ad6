-- name: erase_orders
-- Nothing of what was written is remembered, so that the order is looked at and everything of ours but its status goes.
UPDATE orders SET
    erased = true, files = '[]', files_url = NULL, lines = NULL, content_hash = NULL, attributes_hash = NULL,
    attributes_error = NULL, seen = NULL, look = true, written_version = 0, priority = 0, tries = 0, not_before = NULL
WHERE shop = $1 AND order_id = ANY ($2::bigint[]) AND NOT erased

-- name: note_erasure
INSERT INTO erasures (shop, request_id, order_ids, orders)
SELECT $1::text, $2::text, $3::bigint[], count(*) FROM orders WHERE shop = $1 AND order_id = ANY ($3)
ON CONFLICT DO NOTHING

-- name: erased_on_shopify
-- $1: hash of no attributes at all. $2: shops that let us in; in others nothing can be written.
SELECT e.shop, e.request_id, e.orders FROM erasures e
WHERE e.shop <> ALL ($2::text[]) OR NOT EXISTS (
    SELECT FROM orders o
    WHERE o.shop = e.shop AND o.order_id = ANY (e.order_ids) AND NOT o.gone
      AND (NOT o.erased OR o.written_version < o.version OR o.attributes_hash IS DISTINCT FROM $1)
)

-- name: forget_erasure
DELETE FROM erasures WHERE shop = $1 AND request_id = $2

-- name: forget_orders
WITH gone AS (DELETE FROM orders WHERE shop = $1 RETURNING 1) SELECT count(*)::int FROM gone

-- name: forget_erasures
DELETE FROM erasures WHERE shop = $1 RETURNING request_id, orders

-- name: forget_shop
DELETE FROM shops WHERE shop = $1
