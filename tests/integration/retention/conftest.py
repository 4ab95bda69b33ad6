"""A ledger on a real PostgreSQL, files in a real bucket, events on a real Kafka."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import printworks_retention
import pytest
from aiokafka import AIOKafkaConsumer
from printworks_common.catalog import ONLY
from printworks_common.clock import utc_date
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import KafkaSettings, PostgresSettings, StorageSettings
from printworks_common.storage import ObjectStore
from printworks_local.stack import Stack
from printworks_retention.audit import Entry, read
from printworks_retention.brakes import Cap
from printworks_retention.calendar import order_prefix
from printworks_retention.clearing import Objects
from printworks_retention.erasure import Erasures
from printworks_retention.ledger import Ledger
from printworks_retention.purge import Events, Purge, PurgeOptions, RunReport
from pydantic import SecretStr

from tests.records import record_of

SHOP = "purge.myshopify.com"
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)

NO_CAP = Cap(floor=1_000_000, share=1.0)


class MovedClock:
    """The real one, and how far a test has moved it."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


def snapshot(
    order_id: int, retention_date: date | None, *, order_date: date, version: int = 1, shop: str = SHOP,
    first_paid_on: date | None = None, artwork_status: str = "ready",
) -> OrderSnapshot:  # fmt: skip
    paid = first_paid_on or order_date
    return OrderSnapshot(
        shop=shop,
        order_id=str(order_id),
        order_gid=f"gid://shopify/Order/{order_id}",
        order_name=f"#{order_id}",
        artwork_status=artwork_status,
        version=version,
        created_at=datetime.combine(order_date, datetime.min.time(), UTC),
        order_date=order_date,
        first_paid_at=datetime.combine(paid, datetime.min.time(), UTC) if retention_date else None,
        retention_date=retention_date,
        occurred_at=datetime.now(UTC),
    )


@dataclass
class Bench:
    pool: Pool
    ledger: Ledger
    objects: ObjectStore
    producer: KafkaProducer
    settings: KafkaSettings
    storage: StorageSettings
    clock: MovedClock = field(default_factory=MovedClock)
    dsn: str = ""
    versions: int = 0

    def purge(
        self, *, cap: Cap = NO_CAP, objects: Objects | None = None, events: Events | None = None, enabled: bool = True
    ) -> Purge:
        return Purge(
            self.pool,
            objects=objects or self.objects,
            events=events or self.producer,
            clock=self.clock,
            clocks=self.clocks,
            parallel=4,
            options=PurgeOptions(cap=cap, enabled=enabled, pause_seconds=0, by="test"),
        )

    async def clocks(self) -> list[datetime]:
        store = await self.objects.time()
        assert store is not None, "the store tells its time"
        return [await self.pool.fetchval("SELECT now()"), store]

    async def order(
        self, number: int, retention_date: date | None, *, version: int = 1, files: int = 3, shop: str = SHOP,
        artwork_status: str = "ready",
    ) -> str:  # fmt: skip
        """An order with files whose day is `retention_date`. Returns its prefix."""
        order_date = (retention_date or TODAY) - timedelta(days=90)
        await self.ledger.keep(
            record_of(
                snapshot(
                    number,
                    retention_date,
                    order_date=order_date,
                    version=version,
                    shop=shop,
                    artwork_status=artwork_status,
                )
            )
        )
        prefix = order_prefix(order_date, shop, str(number))
        await asyncio.gather(
            *(self.objects.put_bytes(f"{prefix}job/{index}", b"picture", "image/jpeg") for index in range(files))
        )
        return prefix

    def erasures(self, *, again: timedelta = timedelta(minutes=15), enabled: bool = True) -> Erasures:
        return Erasures(
            self.pool,
            objects=self.objects,
            events=self.producer,
            clock=self.clock,
            parallel=4,
            again=again,
            enabled=enabled,
            by="test",
        )

    async def catalog(self, kind: CatalogKind, entry_id: str, body: dict[str, Any] | None, shop: str = SHOP) -> None:
        """An entry of the catalog is written; body None: it is deleted."""
        self.versions += 1
        await self.ledger.keep_catalog(
            record_of(
                CatalogEntry(
                    shop=shop, kind=kind, entry_id=entry_id, version=self.versions, deleted=body is None,
                    body=body or {}, changed_at=datetime.now(UTC),
                )
            )
        )  # fmt: skip

    async def period(self, days: int | None) -> None:
        await self.catalog(CatalogKind.RETENTION, ONLY, None if days is None else {"days": days})

    async def hold(self, hold_id: str, order_id: int | None = None, until: date | None = None) -> None:
        await self.catalog(
            CatalogKind.HOLD,
            hold_id,
            {"order_id": None if order_id is None else str(order_id), "until": until and until.isoformat()},
        )

    async def lift(self, hold_id: str) -> None:
        await self.catalog(CatalogKind.HOLD, hold_id, None)

    async def left(self, *prefixes: str) -> list[int]:
        """How many objects, all versions counted, are below each prefix."""
        return [len([one async for one in self.objects.list_versions(prefix)]) for prefix in prefixes]

    async def run(self, purge: Purge | None = None, *, approved: int = 0) -> tuple[int, int, str | None]:
        """Orders and objects that were purged, and why it refused."""
        report = await self.report(purge, approved=approved)
        return report.orders, report.objects, report.refused

    async def report(self, purge: Purge | None = None, *, approved: int = 0) -> RunReport:
        return await (purge or self.purge()).run(asyncio.Event(), approved=approved)

    async def events(self, number: int) -> list[dict[str, Any]]:
        """What was published about an order, each with its type under `type`."""
        consumer = AIOKafkaConsumer(
            "printworks.retention.v1", bootstrap_servers=self.settings.kafka_bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            found: list[Record] = []
            while batch := await consumer.getmany(timeout_ms=1500):
                found += [Record.of(one) for records in batch.values() for one in records]
            return [
                {"type": one.event_type, **json.loads(one.value)} for one in found if one.key.endswith(f"/{number}")
            ]
        finally:
            await consumer.stop()

    async def audit(self) -> list[Entry]:
        return [entry async for entry in read(self.pool)]

    def today(self) -> date:
        return utc_date(self.clock.now())


@pytest.fixture
async def bench(database: str, bucket: str, stack: Stack) -> AsyncIterator[Bench]:
    await migrate(database, "retention", Path(printworks_retention.__file__).parent / "sql" / "migrations")
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(database)), schema="retention")
    kafka = KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap)
    await ensure_topics(kafka, GROUPS)
    producer = KafkaProducer(kafka)
    await producer.start()
    storage = StorageSettings(
        s3_endpoint=stack.info.s3_endpoint,
        s3_access_key=stack.info.s3_access_key,
        s3_secret_key=SecretStr(stack.info.s3_secret_key),
        bucket=bucket,
    )
    objects = ObjectStore(storage)
    yield Bench(pool, Ledger(pool), objects, producer, kafka, storage, dsn=database)
    await objects.close()
    await producer.stop()
    await close_pool(pool)
