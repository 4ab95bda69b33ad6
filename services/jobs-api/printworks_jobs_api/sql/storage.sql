-- name: shops_with_storage
SELECT shop FROM catalog WHERE kind = 'storage' AND entry_id = 'default' AND NOT deleted ORDER BY shop

-- name: newest_file
SELECT j.order_name, j.order_id, j.order_date, j.line_item_id, j.sku, j.product_title, j.variant_title, j.quantity,
       j.template_id, f.artwork_version, f.role, f.name, f.facts
FROM jobs j JOIN files f ON f.shop = j.shop AND f.job_id = j.job_id AND f.current AND f.role = 'print'
WHERE j.shop = $1 AND j.status = 'ready' ORDER BY j.completed_at DESC LIMIT 1
