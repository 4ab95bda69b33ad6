-- migrate:up
-- How many print jobs of all shops have which status and reason is read from this index alone.
CREATE INDEX jobs_by_state ON jobs (status, reason_code);

-- migrate:down
DROP INDEX jobs_by_state;
