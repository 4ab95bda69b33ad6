"""What the writer tells everybody else: an order is written, gone, or waits with a reason."""

import json
from typing import Any

import pytest_asyncio
from printworks_common.events.control import ShopifyWriteReported

from tests.integration.shopify_writer.conftest import LINK, LONG, SHOP, Bench, settled_definitions


async def told(bench: Bench) -> list[tuple[str, int, str | None, str, str | None]]:
    """Order, version, status, outcome and reason of each report, in their order."""
    rows = await bench.pool.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    assert {row["topic"] for row in rows} <= {"printworks.shopify-writes.v1"}
    events = [ShopifyWriteReported.model_validate_json(row["value"]) for row in rows]
    assert [row["key"] for row in rows] == [one.key() for one in events]
    return [(one.order_id, one.version, one.artwork_status, one.outcome, one.reason) for one in events]


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def nothing_told(bench: Bench) -> None:
    await bench.pool.execute("DELETE FROM outbox")


async def test_each_write_is_told_with_the_version_and_status_that_are_on_shopify(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    await bench.snapshot(1, 3, "ready", LINK)
    await bench.settle()
    assert await told(bench) == [("1", 1, "pending", "written", None), ("1", 3, "ready", "written", None)]


async def test_a_snapshot_that_changes_nothing_on_shopify_is_not_told(bench: Bench) -> None:
    for version in (1, 2):
        await bench.snapshot(1, version, "pending")
        await bench.settle()
    assert [one[1] for one in await told(bench)] == [1]


async def test_an_order_that_shopify_no_longer_has_is_told_as_gone(bench: Bench) -> None:
    await bench.shop.delete(1)
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    assert await told(bench) == [("1", 1, "ready", "order_gone", None)]


async def test_what_keeps_an_order_is_told_once_however_often_it_is_tried(bench: Bench) -> None:
    await bench.shop.faults(server_error=1)
    await bench.snapshot(1, 1, "ready", LINK)
    for _ in range(3):
        await bench.turn()
        await bench.pool.execute("UPDATE orders SET not_before = NULL")
    await bench.shop.faults()
    await bench.settle()
    assert await told(bench) == [
        ("1", 1, "ready", "waiting", "shopify_unavailable"),
        ("1", 1, "ready", "written", None),
    ]


async def test_a_shop_that_refuses_is_told_with_the_first_of_its_orders(bench: Bench) -> None:
    await settled_definitions(bench)
    writer = await bench.another_writer(waits=LONG)
    await bench.shop.configure(state="frozen")
    for number in (1, 2):
        await bench.snapshot(number, 1, "ready", LINK)
    await bench.turn(writer)
    told_of = [one[1:] for one in await told(bench) if one[0] in {"1", "2"}]
    assert told_of == [(1, "ready", "waiting", "shop_frozen")]


async def test_a_report_carries_no_more_than_ids_and_states(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    value: dict[str, Any] = json.loads(await bench.pool.fetchval("SELECT value FROM outbox"))
    assert value.keys() == {"shop", "order_id", "version", "artwork_status", "outcome", "reason", "reported_at"}
    assert value["shop"] == SHOP
