-- migrate:up
CREATE TABLE api_keys (
    key_id text PRIMARY KEY,
    shop text NOT NULL,
    name text NOT NULL,
    secret_sha256 bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_keys_of_shop ON api_keys (shop);

-- What was asked of the coordinator, and of which version of the job: until a newer version comes, it is under way.
CREATE TABLE commands (
    command_id uuid PRIMARY KEY,
    shop text NOT NULL,
    order_id bigint NOT NULL,
    job_id uuid NOT NULL,
    job_version bigint NOT NULL,
    kind text NOT NULL,
    issued_by text NOT NULL,
    issued_at timestamptz NOT NULL
);
CREATE INDEX commands_of_job ON commands (shop, job_id, issued_at DESC);

CREATE TABLE idempotency (
    shop text NOT NULL,
    idempotency_key text NOT NULL,
    fingerprint bytea NOT NULL,
    status int,
    body jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (shop, idempotency_key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE catalog (
    shop text NOT NULL,
    kind text NOT NULL,
    entry_id text NOT NULL,
    version bigint NOT NULL,
    deleted boolean NOT NULL,
    body jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (shop, kind, entry_id)
);

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

-- migrate:down
DROP TABLE outbox;
DROP TABLE catalog;
DROP TABLE idempotency;
DROP TABLE commands;
DROP TABLE api_keys;
