-- name: save_order
-- Nothing comes back when the stored version is as new: then the snapshot changes nothing.
INSERT INTO orders (
    shop, order_id, order_gid, order_name, version, created_at, order_date, first_paid_at, retention_date,
    customer_name, financial_status, test, cancelled_at, artwork_status, search_key, occurred_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (shop, order_id) DO UPDATE SET
    order_gid = excluded.order_gid, order_name = excluded.order_name, version = excluded.version,
    created_at = excluded.created_at, order_date = excluded.order_date, first_paid_at = excluded.first_paid_at,
    retention_date = excluded.retention_date, customer_name = excluded.customer_name,
    financial_status = excluded.financial_status, test = excluded.test, cancelled_at = excluded.cancelled_at,
    artwork_status = excluded.artwork_status, search_key = excluded.search_key, occurred_at = excluded.occurred_at
WHERE orders.version < excluded.version
RETURNING version

-- name: stored_jobs
SELECT job_id, version, change_seq FROM jobs WHERE shop = $1 AND order_id = $2

-- name: next_changes
-- The last of $2 new numbers. The row stays locked to the end of the transaction: a reader that has seen a number has
-- seen all before it.
INSERT INTO change_counters (shop, seq) VALUES ($1, $2)
ON CONFLICT (shop) DO UPDATE SET seq = change_counters.seq + excluded.seq
RETURNING seq

-- name: save_job
INSERT INTO jobs (
    shop, job_id, order_id, line_item_id, version, status, step, order_name, customer_name, created_at, order_date,
    first_paid_at, test, product_title, variant_title, product_id, variant_id, sku, quantity, template_id,
    template_version, recipe, artwork_version, reason_code, reason_detail, queued_at, completed_at, since, search_key,
    detail, change_seq
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $31
)
ON CONFLICT (shop, job_id) DO UPDATE SET
    version = excluded.version, status = excluded.status, step = excluded.step, order_name = excluded.order_name,
    customer_name = excluded.customer_name, created_at = excluded.created_at, order_date = excluded.order_date,
    first_paid_at = excluded.first_paid_at, test = excluded.test, product_title = excluded.product_title,
    variant_title = excluded.variant_title, product_id = excluded.product_id, variant_id = excluded.variant_id,
    sku = excluded.sku, quantity = excluded.quantity, template_id = excluded.template_id,
    template_version = excluded.template_version, recipe = excluded.recipe,
    artwork_version = excluded.artwork_version, reason_code = excluded.reason_code,
    reason_detail = excluded.reason_detail, queued_at = excluded.queued_at, completed_at = excluded.completed_at,
    since = excluded.since, search_key = excluded.search_key, detail = excluded.detail,
    change_seq = excluded.change_seq

-- name: drop_jobs
-- A snapshot is the whole order: a job that it does not list is no job any more.
DELETE FROM jobs WHERE shop = $1 AND order_id = $2 AND job_id <> ALL ($3::uuid[])

-- name: clear_files
-- A file that the newest snapshot does not list is gone; its row stays, so that its link answers 410.
UPDATE files SET state = 'cleared', current = false
WHERE shop = $1 AND order_id = $2 AND file_id <> ALL ($3::uuid[]) AND (state <> 'cleared' OR current)

-- name: save_file
INSERT INTO files (
    shop, file_id, order_id, job_id, artwork_version, current, position, role, name, media_type, bytes, sha256, facts,
    object_key, state
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'live')
ON CONFLICT (shop, file_id) DO UPDATE SET
    current = excluded.current, position = excluded.position, role = excluded.role, name = excluded.name,
    media_type = excluded.media_type, facts = excluded.facts, object_key = excluded.object_key, state = 'live'

-- name: add_change
INSERT INTO changes (
    shop, seq, order_id, job_id, version, status, step, reason_code, artwork_version, occurred_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: save_reconciliation
INSERT INTO reconciliations (
    shop, run_id, window_from, window_to, shopify_has, we_hold, customised, missing, different, gone, differences,
    compared_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (shop) DO UPDATE SET
    run_id = excluded.run_id, window_from = excluded.window_from, window_to = excluded.window_to,
    shopify_has = excluded.shopify_has, we_hold = excluded.we_hold, customised = excluded.customised,
    missing = excluded.missing, different = excluded.different, gone = excluded.gone,
    differences = excluded.differences, compared_at = excluded.compared_at
WHERE reconciliations.compared_at <= excluded.compared_at
