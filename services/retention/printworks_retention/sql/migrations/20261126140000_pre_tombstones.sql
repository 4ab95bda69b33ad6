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

-- Requests to erase. `closed`: the coordinator has closed the orders, so that nothing is rendered for them any more.
CREATE TABLE erasure_requests (
    shop text NOT NULL,
    kind text NOT NULL,
    request_id text NOT NULL,
    order_ids bigint[] NOT NULL,
    requested_at timestamptz NOT NULL,
    closed boolean NOT NULL DEFAULT false,
    orders int NOT NULL DEFAULT 0,
    objects bigint NOT NULL DEFAULT 0,
    answered_at timestamptz,
    PRIMARY KEY (shop, kind, request_id)
);
CREATE INDEX erasure_requests_open ON erasure_requests (requested_at) WHERE answered_at IS NULL;

-- What has to go from the bucket for them. order_id 0: everything of the shop. `again_at`: when it is looked at once
-- more, for what was being rendered meanwhile; null after that.
CREATE TABLE erasures (
    shop text NOT NULL,
    kind text NOT NULL,
    request_id text NOT NULL,
    order_id bigint NOT NULL,
    order_date date NOT NULL,
    done_at timestamptz,
    again_at timestamptz,
    PRIMARY KEY (shop, kind, request_id, order_id),
    FOREIGN KEY (shop, kind, request_id) REFERENCES erasure_requests (shop, kind, request_id)
);
CREATE INDEX erasures_to_do ON erasures (again_at) WHERE done_at IS NULL OR again_at IS NOT NULL;

-- migrate:down
DROP TABLE erasures;
DROP TABLE erasure_requests;
DROP FUNCTION tombstone;
DROP TABLE erased_shops;
DROP TABLE erased_orders;
