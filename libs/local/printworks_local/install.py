"""Sets a shop up as a merchant would: an API key, then templates and mappings through jobs-api."""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg
import httpx

from printworks_local.products import PRODUCTS, Product
from printworks_local.stack import StackError
from printworks_local.supervisor import console_command

KNOWN_SECONDS = 30.0
"""How long the coordinator may take to follow the catalog."""


async def create_api_key(shop: str, environment: Mapping[str, str]) -> str:
    """A key for everything in this shop. Raises StackError with what the command said."""
    process = await asyncio.create_subprocess_exec(
        str(console_command("printworks-jobs-api")),
        *("keys", "create", "--shop", shop, "--scopes", "all", "--name", "local stack", "--json"),
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        raise StackError(f"No API key could be made for {shop}:\n{err.decode(errors='replace')}", code="api_key")
    return json.loads(out)["api_key"]


async def set_up_shop(jobs_api_url: str, api_key: str, products: Iterable[Product] = PRODUCTS) -> None:
    """Save each product's template and mapping. The same again changes nothing."""
    async with httpx.AsyncClient(
        base_url=jobs_api_url, headers={"Authorization": f"Bearer {api_key}"}, trust_env=False, timeout=30
    ) as client:
        for product in products:
            await _put(client, f"/v1/templates/{product.template_id}", product.template)
        for product in products:
            await _put(client, f"/v1/mappings/{product.sku}", product.mapping())


async def wait_until_known(dsn: str, shop: str, products: Iterable[Product] = PRODUCTS) -> None:
    """Until the coordinator has read the mappings: an order before that would have no customised line."""
    wanted = {product.sku for product in products}
    deadline = time.monotonic() + KNOWN_SECONDS
    connection = await asyncpg.connect(dsn)
    try:
        while True:
            rows = await connection.fetch(
                "SELECT entry_id FROM render.catalog WHERE shop = $1 AND kind = 'mapping' AND NOT deleted", shop
            )
            if wanted <= {row["entry_id"] for row in rows}:
                return
            if time.monotonic() > deadline:
                raise StackError(
                    f"The coordinator did not read the catalog of {shop} within {KNOWN_SECONDS:g} seconds; "
                    "see the logs of render-coordinator and jobs-api.",
                    code="catalog_not_followed",
                )
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def _put(client: httpx.AsyncClient, path: str, document: dict[str, Any]) -> None:
    answer = await client.put(path, json=document)
    if answer.is_error:
        raise StackError(f"jobs-api refused {path} ({answer.status_code}):\n{answer.text}", code="catalog_refused")
