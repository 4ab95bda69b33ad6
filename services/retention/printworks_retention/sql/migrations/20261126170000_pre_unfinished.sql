-- migrate:up
-- Whether files of the order are still to be made or delivered. Known anew with the next snapshot of each order.
ALTER TABLE orders ADD COLUMN unfinished boolean NOT NULL DEFAULT false;
CREATE INDEX orders_unfinished ON orders (retention_date) WHERE unfinished AND purged_at IS NULL;

-- migrate:down
DROP INDEX orders_unfinished;
ALTER TABLE orders DROP COLUMN unfinished;
