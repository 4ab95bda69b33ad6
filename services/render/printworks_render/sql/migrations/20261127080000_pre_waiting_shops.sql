-- migrate:up
-- Shops with jobs in a step, but those that have uninstalled the app. One look into the index per shop: how many jobs
-- wait does not matter.
CREATE FUNCTION waiting_shops(in_step text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE found AS (
        (SELECT shop FROM jobs WHERE step = in_step ORDER BY shop LIMIT 1)
        UNION ALL
        SELECT following.shop FROM found CROSS JOIN LATERAL (
            SELECT shop FROM jobs WHERE step = in_step AND shop > found.shop ORDER BY shop LIMIT 1
        ) AS following
    )
    SELECT shop FROM found WHERE shop NOT IN (SELECT shop FROM stopped_shops)
$$;

-- migrate:down
DROP FUNCTION waiting_shops(text);
