-- name: keep_newest
-- A snapshot with the content that is known already moves the version on; what was written stays written.
INSERT INTO orders AS o (
    shop, order_id, version, status, files, files_url, lines, content_hash, priority, traceparent, erased
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (shop, order_id) DO UPDATE SET
    erased = o.erased OR excluded.erased,
    version = excluded.version, status = excluded.status, files = excluded.files, files_url = excluded.files_url,
    traceparent = excluded.traceparent,
    written_version = CASE
        WHEN o.written_version = o.version AND o.content_hash = excluded.content_hash THEN excluded.version
        ELSE o.written_version END,
    lines = CASE WHEN o.content_hash = excluded.content_hash THEN o.lines ELSE excluded.lines END,
    priority = CASE WHEN o.content_hash = excluded.content_hash THEN o.priority ELSE excluded.priority END,
    received_at = CASE WHEN o.content_hash = excluded.content_hash THEN o.received_at ELSE now() END,
    tries = CASE WHEN o.content_hash = excluded.content_hash THEN o.tries ELSE 0 END,
    not_before = CASE WHEN o.content_hash = excluded.content_hash THEN o.not_before END,
    content_hash = excluded.content_hash
WHERE o.version < excluded.version
RETURNING written_version < version AS to_write

-- name: claim
-- $2 orders of each shop of $1, in the order of their priority; a claim that runs out is taken over. Whoever had it may
-- have written without noting it: what is remembered of the order is not believed then.
WITH chosen AS (
    SELECT o.shop, o.order_id
    FROM unnest($1::text[], $2::int[]) AS free (shop, slots)
    CROSS JOIN LATERAL (
        SELECT shop, order_id FROM orders
        WHERE orders.shop = free.shop AND written_version < version
          AND (not_before IS NULL OR not_before <= now()) AND (claimed_until IS NULL OR claimed_until <= now())
        ORDER BY priority, received_at
        LIMIT free.slots
        FOR UPDATE SKIP LOCKED
    ) AS o
)
UPDATE orders SET claimed_until = now() + $3::interval, look = look OR claimed_until IS NOT NULL FROM chosen
WHERE orders.shop = chosen.shop AND orders.order_id = chosen.order_id
RETURNING orders.shop, orders.order_id::text AS order_id, orders.traceparent

-- name: renew
UPDATE orders SET claimed_until = now() + $3::interval FROM unnest($1::text[], $2::bigint[]) AS mine (shop, order_id)
WHERE orders.shop = mine.shop AND orders.order_id = mine.order_id AND written_version < version

-- name: newest
SELECT version, status, files, files_url, lines, attributes_hash, seen, look, priority, held, erased,
       extract(epoch FROM now() - received_at)::float8 AS age
FROM orders WHERE shop = $1 AND order_id = $2

-- name: written
UPDATE orders SET
    written_version = $3, seen = $4, gone = $5,
    attributes_hash = coalesce($6, attributes_hash),
    attributes_error = CASE WHEN $6::text IS NULL THEN attributes_error ELSE $7 END,
    hold_error = $8,
    lines = CASE WHEN version = $3 THEN NULL ELSE lines END,
    look = false, tries = 0, not_before = NULL, claimed_until = NULL, error_code = NULL, failing_since = NULL,
    written_at = now(), checked_at = now()
WHERE shop = $1 AND order_id = $2 AND written_version <= $3
RETURNING written_at

-- name: holding
UPDATE orders SET held = held || $3::text[] WHERE shop = $1 AND order_id = $2

-- name: let_free
UPDATE orders SET held = '{}' WHERE shop = $1 AND order_id = $2

-- name: later
WITH before AS (SELECT error_code FROM orders WHERE shop = $1 AND order_id = $2 FOR UPDATE)
UPDATE orders SET
    tries = tries + $5, not_before = now() + $3::interval, claimed_until = NULL, error_code = $4, look = true,
    failing_since = coalesce(failing_since, now())
FROM before
WHERE shop = $1 AND order_id = $2
RETURNING version, status, now() AS at, before.error_code AS error_before

-- name: tries
SELECT tries FROM orders WHERE shop = $1 AND order_id = $2

-- name: let_go
-- The shop is in trouble, not the order: whoever claims next takes it up again.
UPDATE orders SET claimed_until = NULL, look = true WHERE shop = $1 AND order_id = $2
RETURNING version, status, now() AS at

-- name: waiting
SELECT error_code, count(*) AS orders FROM orders WHERE written_version < version GROUP BY error_code

-- name: failing_orders
SELECT shop, order_id::text AS order_id, status, error_code, tries, failing_since, not_before FROM orders
WHERE written_version < version AND error_code IS NOT NULL
  AND ($1::text IS NULL OR shop = $1) AND ($2::text IS NULL OR error_code = $2)
ORDER BY shop, failing_since, order_id

-- name: failing_shops
SELECT s.shop, s.error_code, s.failing_since, s.definitions_error,
       (SELECT count(*) FROM orders o WHERE o.shop = s.shop AND o.written_version < o.version) AS waiting
FROM shops s
WHERE (s.error_code IS NOT NULL OR s.definitions_error IS NOT NULL) AND ($1::text IS NULL OR s.shop = $1)
ORDER BY s.shop

-- name: refused_attributes
SELECT shop, order_id::text AS order_id, attributes_error FROM orders
WHERE attributes_error IS NOT NULL AND ($1::text IS NULL OR shop = $1) ORDER BY shop, order_id

-- name: refused_holds
SELECT shop, order_id::text AS order_id, status, hold_error FROM orders
WHERE hold_error IS NOT NULL AND ($1::text IS NULL OR shop = $1) AND ($2::text IS NULL OR hold_error = $2)
ORDER BY shop, order_id

-- name: retry
WITH again AS (
    UPDATE orders SET tries = 0, not_before = NULL, look = true,
        written_version = CASE WHEN hold_error IS NULL THEN written_version ELSE 0 END
    WHERE (written_version < version AND error_code IS NOT NULL AND ($2::text IS NULL OR error_code = $2)
           OR hold_error IS NOT NULL AND ($2::text IS NULL OR hold_error = $2))
      AND ($1::text IS NULL OR shop = $1)
      AND ($3::bigint[] IS NULL OR order_id = ANY ($3))
    RETURNING 1
)
SELECT count(*) FROM again

-- name: write_again
-- Orders that are written already: looked at, and whatever differs is written.
UPDATE orders SET written_version = 0, look = true, tries = 0, not_before = NULL, priority = 2
FROM unnest($2::bigint[], $3::bigint[]) AS checked (order_id, version)
WHERE orders.shop = $1 AND orders.order_id = checked.order_id AND orders.version = checked.version
  AND written_version = orders.version
RETURNING orders.order_id::text AS order_id

-- name: still_due
UPDATE orders SET checked_at = 'epoch' WHERE shop = $1 AND order_id = ANY ($2::bigint[])

-- name: to_check
-- Written orders of a shop that were not looked at for long, oldest look first. They count as looked at from now on, so
-- that no other process looks at them as well.
UPDATE orders SET checked_at = now() FROM (
    SELECT order_id FROM orders
    WHERE shop = $1 AND written_at > now() - $2::interval AND checked_at < now() - $3::interval
      AND NOT gone AND written_version = version
    ORDER BY checked_at LIMIT $4 FOR UPDATE SKIP LOCKED
) AS due
WHERE orders.shop = $1 AND orders.order_id = due.order_id
RETURNING orders.order_id::text AS order_id, status, files, files_url, version

-- name: gone
UPDATE orders SET gone = true WHERE shop = $1 AND order_id = ANY ($2::bigint[])

-- name: shop_failing
-- Nothing comes back when the shop has refused us with the same code before.
INSERT INTO shops (shop, error_code, failing_since) VALUES ($1, $2, now())
ON CONFLICT (shop) DO UPDATE SET error_code = excluded.error_code,
    failing_since = CASE WHEN shops.error_code IS NULL THEN now() ELSE shops.failing_since END
WHERE shops.error_code IS DISTINCT FROM excluded.error_code
RETURNING true

-- name: shop_well
UPDATE shops SET error_code = NULL, failing_since = NULL WHERE shop = $1 AND error_code IS NOT NULL

-- name: definitions_age
SELECT now() - definitions_at FROM shops WHERE shop = $1

-- name: definitions_seen
INSERT INTO shops (shop, definitions_at, definitions_error) VALUES ($1, now(), $2)
ON CONFLICT (shop) DO UPDATE SET definitions_at = now(), definitions_error = excluded.definitions_error
