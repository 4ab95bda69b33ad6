-- migrate:up
-- What a count compares, beside the document that it stands in. Generated, so that old and new code write alike.
CREATE FUNCTION moment(given text) RETURNS timestamptz IMMUTABLE RETURN given::timestamptz;
ALTER TABLE orders
    ADD COLUMN created_at timestamptz GENERATED ALWAYS AS (moment(doc ->> 'created_at')) STORED,
    ADD COLUMN financial_status text GENERATED ALWAYS AS (doc ->> 'financial_status') STORED,
    ADD COLUMN cancelled boolean GENERATED ALWAYS AS (doc ->> 'cancelled_at' IS NOT NULL) STORED,
    ADD COLUMN customised boolean GENERATED ALWAYS AS (doc -> 'jobs' -> 0 IS NOT NULL) STORED,
    ADD COLUMN closed boolean GENERATED ALWAYS AS (doc ->> 'purged_at' IS NOT NULL) STORED;
CREATE INDEX orders_by_creation ON orders (shop, created_at);

-- Counts whose pages are not all here yet.
CREATE TABLE count_pages (
    run_id uuid NOT NULL,
    page int NOT NULL,
    last_page boolean NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (run_id, page)
);
CREATE INDEX count_pages_by_age ON count_pages (received_at);

-- `cancelled` is null where the producer of the count said nothing but the id.
CREATE TABLE counted_orders (
    run_id uuid NOT NULL,
    order_id bigint NOT NULL,
    financial_status text,
    cancelled boolean,
    PRIMARY KEY (run_id, order_id)
);

-- migrate:down
DROP TABLE counted_orders;
DROP TABLE count_pages;
DROP INDEX orders_by_creation;
ALTER TABLE orders
    DROP COLUMN created_at, DROP COLUMN financial_status, DROP COLUMN cancelled, DROP COLUMN customised,
    DROP COLUMN closed;
DROP FUNCTION moment;
