"""All services as processes on the local stack, started once for all tests of the whole way."""

from collections.abc import AsyncGenerator, Generator
from itertools import count

import pytest
import pytest_asyncio
from printworks_local.install import set_up_shop, wait_until_known
from printworks_local.pictures import PictureServer
from printworks_local.products import PRODUCTS
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import SMALL, put_small_pictures
from printworks_local.up import Printworks, UpOptions, start_printworks

SWEEPS = {
    "PRINTWORKS_RECONCILE_EVERY_SECONDS": "4",
    # On a busy machine an order may appear on the stand-in many seconds after the time that its body has.
    "PRINTWORKS_RECONCILE_OVERLAP_SECONDS": "60",
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def printworks() -> AsyncGenerator[Printworks]:
    options = UpOptions(label="e2e", environment=SWEEPS)
    async with start_printworks(options) as running:
        await set_up_shop(running.jobs_api_url, running.shop().api_key, [SMALL])
        await wait_until_known(running.postgres_dsn, running.shop().domain, [*PRODUCTS, SMALL])
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def floor(printworks: Printworks) -> AsyncGenerator[ShopFloor]:
    async with ShopFloor(printworks) as opened:
        yield opened


@pytest.fixture(scope="session")
def pictures() -> Generator[PictureServer]:
    with PictureServer() as server:
        yield server


@pytest.fixture(scope="session")
def addresses(pictures: PictureServer) -> list[str]:
    """Of customers' pictures that are there."""
    return put_small_pictures(pictures)


@pytest.fixture(scope="session")
def next_order_id() -> "count[int]":
    """Order ids above 2^53, as they may become: a reader that rounds them would be found out. Take with `next`."""
    return count(9_100_000_000_000_000, 1000)
