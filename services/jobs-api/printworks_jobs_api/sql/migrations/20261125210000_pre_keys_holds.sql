-- migrate:up
ALTER TABLE api_keys
    -- Who made it: a key, a person, or the operator's command.
    ADD COLUMN created_by text NOT NULL DEFAULT 'operator',
    -- The key that this one takes the place of. A key has one successor at a time.
    ADD COLUMN succeeds text REFERENCES api_keys (key_id);
CREATE INDEX api_keys_by_predecessor ON api_keys (succeeds) WHERE succeeds IS NOT NULL;

-- Who holds files back and why. What others need to know of it (order, last day) is in the catalog.
CREATE TABLE holds (
    shop text NOT NULL,
    hold_id text NOT NULL,
    order_id bigint,
    until date,
    reason text NOT NULL,
    placed_by text NOT NULL,
    placed_at timestamptz NOT NULL,
    lifted_by text,
    lifted_at timestamptz,
    PRIMARY KEY (shop, hold_id)
);
CREATE INDEX holds_of_order ON holds (shop, order_id) WHERE lifted_at IS NULL;

-- migrate:down
DROP TABLE holds;
DROP INDEX api_keys_by_predecessor;
ALTER TABLE api_keys DROP COLUMN succeeds, DROP COLUMN created_by;
