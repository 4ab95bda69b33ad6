"""Gives the shop a storage of its own for a while, as a merchant would: a bucket on the stack's store."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from printworks_local.install import KNOWN_SECONDS
from printworks_local.shop_floor import ShopFloor
from printworks_local.stack import StackError

PATH = "/v1/settings/storage"


@asynccontextmanager
async def own_bucket(floor: ShopFloor, name: str) -> AsyncGenerator[str]:
    """A bucket that print jobs from now on are delivered to; afterwards files stay hosted again and the bucket goes.

    Raises StackError when jobs-api refuses the setting, or the coordinator does not hear of it.
    """
    printworks = floor.printworks
    await printworks.stack.create_bucket(name)
    try:
        info = printworks.info
        form = {
            "endpoint": info.s3_endpoint,
            "bucket": name,
            "access_key": info.s3_access_key,
            "secret_key": info.s3_secret_key,
        }
        await _save(floor, "PUT", form)
        yield name
        await _save(floor, "DELETE", None)
    finally:
        await printworks.stack.delete_bucket(name)


async def _save(floor: ShopFloor, method: str, form: dict[str, str] | None) -> None:
    version = (await floor.api.get(PATH)).headers["etag"]
    answer = await floor.api.request(method, PATH, json=form, headers={"If-Match": version})
    if answer.is_error:
        raise StackError(f"jobs-api refused {PATH} ({answer.status_code}):\n{answer.text}", code="storage_refused")
    await _until_known(floor, int(answer.headers["etag"].strip('"')))


async def _until_known(floor: ShopFloor, version: int) -> None:
    """Until the coordinator has read the setting: it counts for print jobs that are planned afterwards."""
    deadline = time.monotonic() + KNOWN_SECONDS
    connection = await asyncpg.connect(floor.printworks.postgres_dsn)
    try:
        while True:
            known = await connection.fetchval(
                "SELECT version FROM render.catalog WHERE shop = $1 AND kind = 'storage'", floor.shop.domain
            )
            if known is not None and known >= version:
                return
            if time.monotonic() > deadline:
                raise StackError("The coordinator did not read the setting.", code="catalog_not_followed")
            await asyncio.sleep(0.05)
    finally:
        await connection.close()
