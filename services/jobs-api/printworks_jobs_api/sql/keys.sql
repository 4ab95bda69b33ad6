-- name: create_key
INSERT INTO api_keys (key_id, shop, name, secret_sha256, scopes, created_at, expires_at, created_by, succeeds)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: find_key
SELECT key_id, shop, secret_sha256, scopes, expires_at, revoked_at, last_used_at FROM api_keys WHERE key_id = $1

-- name: note_use
UPDATE api_keys SET last_used_at = $2 WHERE key_id = $1

-- name: list_keys
-- Revoked and expired keys are told of for a while after their end.
SELECT key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, succeeds FROM api_keys
WHERE shop = $1 AND coalesce(least(revoked_at, expires_at), 'infinity') > $2
ORDER BY created_at DESC, key_id

-- name: read_key
SELECT key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, succeeds FROM api_keys
WHERE shop = $1 AND key_id = $2

-- name: lock_key_of_shop
SELECT key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, succeeds FROM api_keys
WHERE shop = $1 AND key_id = $2 FOR UPDATE

-- name: living_keys
SELECT count(*) FROM api_keys
WHERE shop = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)

-- name: living_successor
SELECT key_id FROM api_keys
WHERE shop = $1 AND succeeds = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3) LIMIT 1

-- name: end_key
UPDATE api_keys SET expires_at = least(expires_at, $3) WHERE shop = $1 AND key_id = $2

-- name: revoke_key
UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE shop = $1 AND key_id = $2 RETURNING key_id
