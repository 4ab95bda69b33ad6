-- migrate:up
ALTER TABLE orders
    -- Of everything that somebody sees on Shopify: a snapshot with the same content needs no write.
    ADD COLUMN content_hash text,
    -- The list of the files behind one link, where a metafield cannot hold them all.
    ADD COLUMN files_url text,
    -- What the order attributes are made of. Holds texts, so it is dropped once they are written.
    ADD COLUMN lines jsonb,
    ADD COLUMN attributes_hash text,
    -- Why Shopify did not take the attributes with this hash. They are not sent again.
    ADD COLUMN attributes_error text,
    -- 0: failed, ready or nothing left; 1: pending; 2: repairs.
    ADD COLUMN priority smallint NOT NULL DEFAULT 0,
    -- What we remember of the order may be wrong: look at it before writing.
    ADD COLUMN look boolean NOT NULL DEFAULT false,
    -- Since when it cannot be written.
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN gone boolean NOT NULL DEFAULT false,
    -- Whether we hold the order's fulfilment back. Null: never looked.
    ADD COLUMN held boolean,
    ADD COLUMN written_at timestamptz,
    ADD COLUMN checked_at timestamptz;
DROP INDEX orders_to_write;
CREATE INDEX orders_to_write ON orders (shop, priority, received_at) WHERE written_version < version;
CREATE INDEX orders_failing ON orders (shop, error_code) WHERE error_code IS NOT NULL;
CREATE INDEX orders_to_check ON orders (shop, checked_at) WHERE written_at IS NOT NULL AND NOT gone;

CREATE TABLE shops (
    shop text PRIMARY KEY,
    -- When the definitions of our metafields were last seen to be there, and what is not as it should be.
    definitions_at timestamptz,
    definitions_error text,
    -- The shop itself refuses us, whatever the order.
    error_code text,
    failing_since timestamptz
);

-- migrate:down
DROP TABLE shops;
DROP INDEX orders_to_check;
DROP INDEX orders_failing;
DROP INDEX orders_to_write;
ALTER TABLE orders
    DROP COLUMN content_hash, DROP COLUMN files_url, DROP COLUMN lines, DROP COLUMN attributes_hash,
    DROP COLUMN attributes_error, DROP COLUMN priority, DROP COLUMN look, DROP COLUMN failing_since, DROP COLUMN gone,
    DROP COLUMN held, DROP COLUMN written_at, DROP COLUMN checked_at;
CREATE INDEX orders_to_write ON orders (shop, (status = 'pending'), received_at) WHERE written_version < version;
