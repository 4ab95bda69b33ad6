-- migrate:up transaction:false
-- How many are at work is asked for with each claim. Made while rereads are written; one statement, as that needs.
CREATE INDEX CONCURRENTLY IF NOT EXISTS rereads_claimed ON rereads (claimed_until) WHERE claimed_until IS NOT NULL;

-- migrate:down
DROP INDEX rereads_claimed;
