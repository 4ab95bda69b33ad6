"""What a claim of rereads looks at does not grow with what waits: a shop that comes back has thousands of them."""

from datetime import UTC, datetime, timedelta

from printworks_common.postgres import Pool
from printworks_ingest.rereads import SQL

from tests.integration.plans import rows_read

WAITING = 5_000
PER_SHOP = 4
SHOPS = ["large.myshopify.com", "small.myshopify.com"]

ADD_BACKLOG = """
INSERT INTO rereads (shop, order_id, reason, bulk, due_at)
SELECT shop, number, 'sweep', true, now() - interval '1 day' + number * interval '1 s'
FROM unnest($1::text[], ARRAY[$2::int, 3]) AS s (shop, orders) CROSS JOIN generate_series(1, orders) AS n (number)
"""


async def test_a_claim_looks_at_no_more_rereads_than_it_can_take(pool: Pool) -> None:
    await pool.execute(ADD_BACKLOG, SHOPS, WAITING)
    await pool.execute("ANALYZE rereads")

    read = await rows_read(pool, SQL["claim_rereads"], 8, PER_SHOP, timedelta(minutes=1), SHOPS, datetime.now(UTC))

    assert read <= 2 * PER_SHOP
