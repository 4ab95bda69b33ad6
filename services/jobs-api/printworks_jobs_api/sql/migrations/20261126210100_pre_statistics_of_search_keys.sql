-- migrate:up
-- How common a fragment of a name is decides between reading by date and reading by trigrams, which differ tenfold. It is
-- told from a sample of keys; the usual hundred do not show what one row in sixty has.
ALTER TABLE orders ALTER COLUMN search_key SET STATISTICS 500;
ALTER TABLE jobs ALTER COLUMN search_key SET STATISTICS 500;

-- migrate:down
ALTER TABLE orders ALTER COLUMN search_key SET STATISTICS DEFAULT;
ALTER TABLE jobs ALTER COLUMN search_key SET STATISTICS DEFAULT;
