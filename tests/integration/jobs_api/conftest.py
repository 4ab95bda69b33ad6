"""jobs-api on real parts: its own database and bucket, and its application."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect
from printworks_common.clock import SystemClock
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.postgres import close_pool, open_pool
from printworks_common.storage import ObjectStore
from printworks_jobs_api.app import assemble
from printworks_jobs_api.projector import Projector
from printworks_jobs_api.settings import SCHEMA, ApiSettings
from printworks_jobs_api.tenancy import open_requests
from printworks_local.chromium import FLAGS, ensure_chromium
from printworks_local.stack import Stack
from printworks_local.stack.ports import free_ports

from tests.integration.jobs_api.browsing import fill, stock
from tests.integration.jobs_api.parts import Api, Making, api_settings, migrated
from tests.integration.jobs_api.running import Running, command, environment, start


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jobs_database(new_database: Callable[[], Awaitable[str]]) -> str:
    """One migrated database for all tests here; each test empties it."""
    return await migrated(await new_database())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jobs_bucket(new_bucket: Callable[[], Awaitable[str]]) -> str:
    return await new_bucket()


@pytest.fixture
def settings(stack: Stack, jobs_database: str, jobs_bucket: str) -> ApiSettings:
    return api_settings(stack, jobs_database, jobs_bucket)


@pytest_asyncio.fixture(loop_scope="session")
async def api(stack: Stack, settings: ApiSettings) -> AsyncGenerator[Api]:
    pool = await open_pool(settings, schema=SCHEMA)
    await pool.execute(
        "TRUNCATE orders, jobs, files, changes, change_counters, shopify_writes, api_keys, commands, idempotency, "
        "catalog, holds, bulk_actions, exports, export_parts, export_lines, outbox, reconciliations, shops, "
        "privacy_requests, privacy_answers, erased_orders, erased_shops"
    )
    requests = await open_requests(settings)
    store = ObjectStore(settings)
    services = assemble(pool, requests, store, settings)
    yield Api(services, Projector(pool, SystemClock()), store, pool, requests, settings, stack)
    await store.close()
    await close_pool(requests)
    await close_pool(pool)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(
    stack: Stack, new_database: Callable[[], Awaitable[str]], jobs_bucket: str
) -> AsyncGenerator[Running]:
    """Both roles, started once; tests use a shop each."""
    (port,) = free_ports(1)
    settings = api_settings(stack, await new_database(), jobs_bucket)
    await ensure_topics(settings, GROUPS)
    env = environment(stack.info, settings.postgres_dsn.get_secret_value(), jobs_bucket, f"http://127.0.0.1:{port}")
    code, output = await command(env, "migrate")
    assert code == 0, output
    producer = KafkaProducer(settings)
    await producer.start()
    store = ObjectStore(settings)
    projector = await start("projector", env)
    api = await start("api", env, port=port)
    running = Running(env, api, projector, producer, store, stack.info.kafka_bootstrap)
    yield running
    await store.close()
    await producer.stop()
    assert [await one.stop() for one in (running.api, running.projector)] == [0, 0]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncGenerator[Browser]:
    expect.set_options(timeout=30_000)  # the machine may be busy
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(ensure_chromium()), args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def morning(running: Running) -> list[Making]:
    """A shop that nobody changes: for looking only."""
    await stock(running, "morning.myshopify.com")
    return await fill(running, "morning.myshopify.com")
