-- migrate:up
-- What is to be on an order on Shopify, and what the writer has said about it. Beside the orders, because a rebuild makes
-- those anew from a topic that does not have it.
CREATE TABLE shopify_writes (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    -- Artwork status of the newest snapshot, and since when.
    wanted text,
    wanted_since timestamptz NOT NULL,
    -- The newest report: `version` and `artwork_status` are those of the snapshot that it tells of.
    version bigint NOT NULL DEFAULT 0,
    artwork_status text,
    outcome text,
    reason text,
    reported_at timestamptz,
    waiting boolean NOT NULL GENERATED ALWAYS AS (
        coalesce(outcome <> 'order_gone' AND (outcome = 'waiting' OR artwork_status IS DISTINCT FROM wanted),
                 wanted IS NOT NULL)
    ) STORED,
    PRIMARY KEY (shop, order_id)
);
CREATE INDEX shopify_writes_waiting ON shopify_writes (shop, wanted_since) WHERE waiting;
SELECT keep_to_the_shop('shopify_writes');
GRANT SELECT ON shopify_writes TO jobs_api_requests;

-- Orders of before: the writer has told of none of them, and will not.
INSERT INTO shopify_writes (shop, order_id, wanted, wanted_since, artwork_status, outcome)
SELECT shop, order_id, artwork_status, occurred_at, artwork_status, 'written' FROM orders;

-- migrate:down
DROP TABLE shopify_writes;
