-- migrate:up
-- What was erased on request: printworks_common.tombstones.
CREATE TABLE erased_orders (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (shop, order_id)
);
CREATE TABLE erased_shops (
    shop text PRIMARY KEY,
    until timestamptz NOT NULL
);
CREATE FUNCTION tombstone(wanted_shop text, wanted_order bigint, created timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/' || wanted_shop, 7211));
    IF EXISTS (SELECT FROM erased_shops WHERE shop = wanted_shop AND until >= created) THEN
        RETURN 'shop';
    END IF;
    IF EXISTS (SELECT FROM erased_orders WHERE shop = wanted_shop AND order_id = wanted_order) THEN
        RETURN 'order';
    END IF;
    RETURN NULL;
END
$$;

-- Links are taken off on Shopify, attributes with them: nothing of the customer's artwork is to be on it.
ALTER TABLE orders ADD COLUMN erased boolean NOT NULL DEFAULT false;

-- Requests whose orders are not all written yet.
CREATE TABLE erasures (
    shop text NOT NULL,
    request_id text NOT NULL,
    order_ids bigint[] NOT NULL,
    -- Of how many of them something was held.
    orders int NOT NULL,
    PRIMARY KEY (shop, request_id)
);

-- migrate:down
DROP TABLE erasures;
ALTER TABLE orders DROP COLUMN erased;
DROP FUNCTION tombstone;
DROP TABLE erased_shops;
DROP TABLE erased_orders;
