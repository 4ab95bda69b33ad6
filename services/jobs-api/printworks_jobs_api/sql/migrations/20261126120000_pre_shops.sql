-- migrate:up
-- What is known of a shop as a whole. A row is made when the first thing is known.
CREATE TABLE shops (
    shop text PRIMARY KEY,
    -- IANA name, as Shopify has it. Unknown: UTC is taken.
    time_zone text,
    profile_version bigint NOT NULL DEFAULT 0,
    last_webhook_at timestamptz
);

-- migrate:down
DROP TABLE shops;
