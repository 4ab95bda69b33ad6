"""Writers on a real PostgreSQL, and shops behind the Shopify stand-in."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import printworks_shopify_writer
import pytest_asyncio
from printworks_common.events.print_jobs import JobSnapshot, OrderSnapshot, TextField
from printworks_common.kafka.record import Record
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import PostgresSettings
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import ShopRegistry
from printworks_local.shopify.client import ShopControl
from printworks_local.shopify.server import RunningShopify, start_shopify
from printworks_local.shopify.state import ShopConfig
from printworks_local.shopify.webhooks import make_line, make_order
from printworks_shopify_writer.convergence import Convergence
from printworks_shopify_writer.definitions import Definitions
from printworks_shopify_writer.drift import Sweeper
from printworks_shopify_writer.failures import Waits
from printworks_shopify_writer.holding import Holding
from printworks_shopify_writer.intake import Intake
from printworks_shopify_writer.orders import Orders
from printworks_shopify_writer.target import Names
from printworks_shopify_writer.writer import Writer
from pydantic import SecretStr

SHOP = "writer.myshopify.com"
OTHER_SHOP = "neighbour.myshopify.com"
LINK = "https://files.example.com/files/token/a.pdf"
ORDERS = 20
NAMES = Names("pw-artwork-", "pw_customization")

SHORT = Waits(
    soon=(0.02, 0.05, 0.1), seldom=(0.3,), shop=(0.2,), silence=(0.05, 0.1, 0.2), spread=lambda: 0.5
)  # fmt: skip
"""Waits in which nothing goes on for longer than a test."""

LONG = Waits(soon=(600.0,), seldom=(600.0,), shop=(600.0,), silence=(600.0,))
"""Waits that no test sees the end of."""

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def page_url(number: int) -> str:
    return f"https://pw.example.com/lines/{number:0>48}"


def job(number: int, *, status: str = "ready", title: str = "Poster", texts: Sequence[TextField] = ()) -> JobSnapshot:
    return JobSnapshot(
        job_id=uuid.UUID(int=number),
        line_item_id=str(number),
        version=1,
        status=status,
        product_title=title,
        quantity=1,
        artwork_version=1,
        texts=tuple(texts),
        queued_at=NOW,
        page_url=page_url(number),
    )


def snapshot_record(
    order_id: int,
    version: int,
    status: str | None,
    *files: str,
    shop: str = SHOP,
    jobs: Sequence[JobSnapshot] = (),
) -> Record:
    event = OrderSnapshot(
        shop=shop,
        order_id=str(order_id),
        order_gid=f"gid://shopify/Order/{order_id}",
        order_name=f"#{order_id}",
        version=version,
        created_at=NOW,
        order_date=NOW.date(),
        artwork_status=status,
        artwork_files=files,
        files_url=f"https://pw.example.com/list/{order_id}",
        jobs=tuple(jobs),
        occurred_at=NOW,
    )
    return Record(
        topic=event.topic,
        partition=0,
        offset=version,
        timestamp=0,
        key=event.key(),
        value=event.model_dump_json().encode(),
        headers={"ce_type": event.type_name, "ce_id": f"{order_id}-{version}", "content-type": "application/json"},
    )


@dataclass
class Bench:
    """A shop and its neighbour, their control, and a writer."""

    writer: Writer
    intake: Intake
    orders: Orders
    shop: ShopControl
    neighbour: ShopControl
    pool: Pool
    shops_file: Path
    stack: AsyncExitStack
    http: httpx.AsyncClient
    shopify: RunningShopify

    @property
    def admin_api_url(self) -> str:
        """Of the first shop."""
        return self.shopify.admin_api_url(SHOP)

    async def snapshot(self, order_id: int, version: int, status: str | None, *files: str, **more: Any) -> None:
        await self.intake.keep(snapshot_record(order_id, version, status, *files, **more))

    async def another_writer(self, *, waits: Waits = SHORT, **options: Any) -> Writer:
        """A second writer on the same database, as another process would be."""
        return await _writer(self.stack, self.orders, self.shops_file, waits, **options)

    async def sweep(self, *, every: timedelta) -> int:
        """One look for drift at the first shop; how many orders were looked at."""
        shops, clients = ShopRegistry(self.shops_file), AdminClients(self.http)
        week = timedelta(days=7)
        sweeper = Sweeper(
            self.orders, shops, clients, NAMES, within=week, every=every, paused=self.writer.paused
        )  # fmt: skip
        shop = shops.get(SHOP)
        assert shop is not None
        return await sweeper.sweep(shop)

    async def turn(self, writer: Writer | None = None) -> None:
        """Dispatch once and wait for what was begun."""
        writer = writer or self.writer
        await writer.dispatch()
        await writer.drain()

    async def settle(self, seconds: float = 60, *, writer: Writer | None = None) -> None:
        """Dispatch until nothing of the two shops is left to write."""
        left = "SELECT count(*) FROM orders WHERE written_version < version AND shop = ANY ($1)"
        async with asyncio.timeout(seconds):
            while await self.pool.fetchval(left, [SHOP, OTHER_SHOP]):
                await self.turn(writer)
                await asyncio.sleep(0.02)

    async def order(self, order_id: int, shop: ShopControl | None = None) -> tuple[list[str], dict[str, str]]:
        """Tags and our metafields of an order."""
        state = await (shop or self.shop).order(order_id)
        fields = {one["key"]: one["value"] for one in state["metafields"] if one["namespace"] == "pw_customization"}
        return state["tags"], fields

    async def attributes(self, order_id: int) -> list[tuple[str, str]]:
        return [(one["key"], one["value"]) for one in (await self.shop.order(order_id))["attributes"]]

    async def requests(self) -> int:
        return int((await self.shop.stats()).get("requests", 0))

    async def row(self, order_id: int, columns: str) -> Mapping[str, Any]:
        row = await self.pool.fetchrow(f"SELECT {columns} FROM orders WHERE order_id = $1", order_id)
        assert row is not None
        return dict(row)


def shop_entry(shopify: RunningShopify, domain: str) -> dict[str, str]:
    return {
        "domain": domain,
        "client_id": "printworks",
        "client_secret": "local-client-secret",
        "admin_api_url": shopify.admin_api_url(domain),
    }


async def add_orders(shop: ShopControl, count: int) -> None:
    """Orders 1 to `count`, each with two tags of others."""
    for number in range(1, count + 1):
        body = make_order(number, f"#{number}", line_items=[make_line(number * 10, "PW-PHOTO")])
        await shop.put_order({**body, "tags": "vip, wholesale"})


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shopify() -> AsyncIterator[RunningShopify]:
    """One stand-in for all tests; each starts its shops anew."""
    async with start_shopify([ShopConfig(domain=SHOP)]) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dsn(new_database: Callable[[], Awaitable[str]]) -> str:
    """One migrated database for all tests; each empties it."""
    address = await new_database()
    migrations = Path(printworks_shopify_writer.__file__).parent / "sql" / "migrations"
    await migrate(address, "shopify_writer", migrations)
    return address


@pytest_asyncio.fixture(loop_scope="session")
async def bench(dsn: str, shopify: RunningShopify, tmp_path: Path) -> AsyncIterator[Bench]:
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(dsn)), schema="shopify_writer")
    await pool.execute("TRUNCATE orders, shops, erasures, erased_orders, erased_shops")
    orders = Orders(pool)
    async with AsyncExitStack() as stack:
        shops_file = tmp_path / "shops.json"
        shops_file.write_text(json.dumps([shop_entry(shopify, domain) for domain in (SHOP, OTHER_SHOP)]))
        control, neighbour = [
            await stack.enter_async_context(ShopControl(shopify.url, domain)) for domain in (SHOP, OTHER_SHOP)
        ]
        for shop in (control, neighbour):
            await shop.reset(plan="plus")
        await add_orders(control, ORDERS)
        intake = Intake(orders, lambda: None)
        writer = await _writer(stack, orders, shops_file, SHORT)
        http = await stack.enter_async_context(http_client())
        yield Bench(writer, intake, orders, control, neighbour, pool, shops_file, stack, http, shopify)
        await writer.drain()
    await close_pool(pool)


async def _writer(
    stack: AsyncExitStack,
    orders: Orders,
    shops_file: Path,
    waits: Waits,
    *,
    answer_seconds: float = 10,
    order_attributes: bool = True,
    fulfilment_holds: bool = False,
) -> Writer:
    clients = AdminClients(await stack.enter_async_context(http_client(answer_seconds)))
    convergence = Convergence(
        orders, NAMES, Holding(orders, on=fulfilment_holds), order_attributes=order_attributes
    )  # fmt: skip
    definitions = Definitions(orders, NAMES.namespace)
    return Writer(
        orders, ShopRegistry(shops_file), clients, convergence, definitions, writes_per_shop=8, waits=waits
    )  # fmt: skip


async def settled_definitions(bench: Bench) -> None:
    """Let the definitions of the shop be made, so that a test counts the requests of its orders alone."""
    await bench.snapshot(ORDERS, 1, "pending")
    await bench.settle()
