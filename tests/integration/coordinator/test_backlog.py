"""What a dispatcher looks at does not grow with what waits: after a sale there are as many jobs as orders."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from printworks_common.postgres import Pool
from printworks_render.coordinator.store import SQL

from tests.integration.plans import rows_read

WAITING = 5_000
PER_SHOP = 4
MINUTE = timedelta(minutes=1)

ADD_BACKLOG = """
WITH added AS (
    INSERT INTO orders (shop, order_id, version, doc)
    SELECT shop || '.myshopify.com', number, 1, 'null'::jsonb
    FROM unnest(ARRAY['large', 'small'], ARRAY[$2::int - 3, 3]) AS s (shop, orders)
    CROSS JOIN generate_series(1, orders) AS n (number)
    RETURNING shop, order_id
)
INSERT INTO jobs (job_id, shop, order_id, status, step, urgent, queued_at)
SELECT gen_random_uuid(), shop, order_id, 'pending', $1, false, now() - interval '2 days' + order_id * interval '1 s'
FROM added
"""


@pytest.mark.parametrize(
    ("query", "step", "values"),
    [
        ("claim_pinning", "pinning", (8, PER_SHOP, MINUTE)),
        ("choose_releases", "queued", (8, PER_SHOP, True)),
        ("claim_deliveries", "delivering", (8, PER_SHOP, MINUTE)),
    ],
)
async def test_a_dispatcher_looks_at_no_more_jobs_than_it_can_take(
    pool: Pool, query: str, step: str, values: Sequence[Any]
) -> None:
    await pool.execute(ADD_BACKLOG, step, WAITING)
    await pool.execute("ANALYZE jobs")

    assert await rows_read(pool, SQL[query], *values) <= 2 * PER_SHOP
