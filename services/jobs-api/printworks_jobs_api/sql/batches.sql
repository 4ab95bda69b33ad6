-- name: save_orders
-- Gives back those that are new or newer than what is stored; the others change nothing.
INSERT INTO orders (
    shop, order_id, order_gid, order_name, version, created_at, order_date, first_paid_at, retention_date,
    customer_name, financial_status, test, cancelled_at, artwork_status, search_key, occurred_at
) SELECT * FROM unnest(
    $1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::date[], $8::timestamptz[],
    $9::date[], $10::text[], $11::text[], $12::bool[], $13::timestamptz[], $14::text[], $15::text[], $16::timestamptz[]
)
ON CONFLICT (shop, order_id) DO UPDATE SET
    order_gid = excluded.order_gid, order_name = excluded.order_name, version = excluded.version,
    created_at = excluded.created_at, order_date = excluded.order_date, first_paid_at = excluded.first_paid_at,
    retention_date = excluded.retention_date, customer_name = excluded.customer_name,
    financial_status = excluded.financial_status, test = excluded.test, cancelled_at = excluded.cancelled_at,
    artwork_status = excluded.artwork_status, search_key = excluded.search_key, occurred_at = excluded.occurred_at
WHERE orders.version < excluded.version
RETURNING shop, order_id

-- name: want_written
INSERT INTO shopify_writes (shop, order_id, wanted, wanted_since)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[]) AS o (shop, order_id) ORDER BY shop, order_id
ON CONFLICT (shop, order_id) DO UPDATE SET wanted = excluded.wanted, wanted_since = excluded.wanted_since
WHERE shopify_writes.wanted IS DISTINCT FROM excluded.wanted

-- name: stored_jobs
SELECT j.job_id, j.version, j.change_seq FROM jobs j JOIN unnest($1::text[], $2::bigint[]) AS o (shop, order_id)
    ON j.shop = o.shop AND j.order_id = o.order_id

-- name: next_changes
INSERT INTO change_counters (shop, seq) SELECT * FROM unnest($1::text[], $2::bigint[]) AS o (shop, seq) ORDER BY shop
ON CONFLICT (shop) DO UPDATE SET seq = change_counters.seq + excluded.seq
RETURNING shop, seq

-- name: add_changes
INSERT INTO changes (
    shop, seq, order_id, job_id, version, status, step, reason_code, artwork_version, occurred_at
) SELECT * FROM unnest(
    $1::text[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::int[],
    $10::timestamptz[]
)

-- name: drop_other_jobs
DELETE FROM jobs j USING unnest($1::text[], $2::bigint[]) AS o (shop, order_id)
WHERE j.shop = o.shop AND j.order_id = o.order_id AND j.job_id <> ALL ($3::uuid[])

-- name: clear_other_files
-- A file that the newest snapshot does not list is gone; its row stays, so that its link answers 410.
UPDATE files f SET state = 'cleared', current = false FROM unnest($1::text[], $2::bigint[]) AS o (shop, order_id)
WHERE f.shop = o.shop AND f.order_id = o.order_id AND f.file_id <> ALL ($3::uuid[])
  AND (f.state <> 'cleared' OR f.current)

-- name: save_files
INSERT INTO files (
    shop, file_id, order_id, job_id, artwork_version, current, position, role, name, media_type, bytes, sha256, facts,
    object_key, state
) SELECT *, 'live' FROM unnest(
    $1::text[], $2::uuid[], $3::bigint[], $4::uuid[], $5::int[], $6::bool[], $7::int[], $8::text[], $9::text[],
    $10::text[], $11::bigint[], $12::text[], $13::jsonb[], $14::text[]
)
ON CONFLICT (shop, file_id) DO UPDATE SET
    current = excluded.current, position = excluded.position, role = excluded.role, name = excluded.name,
    media_type = excluded.media_type, facts = excluded.facts, object_key = excluded.object_key, state = 'live'

-- name: save_jobs
INSERT INTO jobs (
    shop, job_id, order_id, line_item_id, version, status, step, order_name, customer_name, created_at, order_date,
    first_paid_at, test, product_title, variant_title, product_id, variant_id, sku, quantity, template_id,
    template_version, recipe, artwork_version, reason_code, reason_detail, queued_at, completed_at, since, search_key,
    detail, change_seq
) SELECT * FROM unnest(
    $1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::date[], $12::timestamptz[], $13::bool[], $14::text[], $15::text[], $16::bigint[],
    $17::bigint[], $18::text[], $19::int[], $20::text[], $21::int[], $22::text[], $23::int[], $24::text[],
    $25::text[], $26::timestamptz[], $27::timestamptz[], $28::timestamptz[], $29::text[], $30::jsonb[], $31::bigint[]
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
