-- name: save_write
-- A report may come before the snapshot that it tells of.
INSERT INTO shopify_writes (shop, order_id, wanted, wanted_since, version, artwork_status, outcome, reason, reported_at)
SELECT $1, $2, $4, $7, $3, $4, $5, $6, $7 WHERE tombstone($1, $2, $7) IS DISTINCT FROM 'shop'
ON CONFLICT (shop, order_id) DO UPDATE SET
    version = excluded.version, artwork_status = excluded.artwork_status, outcome = excluded.outcome,
    reason = excluded.reason, reported_at = excluded.reported_at
WHERE shopify_writes.version <= excluded.version
  AND (shopify_writes.reported_at IS NULL OR shopify_writes.reported_at <= excluded.reported_at)

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
