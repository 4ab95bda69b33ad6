-- name: lock_job
-- Two commands for one job wait for each other; the projector, which writes the row, waits a moment as well.
SELECT job_id, order_id, version, status, order_date, detail FROM jobs WHERE shop = $1 AND job_id = $2 FOR UPDATE

-- name: open_command
SELECT command_id, kind FROM commands
WHERE shop = $1 AND job_id = $2 AND job_version = $3 AND issued_at > $4
ORDER BY issued_at DESC LIMIT 1

-- name: save_command
INSERT INTO commands (command_id, shop, order_id, job_id, job_version, kind, issued_by, issued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: lock_key
-- Held to the end of the transaction. Two keys with the same hash merely exclude each other for a moment.
SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7077))

-- name: reserve_answer
INSERT INTO idempotency (shop, idempotency_key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (shop, idempotency_key) DO NOTHING RETURNING idempotency_key

-- name: find_answer
SELECT fingerprint, status, body FROM idempotency WHERE shop = $1 AND idempotency_key = $2

-- name: save_answer
UPDATE idempotency SET status = $3, body = $4 WHERE shop = $1 AND idempotency_key = $2

-- name: forget_answers
DELETE FROM idempotency WHERE created_at < $1

-- name: forget_commands
DELETE FROM commands WHERE issued_at < $1

-- name: has_storage
SELECT true FROM catalog
WHERE shop = $1 AND kind = 'storage' AND entry_id = 'default' AND NOT deleted AND body -> 'active' <> 'false'
