"""How long a purge of 10,000 expired objects takes among few and among many live ones, beside other ways to delete.

    bare loop    the same objects of another prefix by batch deletes of 1,000 keys whose names are known
    scan by age  every object of the bucket is listed and its age looked at, as `mc rm --older-than` does

Small objects, on the local store, all in one run. `--live` gives the numbers of live objects.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import printworks_retention
from minio import Minio
from printworks_common.clock import SystemClock
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.migrations import migrate
from printworks_common.postgres import close_pool, open_pool
from printworks_common.settings import KafkaSettings, PostgresSettings, StorageSettings
from printworks_common.storage import ObjectStore
from printworks_local.stack import StackInfo, StackOptions, start_stack
from printworks_retention.brakes import Cap
from printworks_retention.calendar import order_prefix
from printworks_retention.ledger import Ledger
from printworks_retention.purge import Purge, PurgeOptions
from pydantic import SecretStr

EXPIRED = 10_000
PER_ORDER = 10
SHOPS = 20
CONTENT = b"a small object"
TODAY = datetime.now(UTC).date()
WRITERS = 32


def orders_of(count: int, day: date, days: int, first: int) -> list[tuple[str, int, date]]:
    """Shop, order and order date of `count` orders, spread over `days` days from `day` on."""
    return [
        (f"shop-{number % SHOPS}.myshopify.com", first + number, day + timedelta(days=number % days))
        for number in range(count)
    ]


def keys_of(orders: Iterable[tuple[str, int, date]]) -> list[str]:
    return [
        f"{order_prefix(day, shop, str(order))}job/1/{index}-print.pdf"
        for shop, order, day in orders
        for index in range(PER_ORDER)
    ]


def put_all(client: Minio, bucket: str, keys: list[str]) -> float:
    """Write a small object under each key. Returns the seconds it took."""
    began = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda key: client._put_object(bucket, key, CONTENT, {}), keys, chunksize=100))
    return time.perf_counter() - began


async def keep(ledger: Ledger, shop: str, order: int, day: date) -> None:
    at = datetime.combine(day, datetime.min.time(), UTC)
    event = OrderSnapshot(
        shop=shop, order_id=str(order), order_gid=f"gid://shopify/Order/{order}", order_name=f"#{order}", version=1,
        created_at=at, order_date=day, first_paid_at=at, retention_date=day + timedelta(days=90), occurred_at=at,
    )  # fmt: skip
    await ledger.keep(
        Record(
            topic=event.topic, partition=0, offset=0, timestamp=0, key=event.key(),
            value=event.model_dump_json().encode(),
            headers={"ce_type": event.type_name, "ce_id": "1", "content-type": "application/json"},
        )
    )  # fmt: skip


async def measured(name: str, objects: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    result = work()
    if asyncio.iscoroutine(result):
        await result
    seconds = time.perf_counter() - began
    print(f"  {name:<44} {seconds:8.2f} s {objects / seconds:10.0f} objects/s", flush=True)
    return seconds


async def delete_older(store: ObjectStore, bound: datetime) -> int:
    """As a tool does that knows nothing but each object's age. Nothing is old enough here: it only looks."""
    seen = 0
    async for one in store.list("orders/"):
        seen += one.modified is not None and one.modified < bound
    return seen


async def run(info: StackInfo, dsn: str, lives: list[int]) -> None:
    await migrate(dsn, "retention", Path(printworks_retention.__file__).parent / "sql" / "migrations")
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(dsn)), schema="retention")
    kafka = KafkaSettings(kafka_bootstrap=info.kafka_bootstrap)
    await ensure_topics(kafka, GROUPS)
    producer = KafkaProducer(kafka)
    await producer.start()
    storage = StorageSettings(
        s3_endpoint=info.s3_endpoint, s3_access_key=info.s3_access_key, s3_secret_key=SecretStr(info.s3_secret_key),
        bucket=info.bucket,
    )  # fmt: skip
    store = ObjectStore(storage)
    await store.open()
    client = Minio(info.s3_endpoint.removeprefix("http://"), info.s3_access_key, info.s3_secret_key, secure=False)
    ledger = Ledger(pool)

    async def clocks() -> list[datetime]:
        return [await pool.fetchval("SELECT now()")]

    purge = Purge(
        pool, objects=store, events=producer, clock=SystemClock(), clocks=clocks, parallel=4,
        options=PurgeOptions(cap=Cap(1_000_000, 1.0), pause_seconds=0, by="bench"),
    )  # fmt: skip
    times: list[float] = []
    live = next_order = 0
    for target in lives:
        young = orders_of((target - live) // PER_ORDER, TODAY - timedelta(days=80), 80, 1_000_000 + next_order)
        old = orders_of(EXPIRED // PER_ORDER, TODAY - timedelta(days=91), 1, 9_000_000 + next_order)
        next_order += len(young) + len(old)
        seconds = put_all(client, info.bucket, keys_of(young) + keys_of(old))
        for start in range(0, len(young + old), 500):
            await asyncio.gather(*(keep(ledger, *one) for one in (young + old)[start : start + 500]))
        live = target
        print(f"\n{EXPIRED} expired among {live} live objects (written in {seconds:.0f} s)")
        plain = [f"plain/{key}" for key in keys_of(old)]
        put_all(client, info.bucket, plain)
        bare = await measured("bare loop of batch deletes", EXPIRED, lambda keys=plain: store.delete_batch(keys))
        taken = await measured("purge", EXPIRED, lambda: purge.run(asyncio.Event()))
        left = [one async for one in store.list(f"orders/{TODAY - timedelta(days=91)}/")]
        if left:
            raise SystemExit(f"{len(left)} expired objects are left")
        scan = await measured(
            f"scan of all {live} objects by age", EXPIRED, lambda: delete_older(store, datetime(2000, 1, 1, tzinfo=UTC))
        )
        print(f"  purge's rate is {bare / taken:.2f} of the bare loop's (aim: 0.8)")
        print(f"  the scan alone, without deleting, takes {scan / taken:.1f} times the purge")
        times.append(taken)
    for target, taken in zip(lives[1:], times[1:], strict=True):
        print(f"\nwith {target} live objects: {taken / times[0]:.2f} times the time with {lives[0]} (aim: 1.15)")
    await store.close()
    await producer.stop()
    await close_pool(pool)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", type=int, nargs="+", default=[10_000, 100_000], metavar="N")
    lives = parser.parse_args().live
    async with start_stack(StackOptions(label="bench-retention")) as stack:
        await run(stack.info, await stack.create_database("bench_retention"), lives)


if __name__ == "__main__":
    asyncio.run(main())
