"""`make bench-writer`: a flash sale in four shops, from snapshots to orders on the throttling stand-in.

Shops with 2,000 and 200 points a second at the same time, then with 1,000 and 100; 5,000 orders in the large ones, 500
in the small ones. Every order becomes pending at once. Ready comes for one order after the other, as renders finish, so
that some are written as pending before and some are overtaken. The writer is the real one on a real PostgreSQL, in this
process; each shop is a stand-in process of its own that counts points by Shopify's rules.

Printed per shop: seconds, how much of the points there were has been used (the full bucket at the start and what it got
back while there was work), requests and points per order, and how many orders are wrong in the end. Compared to: the
aims of 95 %, 3 requests and 70 points for pending and ready, 40 points where pending was skipped, 0 wrong.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import printworks_shopify_writer
from printworks_common.dispatch import DispatchLoop
from printworks_common.events.print_jobs import JobSnapshot, OrderSnapshot
from printworks_common.logs import configure
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import PostgresSettings
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import ShopRegistry
from printworks_local.shopify.client import ShopControl
from printworks_local.shopify.server import start_shopify
from printworks_local.shopify.state import ShopConfig
from printworks_local.shopify.throttle import BUCKET_SECONDS, RESTORE_RATES
from printworks_local.shopify.webhooks import make_line, make_order
from printworks_local.stack import Part, Stack, StackOptions, start_stack
from printworks_shopify_writer import snapshots
from printworks_shopify_writer.convergence import Convergence
from printworks_shopify_writer.definitions import Definitions
from printworks_shopify_writer.holding import Holding
from printworks_shopify_writer.orders import Orders
from printworks_shopify_writer.target import Names
from printworks_shopify_writer.writer import Writer
from pydantic import SecretStr

ORDERS = {"enterprise": 5000, "plus": 5000, "advanced": 500, "standard": 500}
TOGETHER = (("enterprise", "advanced"), ("plus", "standard"))
POINTS_OF_AN_ORDER = 60
RENDERS_TAKE = 0.25
"""Renders come in over this share of the time that Shopify's points would take for everything."""
LIMIT_SECONDS = 280
USED, REQUESTS, POINTS, POINTS_SKIPPED = 0.95, 3.0, 70.0, 40.0
NAMES = Names("pw-artwork-", "pw_customization")
NOW = datetime.now(UTC)


@dataclass
class Spent:
    """What one order has cost."""

    requests: int = 0
    points: float = 0
    pending_written: bool = False


@dataclass
class Sale:
    """One shop of the sale."""

    plan: str
    orders: int
    control: ShopControl
    admin_api_url: str
    spent: dict[str, Spent] = field(default_factory=dict[str, Spent])
    throttled: int = 0
    began: float = 0.0
    seconds: float = 0.0

    @property
    def domain(self) -> str:
        return f"{self.plan}.myshopify.com"

    @property
    def rate(self) -> float:
        return RESTORE_RATES[self.plan]


def link(number: int) -> str:
    return f"https://files.example.com/files/{'t' * 80}/{number}-print.pdf"


def page(number: int) -> str:
    return f"https://files.example.com/lines/{number:0>80}"


def event(shop: str, number: int, version: int, status: str) -> OrderSnapshot:
    job = JobSnapshot(
        job_id=uuid.UUID(int=number),
        line_item_id=str(number),
        version=version,
        status=status,
        product_title="Photo print",
        quantity=1,
        artwork_version=1,
        queued_at=NOW,
        page_url=page(number),
    )
    return OrderSnapshot(
        shop=shop,
        order_id=str(number),
        order_gid=f"gid://shopify/Order/{number}",
        order_name=f"#{number}",
        version=version,
        created_at=NOW,
        order_date=NOW.date(),
        artwork_status=status,
        artwork_files=(link(number),) if status == "ready" else (),
        jobs=(job,),
        occurred_at=NOW,
    )


def accountant(sales: dict[str, Sale]) -> Any:
    """An HTTP hook that books each answer of Shopify on its order."""

    async def book(response: httpx.Response) -> None:
        if not response.url.path.endswith("/graphql.json"):
            return
        variables = json.loads(response.request.content)["variables"]
        cost = (json.loads(await response.aread()).get("extensions") or {}).get("cost") or {}
        sale = sales[response.url.path.split("/")[2]]
        metafields = variables.get("metafields") or [{}]
        order = str(variables.get("id") or metafields[0].get("ownerId") or "").rpartition("/")[2]
        spent = sale.spent.setdefault(order, Spent())
        spent.requests += 1
        spent.points += cost.get("actualQueryCost") or 0
        sale.throttled += response.status_code == 429 or cost.get("actualQueryCost") is None
        spent.pending_written |= NAMES.tag("pending") in variables.get("add", ())

    return book


async def sell(sale: Sale, orders: Orders, loop: DispatchLoop) -> None:
    """All orders pending at once; then ready, one after the other."""
    await asyncio.gather(*(keep(sale, orders, number, 1, "pending") for number in range(1, sale.orders + 1)))
    loop.wake()
    pause = POINTS_OF_AN_ORDER / sale.rate * RENDERS_TAKE
    for number in range(1, sale.orders + 1):
        due = sale.began + number * pause
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await keep(sale, orders, number, 2, "ready")
        loop.wake()


async def keep(sale: Sale, orders: Orders, number: int, version: int, status: str) -> None:
    await orders.keep(snapshots.read(event(sale.domain, number, version, status)), None)


async def until_written(sale: Sale, pool: Pool) -> None:
    query = "SELECT count(*) FILTER (WHERE written_version = 2) FROM orders WHERE shop = $1"
    while await pool.fetchval(query, sale.domain) < sale.orders:  # noqa: ASYNC110 (the database has no event)
        await asyncio.sleep(0.25)
    sale.seconds = time.monotonic() - sale.began


async def wrong_orders(sale: Sale) -> int:
    """Orders whose tags, metafields or attributes are not exactly as they should be."""
    wrong = 0
    async for order in sale.control.orders():
        number = int(order["id"])
        fields = {one["key"]: one["value"] for one in order["metafields"]}
        right = (
            order["tags"] == ["pw-artwork-ready", "vip"]
            and fields == {"artwork_status": "pw-artwork-ready", "artwork_files": json.dumps([link(number)])}
            and order["attributes"] == [{"key": "Artwork 1: Photo print", "value": page(number)}]
        )
        wrong += not right
    return wrong


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


async def report(sale: Sale) -> bool:
    """Print a shop's line. Returns whether the aims are met."""
    orders = [one for name, one in sale.spent.items() if name]
    both = [one for one in orders if one.pending_written]
    skipped = [one for one in orders if not one.pending_written]
    points = sum(one.points for one in sale.spent.values())
    there_were = sale.rate * BUCKET_SECONDS + sale.rate * sale.seconds
    used, wrong = points / there_were, await wrong_orders(sale)
    requests_both, points_both = mean([one.requests for one in both]), mean([one.points for one in both])
    requests_skipped, points_skipped = mean([one.requests for one in skipped]), mean([one.points for one in skipped])
    print(
        f"{sale.rate:>8.0f} {sale.orders:>7} {sale.seconds:>8.1f} {used:>7.1%} {wrong:>6} {sale.throttled:>9}   "
        f"{len(both):>5} {requests_both:>8.2f} {points_both:>7.1f}   "
        f"{len(skipped):>5} {requests_skipped:>8.2f} {points_skipped:>7.1f}"
    )
    return (
        used >= USED and not wrong and requests_both <= REQUESTS and points_both <= POINTS
        and points_skipped <= POINTS_SKIPPED
    )  # fmt: skip


@asynccontextmanager
async def open_sales(plans: tuple[str, ...], scale: float) -> AsyncGenerator[dict[str, Sale]]:
    """A stand-in for each shop, with its orders."""
    async with AsyncExitStack() as stack:
        sales: dict[str, Sale] = {}
        for plan in plans:
            config = ShopConfig(domain=f"{plan}.myshopify.com", plan=plan)  # type: ignore[arg-type]  # one of its plans
            shopify = await stack.enter_async_context(start_shopify([config]))
            control = await stack.enter_async_context(ShopControl(shopify.url, config.domain))
            sale = Sale(plan, max(1, int(ORDERS[plan] * scale)), control, shopify.admin_api_url(config.domain))
            for number in range(1, sale.orders + 1):
                body = make_order(number, f"#{number}", line_items=[make_line(number, "PW-PHOTO")])
                await control.put_order({**body, "tags": "vip"})
            sales[sale.domain] = sale
        yield sales


def shops_file(directory: str, sales: dict[str, Sale]) -> Path:
    path = Path(directory) / "shops.json"
    entries = [
        {
            "domain": domain,
            "client_id": "printworks",
            "client_secret": "local-client-secret",
            "admin_api_url": sale.admin_api_url,
        }
        for domain, sale in sales.items()
    ]
    path.write_text(json.dumps(entries))
    return path


async def run(scale: float) -> bool:
    async with start_stack(StackOptions(label="bench-writer", quiet=True)) as stack:
        # Only the database is needed here.
        for part in (Part.KAFKA, Part.S3):
            await stack.kill(part)
        print("                                                      pending and ready         pending skipped")
        print("points/s  orders  seconds    used  wrong throttled   orders requests  points   orders requests  points")
        met = [await run_shops(stack, plans, scale) for plans in TOGETHER]
    print(f"aims: used >= {USED:.0%}, 0 wrong, <= {REQUESTS:g} requests and {POINTS:g} points, "
          f"<= {POINTS_SKIPPED:g} points where pending was skipped: {'met' if all(met) else 'NOT MET'}")  # fmt: skip
    return all(met)


async def run_shops(stack: Stack, plans: tuple[str, ...], scale: float) -> bool:
    """The sale in some shops at the same time. Returns whether the aims are met."""
    async with open_sales(plans, scale) as sales, http_client() as http:
        dsn = await stack.create_database(f"writer_{'_'.join(plans)}")
        migrations = Path(printworks_shopify_writer.__file__).parent / "sql" / "migrations"
        await migrate(dsn, "shopify_writer", migrations)
        pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(dsn)), schema="shopify_writer")
        http.event_hooks = {"response": [accountant(sales)]}
        with tempfile.TemporaryDirectory() as directory:
            orders = Orders(pool)
            writer = Writer(
                orders,
                ShopRegistry(shops_file(directory, sales)),
                AdminClients(http),
                Convergence(orders, NAMES, Holding(orders, on=False), order_attributes=True),
                Definitions(orders, NAMES.namespace),
                writes_per_shop=32,
            )
            met = await hold_sale(sales, orders, writer, pool)
        await close_pool(pool)
    return met


async def hold_sale(sales: dict[str, Sale], orders: Orders, writer: Writer, pool: Pool) -> bool:
    loop = DispatchLoop("writes", writer.dispatch, lambda: None)
    writer.on_work(loop.wake)
    stopping = asyncio.Event()
    cpu = time.process_time()
    for sale in sales.values():
        sale.began = time.monotonic()
    async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as group:
        writing = group.create_task(loop.run(stopping))
        async with asyncio.TaskGroup() as sale_group:
            for sale in sales.values():
                sale_group.create_task(sell(sale, orders, loop))
                sale_group.create_task(until_written(sale, pool))
        stopping.set()
        loop.wake()
        await writing
    await writer.drain()
    cpu = time.process_time() - cpu
    met = [await report(sale) for sale in sales.values()]
    requests = sum(one.requests for sale in sales.values() for one in sale.spent.values())
    print(f"{'':>9}CPU of this process, feeding and accounting included: {cpu / requests * 1000:.1f} ms per request")
    return all(met)


def main() -> None:
    parser = argparse.ArgumentParser(description="A flash sale from snapshots to orders on Shopify.")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the orders; below 1 for a quick look")
    scale = parser.parse_args().scale
    configure("bench", "writer", level="error")
    sys.exit(0 if asyncio.run(run(scale)) else 1)


if __name__ == "__main__":
    main()
