"""`failures` and `retry`: what is not on Shopify and why, and what to do once the reason is mended."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from printworks_common.errors import PrintworksError
from printworks_common.postgres import Pool, close_pool, ground_errors, load_queries, open_pool
from printworks_common.settings import load
from printworks_common.shopify.refusals import explain

from printworks_shopify_writer.settings import SCHEMA, MigrateSettings

SQL = load_queries("printworks_shopify_writer", "sql/queries.sql")


def failures(arguments: list[str]) -> int:
    """Print shops that refuse us, orders that wait with a reason, and attributes that were refused."""
    parser = argparse.ArgumentParser(prog="failures", description="What is not on Shopify, and why.")
    _which(parser)
    given = parser.parse_args(arguments)
    return _run(lambda pool: listed(pool, given.shop, given.code))


def retry(arguments: list[str]) -> int:
    """Let orders that wait be tried at once."""
    parser = argparse.ArgumentParser(prog="retry", description="Try orders again at once that wait with a reason.")
    _which(parser)
    parser.add_argument("--order", action="append", type=int, help="id of an order; may be repeated")
    given = parser.parse_args(arguments)

    async def work(pool: Pool) -> list[str]:
        return [f"{await try_again(pool, given.shop, given.code, given.order)} orders are tried again."]

    return _run(work)


async def listed(pool: Pool, shop: str | None, code: str | None) -> list[str]:
    """One line for each thing that is not on Shopify, in words."""
    with ground_errors():
        shops = await pool.fetch(SQL["failing_shops"], shop)
        orders = await pool.fetch(SQL["failing_orders"], shop, code)
        held = await pool.fetch(SQL["refused_holds"], shop, code)
        attributes = await pool.fetch(SQL["refused_attributes"], shop)
    lines = [
        f"{row['shop']}: {_words(row['error_code'])} Since {row['failing_since']:%Y-%m-%d %H:%M} UTC, "
        f"{row['waiting']} orders wait."
        for row in shops
        if row["error_code"] is not None and code in (None, row["error_code"])
    ]
    lines += [
        f"{row['shop']}: definitions of our metafields: {row['definitions_error']}."
        for row in shops
        if row["definitions_error"] is not None and code is None
    ]
    lines += [
        f"{row['shop']} {row['order_id']}: {_words(row['error_code'])} {row['status'] or 'no status'} since "
        f"{row['failing_since']:%Y-%m-%d %H:%M} UTC, tried {row['tries']} times, again at "
        f"{row['not_before']:%Y-%m-%d %H:%M} UTC."
        for row in orders
    ]
    lines += [
        f"{row['shop']} {row['order_id']}: {_words(row['hold_error'])} Its artwork: {row['status'] or 'none'}."
        for row in held
    ]
    if code is None:
        lines += [f"{row['shop']} {row['order_id']}: Shopify refuses the order's attributes." for row in attributes]
    return lines or ["Everything is on Shopify."]


async def try_again(pool: Pool, shop: str | None, code: str | None, orders: Sequence[int] | None) -> int:
    """How many orders are tried again."""
    with ground_errors():
        return await pool.fetchval(SQL["retry"], shop, code, orders)


def _words(code: str) -> str:
    return f"[{code}] {explain(code)}"


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shop", help="of this shop only, such as example.myshopify.com")
    parser.add_argument("--code", help="with this reason only, such as shopify_user_error")


def _run(work: Callable[[Pool], Awaitable[list[str]]]) -> int:
    try:
        for line in asyncio.run(_with_pool(work)):
            print(line)  # noqa: T201 (a command talks to its terminal)
    except PrintworksError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _with_pool(work: Callable[[Pool], Awaitable[list[str]]]) -> list[str]:
    pool = await open_pool(load(MigrateSettings), schema=SCHEMA)
    try:
        return await work(pool)
    finally:
        await close_pool(pool)
