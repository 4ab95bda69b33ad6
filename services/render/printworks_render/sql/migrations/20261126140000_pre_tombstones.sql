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

-- migrate:down
DROP FUNCTION tombstone;
DROP TABLE erased_shops;
DROP TABLE erased_orders;
