"""jobs-api on real parts: its own database and bucket, and its application."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import pytest_asyncio
from printworks_common.clock import SystemClock
from printworks_common.postgres import close_pool, open_pool
from printworks_common.storage import ObjectStore
from printworks_jobs_api.app import assemble
from printworks_jobs_api.projector import Projector
from printworks_jobs_api.settings import SCHEMA, ApiSettings
from printworks_local.stack import Stack

from tests.integration.jobs_api.parts import Api, api_settings, migrated


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
async def api(settings: ApiSettings) -> AsyncGenerator[Api]:
    pool = await open_pool(settings, schema=SCHEMA)
    await pool.execute(
        "TRUNCATE orders, jobs, files, changes, change_counters, api_keys, commands, idempotency, catalog, outbox"
    )
    store = ObjectStore(settings)
    yield Api(assemble(pool, store, settings), Projector(pool, SystemClock()), store, pool, settings)
    await store.close()
    await close_pool(pool)
