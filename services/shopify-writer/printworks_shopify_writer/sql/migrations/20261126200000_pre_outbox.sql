-- migrate:up
-- What a transaction reports is written with it: printworks_common.outbox.
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
