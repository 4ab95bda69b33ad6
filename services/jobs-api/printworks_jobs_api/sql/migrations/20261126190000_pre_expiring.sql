-- migrate:up
-- Which orders' files are cleared next: the lists tell of them beforehand.
CREATE INDEX orders_by_retention_date ON orders (shop, retention_date);

-- migrate:down
DROP INDEX orders_by_retention_date;
