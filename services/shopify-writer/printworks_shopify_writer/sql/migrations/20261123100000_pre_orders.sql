-- migrate:up
-- The newest snapshot of each order, and how far Shopify has it.
CREATE TABLE orders (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    version bigint NOT NULL,
    status text,
    files jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    written_version bigint NOT NULL DEFAULT 0,
    -- What Shopify had when we last looked: digests for compare-and-set, our tags. Null: never written.
    seen jsonb,
    tries int NOT NULL DEFAULT 0,
    not_before timestamptz,
    claimed_until timestamptz,
    error_code text,
    -- So that the write belongs to the order's trace.
    traceparent text,
    PRIMARY KEY (shop, order_id)
);
CREATE INDEX orders_to_write ON orders (shop, (status = 'pending'), received_at) WHERE written_version < version;

-- migrate:down
DROP TABLE orders;
