-- name: list_entries
SELECT entry_id, version, body, changed_at, deleted FROM catalog
WHERE shop = $1 AND kind = $2 AND deleted = $5 AND version > 0 AND entry_id > $3 ORDER BY entry_id LIMIT $4

-- name: all_entries
SELECT entry_id, version, body, changed_at, deleted FROM catalog
WHERE shop = $1 AND kind = $2 AND NOT deleted ORDER BY entry_id

-- name: find_entry
SELECT entry_id, version, body, changed_at, deleted FROM catalog WHERE shop = $1 AND kind = $2 AND entry_id = $3

-- name: lock_entry
SELECT entry_id, version, body, changed_at, deleted FROM catalog
WHERE shop = $1 AND kind = $2 AND entry_id = $3 FOR UPDATE

-- name: reserve_entry
-- Makes the row that the first writer of an entry locks; a second one waits for it.
INSERT INTO catalog (shop, kind, entry_id, version, deleted, body, changed_at, changed_by)
VALUES ($1, $2, $3, 0, true, '{}', $4, $5) ON CONFLICT DO NOTHING

-- name: save_entry
-- What is deleted keeps its body, so that it can be restored.
UPDATE catalog SET version = $4, deleted = $5, body = coalesce($6, body), changed_at = $7, changed_by = $8
WHERE shop = $1 AND kind = $2 AND entry_id = $3

-- name: mappings_of_template
SELECT entry_id FROM catalog
WHERE shop = $1 AND kind = 'mapping' AND NOT deleted AND body ->> 'template_id' = $2 ORDER BY entry_id LIMIT 20

-- name: lock_dry_runs
SELECT pg_advisory_xact_lock(hashtextextended($1, 7079))
