-- name: lock_order
-- As text: the document is read by its own model, not by a general JSON codec.
SELECT doc::text FROM orders WHERE shop = $1 AND order_id = $2 FOR UPDATE

-- name: read_order
SELECT doc::text FROM orders WHERE shop = $1 AND order_id = $2

-- name: orders_after
-- Of all shops, or of the one in $3. An order in which nothing was ever customised has no version, and no snapshot.
SELECT shop, order_id, doc::text FROM orders
WHERE (shop, order_id) > ($1, $2) AND ($3::text IS NULL OR shop = $3) AND version > 0
ORDER BY shop, order_id LIMIT $4

-- name: reserve_order
-- Makes the row that the first transaction of an order locks; a second one waits for it.
INSERT INTO orders (shop, order_id, version, doc) VALUES ($1, $2, -1, 'null'::jsonb) ON CONFLICT DO NOTHING

-- name: save_order
UPDATE orders SET version = $3, doc = $4::text::jsonb WHERE shop = $1 AND order_id = $2

-- name: save_job
INSERT INTO jobs (job_id, shop, order_id, status, step, urgent, queued_at, not_before)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (job_id) DO UPDATE SET
    status = excluded.status, step = excluded.step, urgent = excluded.urgent, queued_at = excluded.queued_at,
    not_before = excluded.not_before, claimed_until = NULL

-- name: add_timeline
INSERT INTO timeline (job_id, job_version, at, event, detail, artwork_version, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING

-- name: claim_pinning
-- Round robin over shops, a person's retry first, at most $2 at work per shop, $1 in all in this claim.
WITH at_work AS (
    SELECT shop, count(*) AS busy FROM jobs WHERE step = 'pinning' AND claimed_until > now() GROUP BY shop
), ranked AS (
    SELECT j.job_id, j.urgent, j.queued_at, coalesce(w.busy, 0)
           + row_number() OVER (PARTITION BY s.shop ORDER BY j.urgent DESC, j.queued_at) AS turn
    FROM waiting_shops('pinning') AS s (shop) LEFT JOIN at_work w USING (shop) CROSS JOIN LATERAL (
        SELECT job_id, urgent, queued_at FROM jobs
        WHERE step = 'pinning' AND jobs.shop = s.shop AND (not_before IS NULL OR not_before <= now())
          AND (claimed_until IS NULL OR claimed_until <= now())
        ORDER BY urgent DESC, queued_at LIMIT $2
    ) AS j
), chosen AS (
    SELECT j.job_id FROM (
        SELECT job_id FROM ranked WHERE turn <= $2 ORDER BY urgent DESC, turn, queued_at
    ) AS r CROSS JOIN LATERAL (
        SELECT job_id FROM jobs
        WHERE jobs.job_id = r.job_id AND (claimed_until IS NULL OR claimed_until <= now()) AND step = 'pinning'
        FOR UPDATE SKIP LOCKED
    ) AS j LIMIT $1
)
UPDATE jobs SET claimed_until = now() + $3::interval FROM chosen WHERE jobs.job_id = chosen.job_id
RETURNING jobs.job_id, jobs.shop, jobs.order_id::text AS order_id

-- name: renew_pinning
UPDATE jobs SET claimed_until = now() + $2::interval WHERE job_id = ANY ($1::uuid[]) AND step = 'pinning'

-- name: choose_releases
-- Renders to release now, under the dispatcher's lock: at most $1 waiting or running in all, $2 per shop. `overdue`: the
-- result of an earlier release has not come within its lease.
WITH busy AS (
    SELECT shop, count(*) AS n FROM jobs WHERE step = 'rendering' AND not_before > now() GROUP BY shop
), room AS (
    SELECT greatest($1 - coalesce((SELECT sum(n) FROM busy), 0), 0) AS n
), due AS (
    SELECT s.shop, j.*, false AS overdue FROM waiting_shops('queued') AS s (shop) CROSS JOIN LATERAL (
        SELECT job_id, order_id, urgent, queued_at FROM jobs
        WHERE step = 'queued' AND jobs.shop = s.shop AND (not_before IS NULL OR not_before <= now())
        ORDER BY urgent DESC, queued_at LIMIT $2
    ) AS j
    UNION ALL
    SELECT shop, job_id, order_id, urgent, queued_at, true FROM jobs
    WHERE step = 'rendering' AND not_before <= now() AND shop NOT IN (SELECT shop FROM stopped_shops)
), ranked AS (
    SELECT due.*, coalesce(b.n, 0) + row_number() OVER (PARTITION BY shop ORDER BY urgent DESC, queued_at) AS turn
    FROM due LEFT JOIN busy b USING (shop)
)
SELECT r.job_id, r.shop, r.order_id::text AS order_id, r.overdue,
       coalesce((c.body ->> 'watermark_test_orders')::boolean, $3) AS watermark_tests
FROM ranked r LEFT JOIN catalog c
    ON c.shop = r.shop AND c.kind = 'rendering' AND c.entry_id = 'default' AND NOT c.deleted
WHERE turn <= $2
ORDER BY urgent DESC, turn, queued_at LIMIT (SELECT n FROM room)

-- name: requests_unsent
-- Whether what was asked on topic $2 about one of these jobs still waits for the broker.
SELECT EXISTS (SELECT FROM outbox WHERE key = ANY ($1::text[]) AND topic = $2 AND refused IS NULL)

-- name: claim_deliveries
-- Deliveries to ask for now, under the dispatcher's lock: at most $1 under way in all, $2 per shop, each for $3. A claim
-- ends with the job's next change; one that has run out (`overdue`) had no result. `storage_version` is null where the
-- shop's files no longer go to a storage of its own.
WITH busy AS (
    SELECT shop, count(*) AS n FROM jobs WHERE step = 'delivering' AND claimed_until > now() GROUP BY shop
), room AS (
    SELECT greatest($1 - coalesce((SELECT sum(n) FROM busy), 0), 0) AS n
), ranked AS (
    SELECT j.job_id, j.urgent, j.queued_at, j.claimed_until IS NOT NULL AS overdue, coalesce(b.n, 0)
           + row_number() OVER (PARTITION BY s.shop ORDER BY j.urgent DESC, j.queued_at) AS turn
    FROM waiting_shops('delivering') AS s (shop) LEFT JOIN busy b USING (shop) CROSS JOIN LATERAL (
        SELECT job_id, urgent, queued_at, claimed_until FROM jobs
        WHERE step = 'delivering' AND jobs.shop = s.shop AND (not_before IS NULL OR not_before <= now())
          AND (claimed_until IS NULL OR claimed_until <= now())
        ORDER BY urgent DESC, queued_at LIMIT $2
    ) AS j
), chosen AS (
    SELECT job_id, overdue FROM ranked WHERE turn <= $2
    ORDER BY urgent DESC, turn, queued_at LIMIT (SELECT n FROM room)
), claimed AS (
    UPDATE jobs SET claimed_until = now() + $3::interval FROM chosen WHERE jobs.job_id = chosen.job_id
    RETURNING jobs.job_id, jobs.shop, jobs.order_id::text AS order_id, overdue
)
SELECT m.*, c.version AS storage_version FROM claimed m LEFT JOIN catalog c
    ON c.shop = m.shop AND c.kind = 'storage' AND c.entry_id = 'default' AND NOT c.deleted
    AND c.body -> 'active' IS DISTINCT FROM 'false'::jsonb

-- name: add_delivered_copies
INSERT INTO delivered_copies (key, delivered_at) SELECT unnest($1::text[]), now() ON CONFLICT DO NOTHING

-- name: old_delivered_copies
SELECT key FROM delivered_copies WHERE delivered_at < now() - $1::interval ORDER BY delivered_at LIMIT $2

-- name: forget_delivered_copies
DELETE FROM delivered_copies WHERE key = ANY ($1::text[])

-- name: keep_delivered_copies
-- Those that the store did not delete wait as long once more.
UPDATE delivered_copies SET delivered_at = now() WHERE key = ANY ($1::text[])

-- name: waiting
SELECT step, count(*) AS n, min(queued_at) AS oldest FROM jobs
WHERE step IS NOT NULL AND shop NOT IN (SELECT shop FROM stopped_shops) GROUP BY step

-- name: catalog_of
SELECT kind, entry_id, version, body FROM catalog
WHERE shop = $1 AND NOT deleted AND kind IN ('template', 'mapping', 'retention', 'storage')

-- name: catalog_entry
SELECT body FROM catalog WHERE shop = $1 AND kind = $2 AND entry_id = $3 AND NOT deleted

-- name: put_catalog
INSERT INTO catalog (shop, kind, entry_id, version, deleted, body) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (shop, kind, entry_id) DO UPDATE SET
    version = excluded.version, deleted = excluded.deleted, body = excluded.body
WHERE catalog.version < excluded.version

-- name: add_count_page
INSERT INTO count_pages (run_id, page, last_page, received_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: add_counted_orders
INSERT INTO counted_orders (run_id, order_id, financial_status, cancelled)
SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::boolean[]) ON CONFLICT DO NOTHING

-- name: count_is_whole
SELECT coalesce(max(page) FILTER (WHERE last_page) = count(*), false) FROM count_pages WHERE run_id = $1

-- name: count_totals
-- Of a count: orders that Shopify has, those of the window that we hold, and of these the customised ones.
SELECT (SELECT count(*) FROM counted_orders WHERE run_id = $1) AS shopify_has, count(*) AS we_hold,
       count(*) FILTER (WHERE customised) AS customised
FROM orders WHERE shop = $2 AND created_at BETWEEN $3 AND $4

-- name: count_differences
-- What was purged is closed: nothing that Shopify says of it matters any more.
SELECT c.order_id, CASE WHEN o.created_at IS NULL THEN 'missing' ELSE 'different' END AS kind
FROM counted_orders c LEFT JOIN orders o ON o.shop = $2 AND o.order_id = c.order_id
WHERE c.run_id = $1 AND NOT EXISTS (SELECT FROM erased_orders e WHERE e.shop = $2 AND e.order_id = c.order_id)
  AND (o.created_at IS NULL OR (
    NOT o.closed AND c.cancelled IS NOT NULL
    AND (o.cancelled, o.financial_status) IS DISTINCT FROM (c.cancelled, c.financial_status)
))
UNION ALL
SELECT o.order_id, 'gone' FROM orders o
WHERE o.shop = $2 AND o.created_at BETWEEN $3 AND $4 AND NOT o.closed
  AND NOT EXISTS (SELECT FROM counted_orders c WHERE c.run_id = $1 AND c.order_id = o.order_id)
ORDER BY order_id

-- name: forget_count
WITH pages AS (DELETE FROM count_pages WHERE run_id = $1) DELETE FROM counted_orders WHERE run_id = $1

-- name: forget_old_counts
WITH old AS (DELETE FROM count_pages WHERE received_at < $1 RETURNING run_id)
DELETE FROM counted_orders WHERE run_id IN (SELECT run_id FROM old)

-- name: drop_waiting
-- What waits to be published about an order and could be personal.
DELETE FROM outbox WHERE key = ANY ($1::text[]) AND topic = ANY ($2::text[])

-- name: orders_of_shop
-- A row that was only reserved has no date.
SELECT order_id FROM orders WHERE shop = $1 AND (created_at IS NULL OR created_at <= $2) ORDER BY order_id LIMIT $3

-- name: drop_timelines
DELETE FROM timeline t USING jobs j WHERE j.shop = $1 AND j.order_id = ANY ($2::bigint[]) AND t.job_id = j.job_id

-- name: drop_jobs
DELETE FROM jobs WHERE shop = $1 AND order_id = ANY ($2::bigint[])

-- name: drop_orders
DELETE FROM orders WHERE shop = $1 AND order_id = ANY ($2::bigint[])

-- name: empty_catalog
-- The versions stay: what the topic still holds of the shop is no newer.
UPDATE catalog SET deleted = true, body = '{}' WHERE shop = $1 AND kind <> 'installation'
