"""The coordinator's schema on a real PostgreSQL, fresh for each test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import printworks_render
import pytest
from printworks_common.clock import SystemClock
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.events.topics import Topic
from printworks_common.filelinks import LinkSigner
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import PostgresSettings, StorageSettings
from printworks_common.storage import ObjectStore
from printworks_local.stack import Stack
from printworks_local.stack.ports import free_ports
from printworks_render.coordinator.erasure import Erasure
from printworks_render.coordinator.ground import Ground
from printworks_render.coordinator.intake import OrderIntake
from printworks_render.coordinator.reconciliation import Reconciliation
from printworks_render.coordinator.snapshots import Links
from printworks_render.coordinator.store import OrderStore
from pydantic import SecretStr

from tests.unit.coordinator.examples import catalog

MIGRATIONS = Path(printworks_render.__file__).parent / "sql" / "migrations"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    await migrate(database, "render", MIGRATIONS)
    opened = await open_pool(PostgresSettings(postgres_dsn=SecretStr(database), postgres_pool_size=10), schema="render")
    yield opened
    await close_pool(opened)


@pytest.fixture
def store(pool: Pool) -> OrderStore:
    links = Links(LinkSigner(keys={"a": b"k" * 32}, current="a"), "https://files.example.com")
    return OrderStore(pool, links, SystemClock(), 90)


@pytest.fixture
async def objects(stack: Stack, bucket: str) -> AsyncIterator[ObjectStore]:
    settings = StorageSettings(
        s3_endpoint=stack.info.s3_endpoint,
        s3_access_key=stack.info.s3_access_key,
        s3_secret_key=SecretStr(stack.info.s3_secret_key),
        bucket=bucket,
    )
    opened = ObjectStore(settings)
    yield opened
    await opened.close()


@pytest.fixture
async def away() -> AsyncIterator[ObjectStore]:
    """A store of which nobody answers."""
    [port] = free_ports(1)
    settings = StorageSettings(
        s3_endpoint=f"http://127.0.0.1:{port}", s3_access_key="a", s3_secret_key=SecretStr("s"), bucket="none"
    )
    opened = ObjectStore(settings)
    yield opened
    await opened.close()


async def somebody() -> bool:
    return True


def ground(
    objects: ObjectStore, anybody: Callable[[], Awaitable[bool]] = somebody, topic: Topic = Topic.RENDER_REQUESTS
) -> Ground:
    """What those need who do what is asked on the topic: this store, and that they are there."""
    return Ground(topic, objects, anybody)


@pytest.fixture
def intake(store: OrderStore, pool: Pool, objects: ObjectStore) -> OrderIntake:
    clock = SystemClock()
    return OrderIntake(store, Reconciliation(pool, clock), Erasure(store, pool, objects, clock), clock)


def entry(kind: CatalogKind, entry_id: str, body: dict[str, Any], shop: str) -> CatalogEntry:
    return CatalogEntry(shop=shop, kind=kind, entry_id=entry_id, version=1, body=body, changed_at=datetime.now(UTC))


async def map_the_poster(store: OrderStore, shop: str = "example.myshopify.com") -> None:
    known = catalog()
    await store.put_catalog(entry(CatalogKind.TEMPLATE, "poster", known.templates["poster"].body, shop))
    await store.put_catalog(entry(CatalogKind.MAPPING, "PW-PHOTO", known.mappings[0], shop))
