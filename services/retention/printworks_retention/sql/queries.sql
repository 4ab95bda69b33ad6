-- name: keep_newest
INSERT INTO orders (shop, order_id, version, order_date, retention_date) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (shop, order_id) DO UPDATE SET version = excluded.version, retention_date = excluded.retention_date
WHERE orders.version < excluded.version

-- name: database_time
SELECT now()

-- name: due
SELECT shop, order_id::text AS order_id, order_date, retention_date FROM orders
WHERE purged_at IS NULL AND retention_date < $1 AND order_date <= $1
ORDER BY retention_date, shop, order_id LIMIT $2

-- name: begin_purge
-- The date is read again in the same statement: a payment that came meanwhile keeps the order.
UPDATE orders SET purging_at = coalesce(purging_at, now())
WHERE shop = $1 AND order_id = $2 AND purged_at IS NULL AND retention_date < $3 RETURNING retention_date

-- name: purged
UPDATE orders SET purged_at = now() WHERE shop = $1 AND order_id = $2 AND purged_at IS NULL
