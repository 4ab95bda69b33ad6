"""How long the read model takes to be made anew: orders republished by the coordinator's command, read into a second
set of tables, indexed, swapped in. Beside it: the same snapshots one by one through the projector.

Orders of 200 shops with one print job each, from the coordinator's table through a real topic. Minutes for a million
are extrapolated from the rates: what grows faster than the number of rows (building the indexes) does so by a little.
"""

import argparse
import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import printworks_jobs_api
import printworks_render
from printworks_common.clock import SystemClock
from printworks_common.events.orders import LineItem, OrderReceived, Property
from printworks_common.filelinks import LinkSigner
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import KafkaSettings, PostgresSettings
from printworks_jobs_api.projector import Projector
from printworks_jobs_api.rebuild import Rebuilt, Wanted, rebuild
from printworks_jobs_api.settings import SCHEMA
from printworks_local.stack import StackInfo, StackOptions, start_stack
from printworks_render.coordinator import decisions
from printworks_render.coordinator.model import CatalogTemplate, Order, ShopCatalog
from printworks_render.coordinator.republish import republish
from printworks_render.coordinator.snapshots import Links, order_snapshot
from pydantic import SecretStr

MILLION = 1_000_000
SHOPS = 200
ONE_BY_ONE = 3_000
PARALLEL = 16

LINKS = Links(LinkSigner(keys={"a": b"k" * 32}, current="a"), "https://files.example.com")

_ORDERS = """
INSERT INTO orders (shop, order_id, version, doc)
SELECT shop, i, 1, doc || jsonb_build_object('shop', shop, 'order_id', i::text, 'name', '#' || i, 'version', 1)
       || jsonb_build_object('jobs', jsonb_build_array(doc -> 'jobs' -> 0
                             || jsonb_build_object('job_id', md5('job' || i)::uuid)))
FROM (SELECT i, 'rebuilt-' || i % {shops} || '.myshopify.com' AS shop, $1::jsonb AS doc
      FROM generate_series(1, {orders}) AS i) AS made
"""


def an_order() -> Order:
    """A paid order with one customised line item, as the coordinator takes it in."""
    template = {
        "schema_version": 1, "id": "poster", "name": "Poster", "recipe": "photo",
        "areas": [{
            "id": "front", "canvas": {"width_mm": 100, "height_mm": 150},
            "layers": [{"type": "photo", "slot": "photo", "box": {"x": 0, "y": 0, "width": 100, "height": 150}}],
        }],
        "outputs": [{"role": "print", "format": "pdf"}],
    }  # fmt: skip
    catalog = ShopCatalog(
        templates={"poster": CatalogTemplate(template_id="poster", version=1, body=template)},
        mappings=({"sku": "PW-PHOTO", "template_id": "poster"},),
    )
    picture = Property(name="Photo", value="https://cdn.example.com/1.jpg")
    line = LineItem(
        line_item_id="1", title="Photo print", sku="PW-PHOTO", product_id="900", variant_id="901", quantity=1,
        current_quantity=1, properties=(picture,),
    )  # fmt: skip
    now = datetime(2026, 11, 1, tzinfo=UTC)
    received = OrderReceived(
        shop="rebuilt-0.myshopify.com", order_id="1", name="#1", created_at=now, updated_at=now + timedelta(seconds=1),
        financial_status="paid", customer_name="Jörg Müller", line_items=(line,),
    )  # fmt: skip
    return decisions.take_in(None, received, catalog, now).order


async def filled(info: StackInfo, dsn: str, orders: int) -> Pool:
    """The coordinator's database with so many orders."""
    await migrate(dsn, "render", Path(printworks_render.__file__).parent / "sql" / "migrations")
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(dsn)), schema="render")
    query = _ORDERS.format(shops=SHOPS, orders=orders)
    await pool.execute(query, json.loads(an_order().model_dump_json()), timeout=600)
    await pool.execute("VACUUM ANALYZE orders", timeout=600)
    return pool


def tell(name: str, orders: int, seconds: float, cpu: float) -> None:
    print(
        f"  {name:<36}{orders / seconds:8.0f} orders a second, {cpu / orders * 1e6:6.0f} µs CPU of the command each; "
        f"a million: {MILLION / orders * seconds / 60:.1f} minutes (extrapolated)",
        flush=True,
    )


async def one_by_one(pool: Pool, orders: int) -> None:
    """The projector's way, for comparison."""
    projector, base = Projector(pool, SystemClock()), order_snapshot(an_order(), LINKS, datetime.now(UTC))
    waiting = iter(
        [base.model_copy(update={"order_id": str(10**10 + number), "version": 1}) for number in range(orders)]
    )

    async def lane() -> None:
        for snapshot in waiting:
            await projector.apply(snapshot)

    await asyncio.gather(*(lane() for _ in range(PARALLEL)))


async def run(info: StackInfo, dsn: str, orders: int) -> None:
    kafka = KafkaSettings(kafka_bootstrap=info.kafka_bootstrap)
    await ensure_topics(kafka, GROUPS)
    coordinator = await filled(info, dsn, orders)
    producer = KafkaProducer(kafka)
    await producer.start()
    print(f"{orders:,} orders of {SHOPS} shops, one print job each", flush=True)

    began, cpu = time.perf_counter(), time.process_time()
    since = datetime.now(UTC)
    await republish(coordinator, producer, LINKS, SystemClock(), told=lambda _done: None)
    tell("republish, without its limit", orders, time.perf_counter() - began, time.process_time() - cpu)
    await producer.stop()
    await close_pool(coordinator)

    await migrate(dsn, SCHEMA, Path(printworks_jobs_api.__file__).parent / "sql" / "migrations")
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(dsn)), schema=SCHEMA)
    steps: dict[str, float] = {}

    def told(step: str, _done: Rebuilt) -> None:
        steps[step] = time.perf_counter()

    for name in ("rebuild from nothing", "rebuild beside what is there"):
        began, cpu = time.perf_counter(), time.process_time()
        done = await rebuild(pool, kafka, Wanted(since=since, orders=orders), told=told)
        seconds = time.perf_counter() - began
        tell(name, done.orders, seconds, time.process_time() - cpu)
        filling = steps["indexes"] - began
        print(f"    filled in {filling:.1f} s, indexed and swapped in {seconds - filling:.1f} s")

    few = min(orders, ONE_BY_ONE)
    began, cpu = time.perf_counter(), time.process_time()
    await one_by_one(pool, few)
    tell("one by one, as the projector", few, time.perf_counter() - began, time.process_time() - cpu)
    await close_pool(pool)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=50_000)
    chosen = parser.parse_args()
    async with start_stack(StackOptions(label="bench-rebuild")) as stack:
        await run(stack.info, await stack.create_database("bench_rebuild"), chosen.orders)


if __name__ == "__main__":
    asyncio.run(main())
