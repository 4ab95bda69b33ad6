-- migrate:up
-- One row per order. `doc` is the whole state of order and jobs; it changes only under this row's lock.
CREATE TABLE orders (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    PRIMARY KEY (shop, order_id)
);

-- What the dispatchers look for: one row per job, written together with the order's document.
CREATE TABLE jobs (
    job_id uuid PRIMARY KEY,
    shop text NOT NULL,
    order_id bigint NOT NULL,
    status text NOT NULL,
    step text,
    urgent boolean NOT NULL,
    queued_at timestamptz NOT NULL,
    not_before timestamptz,
    -- Who works on it now. Set without touching the order: a claim is no change of state.
    claimed_until timestamptz,
    FOREIGN KEY (shop, order_id) REFERENCES orders (shop, order_id)
);
CREATE INDEX jobs_waiting ON jobs (step, shop, urgent DESC, queued_at) WHERE step IS NOT NULL;
CREATE INDEX jobs_of_order ON jobs (shop, order_id);

-- Every change of state of a job, in order; the document holds the same for the snapshot.
CREATE TABLE timeline (
    job_id uuid NOT NULL,
    job_version bigint NOT NULL,
    at timestamptz NOT NULL,
    event text NOT NULL,
    detail text,
    artwork_version int,
    actor text,
    PRIMARY KEY (job_id, job_version)
);

-- The shops' catalogs as last read from the compacted topic.
CREATE TABLE catalog (
    shop text NOT NULL,
    kind text NOT NULL,
    entry_id text NOT NULL,
    version bigint NOT NULL,
    deleted boolean NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (shop, kind, entry_id)
);

-- What a transaction publishes, written with it; relayed in order per key.
CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    shard smallint NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    headers jsonb NOT NULL,
    value bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    refused text
);
CREATE INDEX outbox_to_relay ON outbox (shard, id) WHERE refused IS NULL;

-- Commands that were carried out: a repeated record must not begin a second artwork version.
CREATE TABLE inbox (
    source_id text PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_by_age ON inbox (seen_at);

-- migrate:down
DROP TABLE inbox;
DROP TABLE outbox;
DROP TABLE catalog;
DROP TABLE timeline;
DROP TABLE jobs;
DROP TABLE orders;
