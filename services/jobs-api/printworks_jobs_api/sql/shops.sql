-- name: shop_facts
SELECT time_zone, last_webhook_at FROM shops WHERE shop = $1

-- name: note_webhook
INSERT INTO shops (shop, last_webhook_at) VALUES ($1, $2)
ON CONFLICT (shop) DO UPDATE SET last_webhook_at = greatest(shops.last_webhook_at, excluded.last_webhook_at)

-- name: note_profile
INSERT INTO shops (shop, profile_version, time_zone) VALUES ($1, $2, $3)
ON CONFLICT (shop) DO UPDATE SET profile_version = excluded.profile_version, time_zone = excluded.time_zone
WHERE shops.profile_version < excluded.profile_version
