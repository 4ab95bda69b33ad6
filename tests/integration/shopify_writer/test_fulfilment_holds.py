"""With fulfilment holds switched on, an order waits in the warehouse until its artwork is ready."""

from typing import Any

from printworks_local.shopify.state import DEFAULT_SCOPES
from printworks_shopify_writer import commands
from printworks_shopify_writer.holds import HANDLE, NOTES
from printworks_shopify_writer.writer import Writer

from tests.integration.shopify_writer.conftest import LINK, Bench, settled_definitions

HOLDS = ["read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders"]
OURS = {"app": "printworks", "handle": HANDLE, "notes": NOTES}
THEIRS = {"app": "another-app", "handle": "fraud-check", "notes": None}


async def holding(bench: Bench, *, scopes: bool = True) -> Writer:
    """A writer that holds orders back, with or without the scopes for it."""
    await bench.shop.scopes("printworks", [*DEFAULT_SCOPES, *(HOLDS if scopes else [])])
    return await bench.another_writer(fulfilment_holds=True)


async def shows(bench: Bench, writer: Writer, version: int, status: str | None) -> None:
    await bench.snapshot(1, version, status, *([LINK] if status == "ready" else []))
    await bench.settle(writer=writer)


async def holds(bench: Bench) -> list[list[dict[str, Any]]]:
    """The holds on each fulfilment order of the order."""
    return [one["holds"] for one in await bench.shop.fulfillment(1)]


async def test_an_order_is_held_while_pending_or_failed_and_let_go_when_ready(bench: Bench) -> None:
    writer = await holding(bench)
    await bench.shop.fulfillment(1, split=True)
    seen: list[list[list[dict[str, Any]]]] = []
    for version, status in enumerate(("pending", "failed", "ready"), 1):
        await shows(bench, writer, version, status)
        seen.append(await holds(bench))
    assert seen == [[[OURS], [OURS]], [[OURS], [OURS]], [[], []]]
    assert [one["status"] for one in await bench.shop.fulfillment(1)] == ["OPEN", "OPEN"]


async def test_an_order_that_waits_again_is_held_again(bench: Bench) -> None:
    writer = await holding(bench)
    for version, status in enumerate(("pending", "ready", "pending"), 1):
        await shows(bench, writer, version, status)
    assert await holds(bench) == [[OURS]]


async def test_a_fulfilment_order_of_an_edit_is_held_too(bench: Bench) -> None:
    writer = await holding(bench)
    await shows(bench, writer, 1, "pending")
    await bench.shop.fulfillment(1, split=True)
    await shows(bench, writer, 2, "failed")
    assert await holds(bench) == [[OURS], [OURS]]


async def test_holds_of_others_stay_and_what_is_under_way_is_left_alone(bench: Bench) -> None:
    writer = await holding(bench)
    await bench.shop.fulfillment(1, hold="fraud-check")
    await shows(bench, writer, 1, "pending")
    assert await holds(bench) == [[THEIRS, OURS]]
    await shows(bench, writer, 2, "ready")
    assert await holds(bench) == [[THEIRS]]
    await bench.shop.fulfillment(1, release=True, status="IN_PROGRESS")
    await shows(bench, writer, 3, "pending")
    assert await holds(bench) == [[]]


async def test_what_a_person_has_released_stays_released(bench: Bench) -> None:
    writer = await holding(bench)
    await shows(bench, writer, 1, "pending")
    await bench.shop.fulfillment(1, release=True)
    await shows(bench, writer, 2, "failed")
    assert await holds(bench) == [[]]


async def test_a_cancelled_order_is_let_go(bench: Bench) -> None:
    writer = await holding(bench)
    await shows(bench, writer, 1, "failed")
    await shows(bench, writer, 2, None)
    assert await holds(bench) == [[]]


async def test_what_was_held_is_let_go_after_holds_were_switched_off(bench: Bench) -> None:
    await shows(bench, await holding(bench), 1, "pending")
    await shows(bench, bench.writer, 2, "ready")
    assert await holds(bench) == [[]]


async def test_a_crash_between_the_hold_and_its_record_leaves_no_hold_behind(bench: Bench) -> None:
    writer = await holding(bench)
    await bench.shop.faults(applied_then_lost=1)
    await bench.snapshot(1, 1, "pending")
    for _ in range(5):
        await bench.turn(writer)
    await bench.shop.faults()
    await bench.settle(writer=writer)
    assert await holds(bench) == [[OURS]]
    await shows(bench, writer, 2, "ready")
    assert await holds(bench) == [[]]


async def test_without_the_scope_the_tag_is_written_and_the_missing_hold_is_told(bench: Bench) -> None:
    writer = await holding(bench, scopes=False)
    await shows(bench, writer, 1, "pending")
    tags, _ = await bench.order(1)
    assert "pw-artwork-pending" in tags
    assert [line for line in await commands.listed(bench.pool, None, None) if "missing_scope" in line]
    await bench.shop.scopes("printworks", [*DEFAULT_SCOPES, *HOLDS])
    assert await commands.try_again(bench.pool, None, "missing_scope", None) == 1
    await bench.settle(writer=writer)
    assert await holds(bench) == [[OURS]]
    assert await commands.listed(bench.pool, None, None) == ["Everything is on Shopify."]


async def test_switched_off_no_request_is_spent_on_it(bench: Bench) -> None:
    await settled_definitions(bench)
    before = await bench.requests()
    await shows(bench, bench.writer, 1, "pending")
    assert await bench.requests() - before == 1
    assert await holds(bench) == [[]]
