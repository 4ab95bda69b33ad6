-- name: create_export
INSERT INTO exports (shop, export_id, status, wanted, created_by, created_at, expires_at, jobs_matched)
VALUES ($1, $2, 'preparing', $3, $4, $5, $6, $7)

-- name: lock_shop
-- Two exports that begin at once must not both pass the limit.
SELECT pg_advisory_xact_lock(hashtextextended($1, 7078))

-- name: count_preparing
SELECT count(*) FROM exports WHERE shop = $1 AND status = 'preparing'

-- name: count_jobs
SELECT count(*) FROM {source} WHERE {where}

-- name: list_exports
SELECT * FROM exports WHERE shop = $1 AND ($2::timestamptz IS NULL OR (created_at, export_id) < ($2, $3))
ORDER BY created_at DESC, export_id DESC LIMIT $4

-- name: find_export
SELECT * FROM exports WHERE shop = $1 AND export_id = $2

-- name: parts_of_export
SELECT part, files, content_bytes, directory_bytes, fingerprint FROM export_parts
WHERE shop = $1 AND export_id = $2 ORDER BY part

-- name: find_part
SELECT part, files, content_bytes, directory_bytes, fingerprint FROM export_parts
WHERE shop = $1 AND export_id = $2 AND part = $3

-- name: drop_export
DELETE FROM exports WHERE shop = $1 AND export_id = $2 RETURNING export_id

-- name: forget_exports
DELETE FROM exports WHERE expires_at < $1

-- name: lease_export
-- The one that has come least far: a small one does not wait for the end of a large one of another shop.
UPDATE exports SET leased_until = $2 WHERE (shop, export_id) = (
    SELECT shop, export_id FROM exports
    WHERE status = 'preparing' AND (leased_until IS NULL OR leased_until < $1)
    ORDER BY jobs_done, created_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING *

-- name: jobs_to_export
SELECT job_id, order_id, order_name, order_date, line_item_id, created_at, product_title, variant_title, sku, quantity,
       template_id, status, step, reason_code
FROM {source} WHERE {where} ORDER BY created_at, job_id LIMIT {limit}

-- name: files_to_export
SELECT file_id, job_id, artwork_version, role, name, media_type, bytes, sha256, facts, object_key FROM files
WHERE shop = $1 AND job_id = ANY ($2::uuid[]) AND current AND state = 'live' AND role = ANY ($3::text[])
ORDER BY job_id, position, file_id

-- name: lock_export
-- Nothing, when it was taken away or another process has gone on with it.
SELECT jobs_done FROM exports
WHERE shop = $1 AND export_id = $2 AND status = 'preparing' AND after_job IS NOT DISTINCT FROM $3 FOR UPDATE

-- name: taken_paths
SELECT path_key FROM export_lines WHERE shop = $1 AND export_id = $2 AND path_key = ANY ($3::text[])

-- name: last_position
SELECT coalesce(max(position), 0) FROM export_lines WHERE shop = $1 AND export_id = $2

-- name: last_part
SELECT part, files, content_bytes, directory_bytes FROM export_parts
WHERE shop = $1 AND export_id = $2 ORDER BY part DESC LIMIT 1

-- name: save_part
INSERT INTO export_parts (shop, export_id, part, files, content_bytes, directory_bytes) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (shop, export_id, part) DO UPDATE SET
    files = excluded.files, content_bytes = excluded.content_bytes, directory_bytes = excluded.directory_bytes

-- name: save_line
INSERT INTO export_lines (
    shop, export_id, position, line, path, path_key, file_id, part, content_offset, directory_offset, bytes, crc32,
    sha256, place
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)

-- name: advance_export
UPDATE exports SET after_created = $3, after_job = $4, jobs_done = jobs_done + $5,
    jobs_without_files = jobs_without_files + $6, files = files + $7, bytes = bytes + $8, leased_until = NULL
WHERE shop = $1 AND export_id = $2

-- name: finish_parts
UPDATE export_parts p SET fingerprint = (
    SELECT encode(sha256(convert_to(string_agg(l.path || E'\t' || l.sha256, E'\n' ORDER BY l.position), 'UTF8')), 'hex')
    FROM export_lines l WHERE l.shop = p.shop AND l.export_id = p.export_id AND l.part = p.part
)
WHERE p.shop = $1 AND p.export_id = $2

-- name: finish_export
UPDATE exports SET status = $3, ready_at = $4, leased_until = NULL WHERE shop = $1 AND export_id = $2

-- name: lines_after
SELECT position, line FROM export_lines WHERE shop = $1 AND export_id = $2 AND position > $3 ORDER BY position LIMIT $4

-- name: contents_from
-- Entries of a part whose bytes reach beyond $4, in their order. What was delivered since the export was made is read
-- where it lies now.
SELECT l.position, l.path, l.bytes, l.crc32, l.content_offset, l.directory_offset,
       coalesce(f.facts -> 'delivered', l.place) AS place
FROM export_lines l LEFT JOIN files f ON f.shop = l.shop AND f.file_id = l.file_id
WHERE l.shop = $1 AND l.export_id = $2 AND l.part = $3 AND l.content_offset >= coalesce((
    SELECT max(content_offset) FROM export_lines
    WHERE shop = $1 AND export_id = $2 AND part = $3 AND content_offset <= $4), 0)
ORDER BY l.content_offset LIMIT $5

-- name: cleared_files
-- Whether a file of a part is no longer there to be read.
SELECT true FROM export_lines l LEFT JOIN files f ON f.shop = l.shop AND f.file_id = l.file_id
WHERE l.shop = $1 AND l.export_id = $2 AND l.part = $3 AND f.state IS DISTINCT FROM 'live' LIMIT 1
