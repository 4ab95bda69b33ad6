-- migrate:up
ALTER TABLE orders
    -- The fulfilment orders that we held back since the order was last free; what a person released meanwhile stays so.
    ADD COLUMN held text[] NOT NULL DEFAULT '{}',
    -- Why Shopify did not let us hold, or let go.
    ADD COLUMN hold_error text;

-- migrate:down
ALTER TABLE orders DROP COLUMN held, DROP COLUMN hold_error;
