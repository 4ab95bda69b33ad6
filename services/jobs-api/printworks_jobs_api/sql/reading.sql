-- name: list_jobs
-- Its parts come from filters.py: only numbered places and names of columns, never a value.
SELECT {columns} FROM {source} WHERE {where} {page}

-- name: list_orders
SELECT {columns} FROM {source} WHERE {where} {page}

-- name: find_job
SELECT * FROM jobs WHERE shop = $1 AND job_id = $2

-- name: find_order
SELECT * FROM orders WHERE shop = $1 AND order_id = $2

-- name: shopify_write
SELECT wanted, wanted_since, artwork_status, outcome, reason, reported_at, waiting FROM shopify_writes
WHERE shop = $1 AND order_id = $2

-- name: jobs_of_orders
SELECT * FROM jobs WHERE shop = $1 AND order_id = ANY ($2::bigint[]) ORDER BY order_id, line_item_id

-- name: files_of_jobs
SELECT file_id, job_id, artwork_version, current, role, name, media_type, bytes, sha256, facts, state
FROM files WHERE shop = $1 AND job_id = ANY ($2::uuid[]) ORDER BY job_id, artwork_version DESC, position

-- name: find_file
SELECT file_id, role, name, media_type, bytes, sha256, facts, object_key, state
FROM files WHERE shop = $1 AND file_id = $2

-- name: open_commands
-- What was asked of these jobs and has not been seen in a newer version of them yet.
SELECT DISTINCT ON (c.job_id) c.job_id, c.command_id, c.kind, c.issued_at
FROM commands c JOIN jobs j ON j.shop = c.shop AND j.job_id = c.job_id AND j.version = c.job_version
WHERE c.shop = $1 AND c.job_id = ANY ($2::uuid[]) AND c.issued_at > $3
ORDER BY c.job_id, c.issued_at DESC

-- name: status_counts
SELECT status, count(*) AS jobs FROM {source} WHERE {where} GROUP BY status

-- name: glance
-- Health numbers of a shop. $2: since when `ready` counts as today. A re-render is no answer to a payment, so only first
-- artwork versions count for the time from paid to ready.
SELECT
    (SELECT count(*) FROM jobs WHERE shop = $1 AND status = 'failed') AS failed,
    (SELECT count(*) FROM jobs WHERE shop = $1 AND status = 'pending') AS pending,
    waiting.queued_at AS oldest_waiting, waiting.job_id AS oldest_waiting_job,
    unwritten.orders AS unwritten, unwritten.oldest AS oldest_unwritten, unwritten.reason AS unwritten_reason,
    today.ready_today, today.p50_seconds, today.p95_seconds
FROM (
    SELECT count(*) AS ready_today,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE first) AS p50_seconds,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE first) AS p95_seconds
    FROM (
        SELECT artwork_version = 1 AS first,
               extract(epoch FROM completed_at - coalesce(first_paid_at, queued_at))::float8 AS seconds
        FROM jobs WHERE shop = $1 AND status = 'ready' AND completed_at >= $2
    ) AS finished
) AS today CROSS JOIN (
    SELECT count(*) AS orders, min(wanted_since) AS oldest,
           (array_agg(reason ORDER BY reported_at DESC) FILTER (WHERE reason IS NOT NULL))[1] AS reason
    FROM shopify_writes WHERE shop = $1 AND waiting
) AS unwritten LEFT JOIN (
    SELECT queued_at, job_id FROM jobs WHERE shop = $1 AND status = 'pending' ORDER BY queued_at, job_id LIMIT 1
) AS waiting ON true

-- name: expiring
-- Orders whose files are cleared from the day $2 to the day $3, those of $4 as soon; at most $5 are looked at.
SELECT count(*) AS orders, count(*) FILTER (WHERE retention_date <= $4) AS soon, min(retention_date) AS first_day,
       min(order_date) AS ordered_from, max(order_date) AS ordered_to
FROM (
    SELECT retention_date, order_date FROM orders o
    WHERE shop = $1 AND retention_date BETWEEN $2 AND $3
      AND EXISTS (SELECT FROM jobs j WHERE j.shop = $1 AND j.order_id = o.order_id AND j.status <> 'cleared')
      AND NOT EXISTS (
          SELECT FROM holds h WHERE h.shop = $1 AND h.lifted_at IS NULL AND (h.until IS NULL OR h.until >= $2)
            AND (h.order_id IS NULL OR h.order_id = o.order_id))
    ORDER BY retention_date LIMIT $5
) AS next

-- name: changes_after
SELECT seq, order_id, job_id, version, status, step, reason_code, artwork_version, occurred_at
FROM changes WHERE shop = $1 AND seq > $2 ORDER BY seq LIMIT $3

-- name: newest_change
SELECT coalesce((SELECT seq FROM change_counters WHERE shop = $1), 0)

-- name: newest_changes
SELECT shop, seq FROM change_counters WHERE shop = ANY ($1::text[])

-- name: changed_jobs
SELECT count(DISTINCT job_id) FROM changes WHERE shop = $1 AND seq > $2

-- name: reconciliation
SELECT window_from, window_to, shopify_has, we_hold, customised, missing, different, gone, differences, compared_at
FROM reconciliations WHERE shop = $1
