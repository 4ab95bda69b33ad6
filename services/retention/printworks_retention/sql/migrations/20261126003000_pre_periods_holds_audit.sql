-- migrate:up
-- first_paid_on: with the order date what a shop's period counts from. noticed: days of the last notice (14, then 3).
ALTER TABLE orders ADD COLUMN first_paid_on date, ADD COLUMN noticed smallint;
CREATE INDEX orders_purging ON orders (shop, order_id) WHERE purging_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX orders_purged ON orders (purged_at) WHERE purged_at IS NOT NULL;
CREATE INDEX orders_of_a_day ON orders (order_date, shop);

-- A shop's own period in days; null: it has none any more.
CREATE TABLE periods (
    shop text PRIMARY KEY,
    version bigint NOT NULL,
    days int
);

-- order_id null: all orders of the shop. until null: until it is lifted.
CREATE TABLE holds (
    shop text NOT NULL,
    hold_id text NOT NULL,
    version bigint NOT NULL,
    order_id bigint,
    until date,
    lifted boolean NOT NULL,
    PRIMARY KEY (shop, hold_id)
);
CREATE INDEX holds_of_an_order ON holds (shop, order_id) WHERE NOT lifted;

-- What is being deleted, written before the first deletion: a run that was killed is accounted for in full.
-- version_id is empty where the store keeps no versions.
CREATE TABLE purging_objects (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    key text NOT NULL,
    version_id text NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (shop, order_id, key, version_id)
);

-- What was done and why, for ever: each record holds the hash of the one before. No personal data.
CREATE TABLE audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    previous_hash text NOT NULL,
    hash text NOT NULL,
    body text NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL
);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- migrate:down
DROP TABLE audit;
DROP FUNCTION audit_is_append_only;
DROP TABLE purging_objects;
DROP TABLE holds;
DROP TABLE periods;
DROP INDEX orders_purging, orders_purged, orders_of_a_day;
ALTER TABLE orders DROP COLUMN first_paid_on, DROP COLUMN noticed;
