-- migrate:up
-- The answer to the newest count of each shop: what Shopify has, what we hold, and the differences.
CREATE TABLE reconciliations (
    shop text PRIMARY KEY,
    run_id uuid NOT NULL,
    window_from timestamptz NOT NULL,
    window_to timestamptz NOT NULL,
    shopify_has int NOT NULL,
    we_hold int NOT NULL,
    customised int NOT NULL,
    missing int NOT NULL,
    different int NOT NULL,
    gone int NOT NULL,
    -- [{"order_id", "kind"}], at most 1,000 of each kind.
    differences jsonb NOT NULL,
    compared_at timestamptz NOT NULL
);

-- migrate:down
DROP TABLE reconciliations;
