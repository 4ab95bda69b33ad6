-- name: watermark
SELECT swept_at FROM watermarks WHERE shop = $1

-- name: set_watermark
INSERT INTO watermarks (shop, swept_at) VALUES ($1, $2)
ON CONFLICT (shop) DO UPDATE SET swept_at = greatest(watermarks.swept_at, excluded.swept_at)
