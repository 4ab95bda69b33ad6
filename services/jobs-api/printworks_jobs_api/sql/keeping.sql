-- name: list_holds
SELECT h.hold_id, h.order_id, o.order_name, h.until, h.reason, h.placed_by, h.placed_at
FROM holds h LEFT JOIN orders o ON o.shop = h.shop AND o.order_id = h.order_id
WHERE h.shop = $1 AND h.lifted_at IS NULL AND h.hold_id > $2 ORDER BY h.hold_id LIMIT $3

-- name: find_hold
SELECT h.hold_id, h.order_id, o.order_name, h.until, h.reason, h.placed_by, h.placed_at
FROM holds h LEFT JOIN orders o ON o.shop = h.shop AND o.order_id = h.order_id
WHERE h.shop = $1 AND h.hold_id = $2 AND h.lifted_at IS NULL

-- name: order_name
SELECT order_name FROM orders WHERE shop = $1 AND order_id = $2

-- name: place_hold
INSERT INTO holds (shop, hold_id, order_id, until, reason, placed_by, placed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: lift_hold
UPDATE holds SET lifted_by = $3, lifted_at = $4 WHERE shop = $1 AND hold_id = $2 AND lifted_at IS NULL
RETURNING hold_id
