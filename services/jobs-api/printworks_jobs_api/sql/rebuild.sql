-- name: shape
-- Columns of a table as they have to be on both sides of a swap.
SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull FROM pg_attribute
WHERE attrelid = ($1 || '.' || $2)::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname

-- name: statistics
-- Columns of which more values are sampled than usual, or fewer.
SELECT attname, attstattarget FROM pg_attribute
WHERE attrelid = ($1 || '.' || $2)::regclass AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0

-- name: constraints
-- Keys before those that refer to them.
SELECT conname, contype, pg_get_constraintdef(oid) AS definition FROM pg_constraint
WHERE conrelid = ($1 || '.' || $2)::regclass AND contype::text = ANY ($3::text[]) ORDER BY contype DESC, conname

-- name: indexes
-- Those that belong to no constraint.
SELECT c.relname, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ($1 || '.' || $2)::regclass
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
ORDER BY c.relname

-- name: policies
SELECT policyname, permissive, roles, cmd, qual, with_check FROM pg_policies
WHERE schemaname = $1 AND tablename = $2 ORDER BY policyname

-- name: security
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = ($1 || '.' || $2)::regclass

-- name: grants
SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END AS grantee, a.privilege_type
FROM pg_class c, aclexplode(c.relacl) AS a
WHERE c.oid = ($1 || '.' || $2)::regclass AND a.grantee <> c.relowner

-- name: views
-- Views that read these tables, which would be lost with them.
SELECT DISTINCT c.relname AS name, pg_get_viewdef(c.oid) AS definition
FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND c.relkind = 'v'
  AND d.refobjid IN (SELECT oid FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relname = ANY ($2::text[]))
ORDER BY 1

-- name: known_numbers
-- What was told last of each job of these orders, and under which number.
SELECT DISTINCT ON (c.job_id) c.job_id, c.version, c.status, c.step, c.reason_code, c.artwork_version, c.seq
FROM unnest($1::text[], $2::bigint[]) AS o (shop, order_id)
JOIN changes c ON c.shop = o.shop AND c.order_id = o.order_id
ORDER BY c.job_id, c.seq DESC

-- name: save_position
INSERT INTO positions (part, next_offset) SELECT * FROM unnest($1::int[], $2::bigint[])
ON CONFLICT (part) DO UPDATE SET next_offset = excluded.next_offset

-- name: positions
SELECT part, next_offset FROM {shadow}.positions

-- name: count_orders
SELECT count(*) FROM {shadow}.orders

-- name: missing_orders
-- Orders that are shown now and would be shown no more.
SELECT l.shop, l.order_id FROM {live}.orders l
WHERE NOT EXISTS (SELECT FROM {shadow}.orders s WHERE s.shop = l.shop AND s.order_id = l.order_id)
ORDER BY l.shop, l.order_id LIMIT 4

-- name: keep_cleared_files
-- No snapshot lists a file that is gone, nor one of a shop that was erased. Its link has to go on saying so.
INSERT INTO {shadow}.files
SELECT (jsonb_populate_record(l, '{{"state": "cleared", "current": false}}')).* FROM {live}.files l
WHERE NOT EXISTS (SELECT FROM {shadow}.files s WHERE s.shop = l.shop AND s.file_id = l.file_id)
  AND (EXISTS (SELECT FROM {shadow}.orders o WHERE o.shop = l.shop AND o.order_id = l.order_id)
       OR EXISTS (SELECT FROM {live}.erased_shops e WHERE e.shop = l.shop))

-- name: want_written
-- What is to be on Shopify is what the set says. Of an order that was lost here the writer tells nothing more until it
-- changes: it counts as written.
INSERT INTO {live}.shopify_writes AS w (shop, order_id, wanted, wanted_since, artwork_status, outcome)
SELECT shop, order_id, artwork_status, occurred_at, artwork_status, 'written' FROM {shadow}.orders
ON CONFLICT (shop, order_id) DO UPDATE SET wanted = excluded.wanted, wanted_since = excluded.wanted_since
WHERE w.wanted IS DISTINCT FROM excluded.wanted

-- name: adopt_numbers
-- What the projector has told while the tables were filled.
UPDATE {shadow}.jobs j SET change_seq = c.seq
FROM {live}.changes c
WHERE j.change_seq = 0 AND c.shop = j.shop AND c.order_id = j.order_id AND c.job_id = j.job_id
  AND (c.version, c.status, c.artwork_version) = (j.version, j.status, j.artwork_version)
  AND (c.step, c.reason_code) IS NOT DISTINCT FROM (j.step, j.reason_code)
  AND NOT EXISTS (SELECT FROM {live}.changes n
                  WHERE n.shop = c.shop AND n.order_id = c.order_id AND n.job_id = c.job_id AND n.seq > c.seq)

-- name: number_the_untold
-- Jobs that are not as they were told last are told now. A shop whose counter is lost gets numbers above all that were
-- ever given out: a counter counts changes, this one begins with the seconds since 1970.
WITH untold AS (
    SELECT shop, job_id, row_number() OVER (PARTITION BY shop ORDER BY order_id, line_item_id, job_id) AS place,
           count(*) OVER (PARTITION BY shop) AS places
    FROM {shadow}.jobs WHERE change_seq = 0
), counted AS (
    INSERT INTO {live}.change_counters AS known (shop, seq)
    SELECT shop, extract(epoch FROM now())::bigint + count(*) FROM untold GROUP BY shop ORDER BY shop
    ON CONFLICT (shop) DO UPDATE SET seq = known.seq + excluded.seq - extract(epoch FROM now())::bigint
    RETURNING shop, seq
), numbered AS (
    UPDATE {shadow}.jobs j SET change_seq = c.seq - u.places + u.place
    FROM untold u JOIN counted c USING (shop) WHERE j.shop = u.shop AND j.job_id = u.job_id
    RETURNING j.shop, j.change_seq, j.order_id, j.job_id, j.version, j.status, j.step, j.reason_code, j.artwork_version
)
INSERT INTO {live}.changes
    (shop, seq, order_id, job_id, version, status, step, reason_code, artwork_version, occurred_at)
SELECT shop, change_seq, order_id, job_id, version, status, step, reason_code, artwork_version, now() FROM numbered
