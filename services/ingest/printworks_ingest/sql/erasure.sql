-- name: forget_rereads
WITH gone AS (DELETE FROM rereads WHERE shop = $1 AND order_id = ANY ($2::bigint[]) RETURNING 1)
SELECT count(*)::int FROM gone

-- name: forget_rereads_of_shop
WITH gone AS (DELETE FROM rereads WHERE shop = $1 RETURNING 1) SELECT count(*)::int FROM gone

-- name: forget_watermark
DELETE FROM watermarks WHERE shop = $1

-- name: forget_rounds
DELETE FROM rounds WHERE shop = $1

-- name: forget_audit
DELETE FROM audits WHERE shop = $1
