-- name: keep_newest
INSERT INTO orders (shop, order_id, version, order_date, first_paid_on, retention_date, unfinished)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (shop, order_id) DO UPDATE SET
    version = excluded.version,
    first_paid_on = excluded.first_paid_on,
    retention_date = excluded.retention_date,
    unfinished = excluded.unfinished,
    noticed = CASE WHEN excluded.retention_date > orders.retention_date THEN NULL ELSE orders.noticed END
WHERE orders.version < excluded.version

-- name: keep_period
INSERT INTO periods (shop, version, days) VALUES ($1, $2, $3)
ON CONFLICT (shop) DO UPDATE SET version = excluded.version, days = excluded.days
WHERE periods.version < excluded.version

-- name: notice_again
UPDATE orders SET noticed = NULL WHERE shop = $1 AND noticed IS NOT NULL AND purging_at IS NULL

-- name: keep_hold
INSERT INTO holds (shop, hold_id, version, order_id, until, lifted) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (shop, hold_id) DO UPDATE SET
    version = excluded.version, order_id = excluded.order_id, until = excluded.until, lifted = excluded.lifted
WHERE holds.version < excluded.version

-- name: database_time
SELECT now()

-- name: due
-- Orders whose day (calendar.py: keep_until) is over on the day $1, held ones left out; after ($2, $3, $4), at most $5.
SELECT o.shop, o.order_id::text AS order_id, o.order_date, o.first_paid_on, o.retention_date, p.days
FROM orders o LEFT JOIN periods p USING (shop)
WHERE o.purging_at IS NULL AND o.purged_at IS NULL AND o.retention_date < $1
  AND (o.retention_date, o.shop, o.order_id) > ($2, $3, $4)
  AND greatest(o.retention_date, greatest(o.order_date, o.first_paid_on) + p.days) < $1
  AND NOT EXISTS (
      SELECT FROM holds h WHERE h.shop = o.shop AND (h.order_id IS NULL OR h.order_id = o.order_id)
          AND NOT h.lifted AND (h.until IS NULL OR h.until >= $1))
ORDER BY o.retention_date, o.shop, o.order_id LIMIT $5

-- name: count_due
SELECT count(*) FROM orders o LEFT JOIN periods p USING (shop)
WHERE o.purging_at IS NULL AND o.purged_at IS NULL AND o.retention_date < $1 AND o.order_date <= $1
  AND greatest(o.retention_date, greatest(o.order_date, o.first_paid_on) + p.days) < $1
  AND NOT EXISTS (
      SELECT FROM holds h WHERE h.shop = o.shop AND (h.order_id IS NULL OR h.order_id = o.order_id)
          AND NOT h.lifted AND (h.until IS NULL OR h.until >= $1))

-- name: begin_purge
-- Dates, period and holds are read again in the statement that sets the mark: a payment or a hold that came meanwhile
-- keeps the order.
UPDATE orders o SET purging_at = $4
FROM unnest($1::text[], $2::bigint[]) AS wanted (shop, order_id)
WHERE o.shop = wanted.shop AND o.order_id = wanted.order_id AND o.purging_at IS NULL AND o.retention_date < $3
  AND greatest(
      o.retention_date,
      greatest(o.order_date, o.first_paid_on) + (SELECT p.days FROM periods p WHERE p.shop = o.shop)) < $3
  AND NOT EXISTS (
      SELECT FROM holds h WHERE h.shop = o.shop AND (h.order_id IS NULL OR h.order_id = o.order_id)
          AND NOT h.lifted AND (h.until IS NULL OR h.until >= $3))
RETURNING o.shop, o.order_id::text AS order_id

-- name: purging
-- Orders that are marked and not done: of this run, and of one that was cut off.
SELECT o.shop, o.order_id::text AS order_id, o.order_date, o.first_paid_on, o.retention_date, p.days
FROM orders o LEFT JOIN periods p USING (shop)
WHERE o.purging_at IS NOT NULL AND o.purged_at IS NULL AND (o.shop, o.order_id) > ($1, $2)
ORDER BY o.shop, o.order_id LIMIT $3

-- name: add_objects
INSERT INTO purging_objects (shop, order_id, key, version_id, bytes)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[]) ON CONFLICT DO NOTHING

-- name: objects_of
SELECT o.shop, o.order_id::text AS order_id, o.key, o.version_id, o.bytes
FROM purging_objects o JOIN unnest($1::text[], $2::bigint[]) AS wanted (shop, order_id) USING (shop, order_id)
ORDER BY o.key, o.version_id

-- name: forget_objects
DELETE FROM purging_objects o USING unnest($1::text[], $2::bigint[]) AS wanted (shop, order_id)
WHERE o.shop = wanted.shop AND o.order_id = wanted.order_id

-- name: purged
UPDATE orders o SET purged_at = $3 FROM unnest($1::text[], $2::bigint[]) AS wanted (shop, order_id)
WHERE o.shop = wanted.shop AND o.order_id = wanted.order_id AND o.purged_at IS NULL
RETURNING o.shop, o.order_id::text AS order_id

-- name: balance
-- What the cap compares: orders with files now, and orders cleared per day on the days of the last 30 that had any.
SELECT
    (SELECT count(*) FROM orders WHERE purged_at IS NULL AND retention_date IS NOT NULL) AS live,
    (SELECT count(*)::float / count(DISTINCT purged_at::date) FROM orders
     WHERE purged_at > $1::timestamptz - interval '30 days' HAVING count(*) > 0) AS usual_day,
    (SELECT $1::timestamptz::date - max(purged_at)::date FROM orders WHERE purged_at IS NOT NULL) AS days_since

-- name: suspects
-- Orders that are never purged, because a date of theirs cannot be right.
SELECT shop, order_id::text AS order_id FROM orders
WHERE purged_at IS NULL AND (order_date > $1 OR retention_date < order_date) ORDER BY shop, order_id LIMIT 100

-- name: to_notice
-- Orders with at most $2 days left on the day $1 that were not told so yet; held ones are told when the hold is over.
SELECT o.shop, o.order_id::text AS order_id,
       greatest(o.retention_date, greatest(o.order_date, o.first_paid_on) + p.days) AS keep_until
FROM orders o LEFT JOIN periods p USING (shop)
WHERE o.purging_at IS NULL AND o.purged_at IS NULL AND (o.noticed IS NULL OR o.noticed > $2)
  AND o.retention_date BETWEEN o.order_date AND $1::date + $2::int
  AND greatest(o.retention_date, greatest(o.order_date, o.first_paid_on) + p.days) BETWEEN $1 AND $1::date + $2::int
  AND NOT EXISTS (
      SELECT FROM holds h WHERE h.shop = o.shop AND (h.order_id IS NULL OR h.order_id = o.order_id)
          AND NOT h.lifted AND (h.until IS NULL OR h.until >= $1))
ORDER BY o.shop, o.order_id LIMIT $3

-- name: count_expiring
-- Orders with at most $2 days left on the day $1 whose files are not made or not delivered yet.
SELECT count(*) FROM orders o LEFT JOIN periods p USING (shop)
WHERE o.unfinished AND o.purging_at IS NULL AND o.purged_at IS NULL
  AND o.retention_date BETWEEN o.order_date AND $1::date + $2::int
  AND greatest(o.retention_date, greatest(o.order_date, o.first_paid_on) + p.days) BETWEEN $1 AND $1::date + $2::int
  AND NOT EXISTS (
      SELECT FROM holds h WHERE h.shop = o.shop AND (h.order_id IS NULL OR h.order_id = o.order_id)
          AND NOT h.lifted AND (h.until IS NULL OR h.until >= $1))

-- name: noticed
UPDATE orders o SET noticed = $3 FROM unnest($1::text[], $2::bigint[]) AS wanted (shop, order_id)
WHERE o.shop = wanted.shop AND o.order_id = wanted.order_id

-- name: of_a_day
SELECT shop, order_id::text AS order_id, purged_at IS NOT NULL AS purged FROM orders
WHERE order_date = $1 AND shop = $2 AND order_id = ANY ($3::bigint[])
UNION ALL
-- What was erased and is there again was being rendered meanwhile.
SELECT $2, one::text, true FROM unnest($3::bigint[]) AS one
WHERE EXISTS (SELECT FROM erased_orders WHERE shop = $2 AND order_id = one)
   OR EXISTS (SELECT FROM erased_shops WHERE shop = $2 AND (until AT TIME ZONE 'UTC')::date > $1)

-- name: last_audit
SELECT hash FROM audit ORDER BY seq DESC LIMIT 1

-- name: append_audit
INSERT INTO audit (previous_hash, hash, body, kind, at) VALUES ($1, $2, $3, $4, $5)

-- name: read_audit
SELECT seq, previous_hash, hash, body FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2

-- name: last_of_kind
SELECT max(at) FROM audit WHERE kind = $1

-- name: end_orders
-- Their files go by an erasure: no purge has to think of them. One that is under way ends by itself.
UPDATE orders SET purging_at = $3, purged_at = $3
WHERE shop = $1 AND order_id = ANY ($2::bigint[]) AND purging_at IS NULL AND purged_at IS NULL
