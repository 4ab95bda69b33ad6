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

-- What Shopify asked about a person or a shop. Ids and moments only: it outlives what was erased.
CREATE TABLE privacy_requests (
    shop text NOT NULL,
    request_id text NOT NULL,
    kind text NOT NULL,
    order_ids bigint[] NOT NULL,
    requested_at timestamptz NOT NULL,
    deadline timestamptz NOT NULL,
    -- When the last service had answered.
    done_at timestamptz,
    PRIMARY KEY (shop, kind, request_id)
);
CREATE INDEX privacy_requests_by_age ON privacy_requests (shop, requested_at DESC);
CREATE INDEX privacy_requests_open ON privacy_requests (deadline) WHERE done_at IS NULL;

CREATE TABLE privacy_answers (
    shop text NOT NULL,
    kind text NOT NULL,
    request_id text NOT NULL,
    service text NOT NULL,
    orders int NOT NULL,
    objects bigint NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (shop, kind, request_id, service)
);

-- migrate:down
DROP TABLE privacy_answers;
DROP TABLE privacy_requests;
DROP FUNCTION tombstone;
DROP TABLE erased_shops;
DROP TABLE erased_orders;
