-- name: states
SELECT status, reason_code, count(*) AS jobs FROM jobs GROUP BY status, reason_code
