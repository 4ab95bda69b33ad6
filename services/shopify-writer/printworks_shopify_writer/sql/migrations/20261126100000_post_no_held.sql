-- migrate:up
ALTER TABLE orders DROP COLUMN held;

-- migrate:down
ALTER TABLE orders ADD COLUMN held boolean;
