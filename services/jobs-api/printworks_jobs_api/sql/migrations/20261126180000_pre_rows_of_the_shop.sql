-- migrate:up
-- Requests work as a role that owns nothing and sees the rows of one shop: the one that their credential names.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'jobs_api_requests') THEN
        BEGIN
            CREATE ROLE jobs_api_requests NOLOGIN;
        EXCEPTION
            -- Another database of the same server is migrated at this moment.
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'The role jobs_api_requests is missing. An administrator makes it: '
                    'CREATE ROLE jobs_api_requests NOLOGIN; GRANT jobs_api_requests TO %;', quote_ident(current_user);
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'jobs_api_requests', 'MEMBER') THEN
        RAISE EXCEPTION 'This role may not become jobs_api_requests. An administrator says: '
            'GRANT jobs_api_requests TO %;', quote_ident(current_user);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO jobs_api_requests', current_schema());
END
$$;

-- For each table with a column `shop`, also for those of later migrations. No shop is set: no row is seen or written.
CREATE FUNCTION keep_to_the_shop(guarded regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format(
        'CREATE POLICY of_the_shop ON %s TO jobs_api_requests USING (shop = current_setting(''printworks.shop'', true))',
        guarded
    );
END
$$;
SELECT keep_to_the_shop(c.oid) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'shop'
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped;

GRANT SELECT
    ON orders, jobs, files, changes, change_counters, reconciliations, shops, privacy_requests, privacy_answers
    TO jobs_api_requests;
-- A command locks the row of its print job, which takes this right.
GRANT UPDATE ON jobs TO jobs_api_requests;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON api_keys, commands, idempotency, catalog, holds, exports, export_parts, export_lines, bulk_actions
    TO jobs_api_requests;
-- Records of all shops wait here: they are added, and never read.
GRANT INSERT, SELECT (shard) ON outbox TO jobs_api_requests;
GRANT USAGE ON SEQUENCE outbox_id_seq TO jobs_api_requests;

-- Where a policy stands, LIKE is no condition of an index, because it is not leakproof. These have their owner's rights
-- and the shop in themselves, so that search finds by trigrams and nothing else is found.
CREATE VIEW searched_jobs AS SELECT * FROM jobs WHERE shop = current_setting('printworks.shop', true);
CREATE VIEW searched_orders AS SELECT * FROM orders WHERE shop = current_setting('printworks.shop', true);
GRANT SELECT ON searched_jobs, searched_orders TO jobs_api_requests;

-- migrate:down
DROP VIEW searched_jobs, searched_orders;
DO $$
DECLARE
    guarded record;
BEGIN
    FOR guarded IN SELECT tablename FROM pg_policies WHERE schemaname = current_schema() AND policyname = 'of_the_shop'
    LOOP
        EXECUTE format('DROP POLICY of_the_shop ON %I', guarded.tablename);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', guarded.tablename);
    END LOOP;
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM jobs_api_requests', current_schema());
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM jobs_api_requests', current_schema());
    EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM jobs_api_requests', current_schema());
END
$$;
DROP FUNCTION keep_to_the_shop;
