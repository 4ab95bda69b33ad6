-- migrate:up
-- A sweep that has not come to its end: when it began, and from where it goes on. `known_since`: where the first sweep
-- of the shop began; orders before it are not ours to count.
ALTER TABLE watermarks
    ADD COLUMN known_since timestamptz,
    ADD COLUMN began_at timestamptz,
    ADD COLUMN resume_at timestamptz;
UPDATE watermarks SET known_since = swept_at - interval '60 days';

-- Orders that have to be read again. `asked` counts up with every touch: one that comes during the read is not lost.
CREATE TABLE rereads (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    reason text NOT NULL,
    -- Nobody waits for it: after all others.
    bulk boolean NOT NULL,
    asked int NOT NULL DEFAULT 1,
    tries int NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    claimed_until timestamptz,
    traceparent text,
    refused text,
    PRIMARY KEY (shop, order_id)
);
CREATE INDEX rereads_due ON rereads (shop, bulk, due_at);

-- What is done for each shop on schedule, by one process at a time: kind is sweep, count or audit.
CREATE TABLE rounds (
    shop text NOT NULL,
    kind text NOT NULL,
    due_at timestamptz NOT NULL,
    claimed_until timestamptz,
    PRIMARY KEY (shop, kind)
);

-- Webhook topics of which a shop had no subscription when it was last looked at.
CREATE TABLE audits (
    shop text PRIMARY KEY,
    missing text[] NOT NULL,
    audited_at timestamptz NOT NULL
);

-- migrate:down
DROP TABLE audits;
DROP TABLE rounds;
DROP TABLE rereads;
ALTER TABLE watermarks DROP COLUMN known_since, DROP COLUMN began_at, DROP COLUMN resume_at;
