"""What has had its day goes from the hosted bucket, and nothing else does."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import printworks_retention
import pytest
from aiokafka import AIOKafkaConsumer
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.postgres import Pool, close_pool, migrate, open_pool
from printworks_common.settings import KafkaSettings, PostgresSettings, StorageSettings
from printworks_common.storage import ObjectStore
from printworks_local.stack import Stack
from printworks_retention.calendar import order_prefix
from printworks_retention.ledger import Ledger
from printworks_retention.purge import Purge
from pydantic import SecretStr

SHOP = "purge.myshopify.com"
TODAY = datetime.now(UTC).date()


class Clock:
    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass
class Bench:
    purge: Purge
    ledger: Ledger
    objects: ObjectStore
    pool: Pool
    clock: Clock
    settings: KafkaSettings

    async def order(self, number: int, retention_date: date | None, *, version: int = 1, files: int = 3) -> str:
        """An order with files whose day is `retention_date`. Returns its prefix."""
        order_date = (retention_date or TODAY) - timedelta(days=90)
        snapshot = OrderSnapshot(
            shop=SHOP,
            order_id=str(number),
            order_gid=f"gid://shopify/Order/{number}",
            order_name=f"#{number}",
            version=version,
            created_at=datetime.combine(order_date, datetime.min.time(), UTC),
            order_date=order_date,
            retention_date=retention_date,
            occurred_at=datetime.now(UTC),
        )
        await self.ledger.keep(
            Record(
                topic=snapshot.topic, partition=0, offset=0, timestamp=0, key=snapshot.key(),
                value=snapshot.model_dump_json().encode(),
                headers={"ce_type": snapshot.type_name, "ce_id": "1", "content-type": "application/json"},
            )
        )  # fmt: skip
        prefix = order_prefix(order_date, SHOP, str(number))
        for index in range(files):
            await self.objects.put_bytes(f"{prefix}job/{index}", b"picture", "image/jpeg")
        return prefix

    async def left(self, prefix: str) -> int:
        return len([one async for one in self.objects.list_versions(prefix)])

    async def run(self) -> tuple[int, int, str | None]:
        report = await self.purge.run(asyncio.Event())
        return report.orders, report.objects, report.refused

    async def events(self, number: int) -> list[dict[str, object]]:
        consumer = AIOKafkaConsumer(
            "printworks.retention.v1", bootstrap_servers=self.settings.kafka_bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            found: list[dict[str, object]] = []
            while batch := await consumer.getmany(timeout_ms=1500):
                found += [json.loads(one.value or b"{}") for records in batch.values() for one in records]
            return [one for one in found if one["order_id"] == str(number)]
        finally:
            await consumer.stop()


@pytest.fixture
async def bench(database: str, bucket: str, stack: Stack) -> AsyncIterator[Bench]:
    await migrate(database, "retention", Path(printworks_retention.__file__).parent / "sql" / "migrations")
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(database)), schema="retention")
    kafka = KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap)
    await ensure_topics(kafka, GROUPS)
    producer = KafkaProducer(kafka)
    await producer.start()
    objects = ObjectStore(
        StorageSettings(
            s3_endpoint=stack.info.s3_endpoint,
            s3_access_key=stack.info.s3_access_key,
            s3_secret_key=SecretStr(stack.info.s3_secret_key),
            bucket=bucket,
        )
    )
    clock = Clock()
    purge = Purge(pool, objects=objects, producer=producer, clock=clock, parallel=4, enabled=True)
    yield Bench(purge, Ledger(pool), objects, pool, clock, kafka)
    await objects.close()
    await producer.stop()
    await close_pool(pool)


YESTERDAY = TODAY - timedelta(days=1)


async def test_an_order_goes_the_day_after_its_date_and_not_on_it(bench: Bench) -> None:
    due = await bench.order(1, YESTERDAY)
    today = await bench.order(2, TODAY)
    unpaid = await bench.order(3, None)
    assert await bench.run() == (1, 3, None)
    assert [await bench.left(prefix) for prefix in (due, today, unpaid)] == [0, 3, 3]


async def test_an_order_whose_number_begins_alike_is_not_touched(bench: Bench) -> None:
    await bench.order(12, YESTERDAY)
    other = await bench.order(123, TODAY)
    await bench.run()
    assert await bench.left(other) == 3


async def test_the_purge_is_told_once_and_a_second_run_is_harmless(bench: Bench) -> None:
    await bench.order(4001, YESTERDAY)
    assert await bench.run() == (1, 3, None)
    assert await bench.run() == (0, 0, None)
    [event] = await bench.events(4001)
    assert (event["objects"], event["retention_date"]) == (3, YESTERDAY.isoformat())


async def test_two_runs_at_once_are_harmless(bench: Bench) -> None:
    prefixes = [await bench.order(number, YESTERDAY) for number in range(1, 9)]
    await asyncio.gather(bench.run(), bench.run())
    assert sum([await bench.left(prefix) for prefix in prefixes]) == 0


async def test_a_run_that_was_cut_off_is_finished_by_the_next(bench: Bench) -> None:
    prefixes = [await bench.order(number, YESTERDAY) for number in range(1, 13)]
    cut = asyncio.create_task(bench.run())
    await asyncio.sleep(0.1)
    cut.cancel()
    await asyncio.wait({cut})
    await bench.run()
    assert sum([await bench.left(prefix) for prefix in prefixes]) == 0
    assert await bench.pool.fetchval("SELECT count(*) FROM orders WHERE purged_at IS NULL") == 0


async def test_a_later_payment_moves_the_day(bench: Bench) -> None:
    prefix = await bench.order(1, YESTERDAY)
    await bench.order(1, TODAY + timedelta(days=30), version=2, files=0)
    assert await bench.run() == (0, 0, None)
    assert await bench.left(prefix) == 3


async def test_an_older_snapshot_does_not_bring_the_day_forward(bench: Bench) -> None:
    prefix = await bench.order(1, TODAY + timedelta(days=30), version=5)
    await bench.order(1, YESTERDAY, version=4, files=0)
    assert await bench.run() == (0, 0, None)
    assert await bench.left(prefix) == 3


async def test_a_clock_that_disagrees_with_the_database_deletes_nothing(bench: Bench) -> None:
    prefix = await bench.order(1, TODAY)
    bench.clock.offset = timedelta(days=100)
    assert await bench.run() == (0, 0, "clock")
    assert await bench.left(prefix) == 3


async def test_the_kill_switch_deletes_nothing(bench: Bench) -> None:
    await bench.order(1, YESTERDAY)
    off = Purge(
        bench.pool,
        objects=bench.objects,
        producer=KafkaProducer(bench.settings),
        clock=bench.clock,
        parallel=1,
        enabled=False,
    )
    report = await off.run(asyncio.Event())
    assert (report.orders, report.refused) == (0, "switched_off")
