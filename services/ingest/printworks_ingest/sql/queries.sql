-- name: watermark
SELECT swept_at, known_since, began_at, resume_at FROM watermarks WHERE shop = $1

-- name: open_watermark
-- Where the first sweep of a shop begins. `swept_at` is the overlap later, so that the sweep begins there.
INSERT INTO watermarks (shop, swept_at, known_since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: sweep_reached
-- Everything that was updated before $3 has been read by the sweep that began at $2.
UPDATE watermarks SET began_at = $2, resume_at = $3 WHERE shop = $1

-- name: sweep_ended
UPDATE watermarks SET swept_at = greatest(swept_at, $2), began_at = NULL, resume_at = NULL WHERE shop = $1

-- name: oldest_sweep
SELECT min(swept_at) FROM watermarks WHERE shop = ANY ($1::text[])

-- name: open_rounds
INSERT INTO rounds (shop, kind, due_at) SELECT unnest($1::text[]), $2, $3 ON CONFLICT DO NOTHING

-- name: claim_rounds
UPDATE rounds SET claimed_until = now() + $5::interval FROM (
    SELECT shop FROM rounds
    WHERE kind = $1 AND shop = ANY ($2::text[]) AND due_at <= $3
      AND (claimed_until IS NULL OR claimed_until <= now())
    ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
) AS due
WHERE rounds.kind = $1 AND rounds.shop = due.shop
RETURNING rounds.shop

-- name: renew_rounds
UPDATE rounds SET claimed_until = now() + $3::interval WHERE kind = $1 AND shop = ANY ($2::text[])

-- name: end_round
-- $4: when it came to its end; null where it did not.
UPDATE rounds SET due_at = $3, claimed_until = NULL, ended_at = coalesce($4, ended_at) WHERE shop = $1 AND kind = $2

-- name: call_rounds
-- What was not done since $3 is due at once.
UPDATE rounds SET due_at = least(due_at, $4)
WHERE kind = $1 AND shop = ANY ($2::text[]) AND (ended_at IS NULL OR ended_at < $3)

-- name: rounds_left
-- Shops whose round has not come to its end since $3.
SELECT shop FROM unnest($2::text[]) AS wanted (shop)
WHERE NOT EXISTS (SELECT FROM rounds WHERE rounds.shop = wanted.shop AND kind = $1 AND ended_at >= $3)

-- name: oldest_count
-- A shop that was never counted has waited for it since its first sweep, which reached back by $2.
SELECT min(coalesce(rounds.ended_at, known_since + $2::interval))
FROM watermarks LEFT JOIN rounds ON rounds.shop = watermarks.shop AND rounds.kind = 'count'
WHERE watermarks.shop = ANY ($1::text[])

-- name: ask_reread
-- An order that was erased is not read again.
INSERT INTO rereads (shop, order_id, reason, bulk, due_at, traceparent)
SELECT $1::text, $2::bigint, $3::text, $4::boolean, $5::timestamptz, $6::text
WHERE NOT EXISTS (SELECT FROM erased_orders WHERE shop = $1 AND order_id = $2)
ON CONFLICT (shop, order_id) DO UPDATE SET
    asked = rereads.asked + 1, reason = excluded.reason, bulk = rereads.bulk AND excluded.bulk,
    due_at = least(rereads.due_at, excluded.due_at), traceparent = excluded.traceparent

-- name: claim_rereads
-- Round robin over shops, at most $2 at work per shop, $1 in all in this claim; what nobody waits for comes last.
WITH at_work AS (
    SELECT shop, count(*) AS busy FROM rereads WHERE claimed_until > now() GROUP BY shop
), ranked AS (
    SELECT s.shop, r.order_id, r.bulk, r.due_at, coalesce(w.busy, 0)
           + row_number() OVER (PARTITION BY s.shop ORDER BY r.bulk, r.due_at) AS turn
    FROM unnest($4::text[]) AS s (shop) LEFT JOIN at_work w USING (shop) CROSS JOIN LATERAL (
        SELECT order_id, bulk, due_at FROM rereads
        WHERE rereads.shop = s.shop AND due_at <= $5 AND (claimed_until IS NULL OR claimed_until <= now())
        ORDER BY bulk, due_at LIMIT $2
    ) AS r
), chosen AS (
    SELECT r.shop, r.order_id FROM (
        SELECT shop, order_id FROM ranked WHERE turn <= $2 ORDER BY bulk, turn, due_at
    ) AS k CROSS JOIN LATERAL (
        SELECT shop, order_id FROM rereads
        WHERE rereads.shop = k.shop AND rereads.order_id = k.order_id
          AND (claimed_until IS NULL OR claimed_until <= now())
        FOR UPDATE SKIP LOCKED
    ) AS r LIMIT $1
)
UPDATE rereads SET claimed_until = now() + $3::interval
FROM chosen WHERE rereads.shop = chosen.shop AND rereads.order_id = chosen.order_id
RETURNING rereads.shop, rereads.order_id::text AS order_id, rereads.reason, rereads.bulk, rereads.asked, rereads.tries,
    rereads.traceparent

-- name: renew_rereads
UPDATE rereads SET claimed_until = now() + $3::interval
FROM unnest($1::text[], $2::bigint[]) AS busy (shop, order_id)
WHERE rereads.shop = busy.shop AND rereads.order_id = busy.order_id

-- name: reread_done
DELETE FROM rereads WHERE shop = $1 AND order_id = $2 AND asked = $3

-- name: release_reread
UPDATE rereads SET claimed_until = NULL WHERE shop = $1 AND order_id = $2

-- name: reread_later
UPDATE rereads SET claimed_until = NULL, due_at = $3, tries = tries + 1, refused = $4
WHERE shop = $1 AND order_id = $2

-- name: waiting_rereads
SELECT count(*) AS n, min(due_at) AS oldest FROM rereads WHERE shop = ANY ($1::text[])

-- name: note_audit
INSERT INTO audits (shop, missing, audited_at) VALUES ($1, $2, $3)
ON CONFLICT (shop) DO UPDATE SET missing = excluded.missing, audited_at = excluded.audited_at

-- name: missing_subscriptions
SELECT topic, count(*) AS shops FROM audits, unnest(missing) AS topic WHERE shop = ANY ($1::text[]) GROUP BY topic
