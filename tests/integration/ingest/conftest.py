"""A reconciler on a real PostgreSQL and a real Kafka, and shops behind the Shopify stand-in."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import printworks_ingest
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer
from printworks_common.events.topics import Topic
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import KafkaSettings, PostgresSettings
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.installations import Installations, LiveShops
from printworks_common.shopify.shops import Shop, ShopRegistry
from printworks_ingest.counting import Counts
from printworks_ingest.publishing import OrderPublisher
from printworks_ingest.rereads import Rereads
from printworks_ingest.sweeps import Sweeps
from printworks_local.shopify.client import ShopControl
from printworks_local.shopify.server import RunningShopify, start_shopify
from printworks_local.shopify.state import AppConfig, ShopConfig
from printworks_local.shopify.webhooks import make_customer, make_line, make_order
from printworks_local.stack import Stack
from pydantic import SecretStr

TOKEN = "shpat_static"
OVERLAP = timedelta(minutes=10)
FIRST_REACH = timedelta(hours=24)
WINDOW = timedelta(days=60)
SETTLED = timedelta(minutes=10)

READ_TOPICS = (Topic.ORDERS, Topic.RECONCILIATION)

_numbers = itertools.count(1)


class TestClock:
    """Runs with the real one, as far ahead as a test sets it."""

    __test__ = False

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Published:
    """What is published from now on, as its consumers see it."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def take(self, shop: str) -> list[dict[str, Any]]:
        """Events of a shop since the last time, each with its type under `type`."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        found: list[dict[str, Any]] = []
        while any([await self._consumer.position(place) < end for place, end in ends.items()]):
            for records in (await self._consumer.getmany(timeout_ms=1000)).values():
                for one in map(Record.of, records):
                    event = json.loads(one.value)
                    if event.get("shop") == shop:
                        found.append({"type": one.event_type, **event})
        return found


@dataclass
class Bench:
    """A shop of the stand-in and the parts of a reconciler that looks after it."""

    shop: Shop
    control: ShopControl
    pool: Pool
    clock: TestClock
    clients: AdminClients
    producer: KafkaProducer
    publisher: OrderPublisher
    shops: LiveShops
    published: Published
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def sweeps(self) -> Sweeps:
        return self.new_sweeps()

    def new_sweeps(self, turn_seconds: float = 60.0) -> Sweeps:
        return Sweeps(
            pool=self.pool,
            clients=self.clients,
            publisher=self.publisher,
            clock=self.clock,
            overlap=OVERLAP,
            first_reach=FIRST_REACH,
            stopping=self.stopping,
            turn_seconds=turn_seconds,
        )

    @property
    def counts(self) -> Counts:
        return Counts(clients=self.clients, producer=self.producer, clock=self.clock, window=WINDOW, settled=SETTLED)

    def new_rereads(self) -> Rereads:
        return Rereads(
            pool=self.pool, shops=self.shops, clients=self.clients, publisher=self.publisher, clock=self.clock
        )

    async def put_order(
        self, order_id: int, *, ago: timedelta = timedelta(hours=1), lines: int = 1, **more: Any
    ) -> None:
        """An order created and updated so long ago."""
        at = self.clock.now() - ago
        given: dict[str, Any] = {
            "line_items": [make_line(order_id * 1000 + place, "PW-PHOTO") for place in range(lines)],
            "customer": make_customer(7),
            "created_at": at,
        }
        await self.control.put_order(make_order(order_id, f"#{order_id}", **{**given, **more}))

    async def orders(self) -> list[str]:
        """Ids of the orders published since the last time, sorted."""
        return sorted(one["order_id"] for one in await self.published.take(self.shop.domain) if "line_items" in one)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shopify() -> AsyncGenerator[RunningShopify]:
    async with start_shopify([ShopConfig(domain="idle.myshopify.com")]) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka(stack: Stack) -> KafkaSettings:
    settings = KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap)
    await ensure_topics(settings, GROUPS)
    return settings


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    await migrate(database, "ingest", Path(printworks_ingest.__file__).parent / "sql" / "migrations")
    opened = await open_pool(PostgresSettings(postgres_dsn=SecretStr(database)), schema="ingest")
    yield opened
    await close_pool(opened)


@pytest.fixture
async def published(kafka: KafkaSettings) -> AsyncIterator[Published]:
    # Without a group it is given all partitions.
    consumer = AIOKafkaConsumer(*READ_TOPICS, bootstrap_servers=kafka.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    await consumer.seek_to_end()
    for place in consumer.assignment():
        await consumer.position(place)
    yield Published(consumer)
    await consumer.stop()


async def open_shop(shopify: RunningShopify, **config: Any) -> dict[str, Any]:
    """A new shop of the stand-in; its entry of the shops file."""
    domain = f"reconciled-{next(_numbers)}.myshopify.com"
    app = AppConfig(static_tokens=[TOKEN])
    config.setdefault("plan", "enterprise")
    made = ShopConfig(domain=domain, apps=[app], **config)
    async with httpx.AsyncClient(timeout=20) as http:
        answer = await http.put(f"{shopify.url}/control/shops/{domain}", json=made.model_dump(exclude={"domain"}))
        answer.raise_for_status()
    return {
        "domain": domain,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "access_token": TOKEN,
        "admin_api_url": shopify.admin_api_url(domain),
    }


@pytest.fixture
async def bench(
    shopify: RunningShopify, kafka: KafkaSettings, pool: Pool, published: Published, tmp_path: Path
) -> AsyncIterator[Bench]:
    entry = await open_shop(shopify)
    shops_file = tmp_path / "shops.json"
    shops_file.write_text(json.dumps([entry]))
    shops = LiveShops(ShopRegistry(shops_file), Installations())
    [shop] = shops
    producer = KafkaProducer(kafka)
    await producer.start()
    clock = TestClock()
    async with ShopControl(shopify.url, shop.domain) as control, http_client() as http:
        yield Bench(
            shop=shop,
            control=control,
            pool=pool,
            clock=clock,
            clients=AdminClients(http),
            producer=producer,
            publisher=OrderPublisher(producer, clock),
            shops=shops,
            published=published,
        )
    await producer.stop()
