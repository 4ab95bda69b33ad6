-- name: create_action
INSERT INTO bulk_actions (shop, bulk_id, action, selection, status, created_by, created_at, matched)
VALUES ($1, $2, $3, $4, 'running', $5, $6, $7)

-- name: count_jobs
SELECT status, count(*) AS jobs FROM {source} WHERE {where} GROUP BY status

-- name: find_action
SELECT * FROM bulk_actions WHERE shop = $1 AND bulk_id = $2

-- name: list_actions
SELECT * FROM bulk_actions WHERE shop = $1 ORDER BY created_at DESC, bulk_id DESC LIMIT $2

-- name: abort_action
-- Waits for the step that is under way.
UPDATE bulk_actions SET status = 'aborted', ended_at = $3 WHERE shop = $1 AND bulk_id = $2 AND status = 'running'

-- name: take_action
-- The one that has come least far: a short one does not wait for the end of a long one of another shop.
SELECT * FROM bulk_actions WHERE status = 'running' ORDER BY done, created_at LIMIT 1 FOR UPDATE SKIP LOCKED

-- name: jobs_to_ask
SELECT job_id, created_at FROM {source} WHERE {where} ORDER BY created_at, job_id LIMIT {limit}

-- name: advance_action
UPDATE bulk_actions SET done = done + $3, outcomes = $4, after_created = $5, after_job = $6
WHERE shop = $1 AND bulk_id = $2

-- name: end_action
UPDATE bulk_actions SET status = $3, ended_at = $4 WHERE shop = $1 AND bulk_id = $2

-- name: forget_actions
DELETE FROM bulk_actions WHERE created_at < $1 AND status <> 'running'
