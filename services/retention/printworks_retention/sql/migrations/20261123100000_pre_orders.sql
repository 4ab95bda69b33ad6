-- migrate:up
-- What has to go when: a row per order, from the print-jobs snapshots.
CREATE TABLE orders (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    version bigint NOT NULL,
    order_date date NOT NULL,
    retention_date date,
    purging_at timestamptz,
    purged_at timestamptz,
    PRIMARY KEY (shop, order_id)
);
CREATE INDEX orders_due ON orders (retention_date) WHERE purged_at IS NULL AND retention_date IS NOT NULL;

-- migrate:down
DROP TABLE orders;
