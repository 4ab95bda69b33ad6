-- migrate:up transaction:false
-- How many are at work is asked for with each claim. Made while jobs are written; one statement, as that needs.
CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_claimed ON jobs (step, claimed_until) WHERE claimed_until IS NOT NULL;

-- migrate:down
DROP INDEX jobs_claimed;
