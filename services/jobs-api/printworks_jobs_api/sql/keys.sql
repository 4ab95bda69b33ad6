-- name: create_key
INSERT INTO api_keys (key_id, shop, name, secret_sha256, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: find_key
SELECT key_id, shop, secret_sha256, scopes, expires_at, revoked_at, last_used_at FROM api_keys WHERE key_id = $1

-- name: note_use
UPDATE api_keys SET last_used_at = $2 WHERE key_id = $1
