"""The writer against the stand-in: the order on Shopify becomes as its newest snapshot says."""

import asyncio
import json

import pytest
from printworks_local.shopify.webhooks import make_line, make_order

from tests.integration.shopify_writer.conftest import LINK, ORDERS, OTHER_SHOP, Bench, settled_definitions

READY = {"artwork_status": "pw-artwork-ready", "artwork_files": json.dumps([LINK])}


async def test_pending_then_ready_are_written_as_tag_and_metafields(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    assert await bench.order(1) == (
        ["pw-artwork-pending", "vip", "wholesale"],
        {"artwork_status": "pw-artwork-pending"},
    )
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-ready", "vip", "wholesale"], READY)


async def test_each_state_takes_one_request(bench: Bench) -> None:
    await settled_definitions(bench)
    before = await bench.requests()
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    assert await bench.requests() - before == 2


async def test_a_snapshot_that_changes_nothing_on_shopify_takes_no_request(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    before = await bench.requests()
    await bench.snapshot(1, 2, "pending")
    await bench.settle()
    assert await bench.requests() == before
    assert await bench.row(1, "version, written_version") == {"version": 2, "written_version": 2}


async def test_links_go_when_an_order_is_no_longer_ready(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    await bench.snapshot(1, 2, "failed")
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-failed", "vip", "wholesale"], {"artwork_status": "pw-artwork-failed"})


async def test_an_order_with_nothing_left_to_print_loses_everything_of_ours(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    await bench.snapshot(1, 2, None)
    await bench.settle()
    assert await bench.order(1) == (["vip", "wholesale"], {})


async def test_a_cleared_order_keeps_its_status_and_loses_its_links(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    await bench.snapshot(1, 2, "ready")
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-ready", "vip", "wholesale"], {"artwork_status": "pw-artwork-ready"})


async def test_more_files_than_a_list_can_hold_become_one_link_to_the_list(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", *(f"https://files.example.com/files/token/{n}.pdf" for n in range(129)))
    await bench.settle()
    assert json.loads((await bench.order(1))[1]["artwork_files"]) == ["https://pw.example.com/list/1"]


async def test_an_older_snapshot_changes_nothing(bench: Bench) -> None:
    await bench.snapshot(1, 5, "ready", LINK)
    await bench.settle()
    await bench.snapshot(1, 4, "failed")
    await bench.settle()
    assert (await bench.order(1))[0] == ["pw-artwork-ready", "vip", "wholesale"]


async def test_pending_is_skipped_when_ready_has_overtaken_it(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    entries = [entry async for entry in bench.shop.journal(1)]
    assert [entry for entry in entries if "pw-artwork-pending" in json.dumps(entry["after"])] == []


async def test_failed_and_ready_go_before_pending(bench: Bench) -> None:
    await settled_definitions(bench)
    for number in range(1, 11):
        await bench.snapshot(number, 1, "pending")
    await bench.snapshot(11, 1, "failed")
    await bench.snapshot(12, 1, "ready", LINK)
    claimed = await bench.orders.claim({"writer.myshopify.com": 3})
    assert {"11", "12"} < {one.order_id for one in claimed}


async def test_what_another_app_wrote_meanwhile_is_noticed_and_put_right(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    await bench.shop.metafields(
        1,
        [{"namespace": "pw_customization", "key": "artwork_status", "type": "single_line_text_field", "value": "x"}],
    )
    await bench.shop.tags(1, add=["pw-artwork-failed", "sale"], remove=["pw-artwork-pending"])
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-ready", "sale", "vip", "wholesale"], READY)


async def test_a_database_that_forgot_everything_still_ends_right(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    await bench.pool.execute("DELETE FROM orders")
    await bench.snapshot(1, 2, "failed")
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-failed", "vip", "wholesale"], {"artwork_status": "pw-artwork-failed"})


async def test_two_writers_at_once_leave_nothing_wrong(bench: Bench) -> None:
    second = await bench.another_writer()
    for version, status in ((1, "pending"), (2, "failed"), (3, "ready")):
        for number in range(1, 11):
            await bench.snapshot(number, version, status, *([LINK] if status == "ready" else []))
        await asyncio.gather(bench.writer.dispatch(), second.dispatch())
    await second.drain()
    await bench.settle()
    for number in range(1, 11):
        assert await bench.order(number) == (["pw-artwork-ready", "vip", "wholesale"], READY)


async def test_two_writers_on_the_same_order_at_the_same_time_end_right(bench: Bench) -> None:
    """What a claim that ran out leads to: both are at it."""
    second = await bench.another_writer()
    for version, status in ((1, "pending"), (2, "ready"), (3, "failed"), (4, "ready")):
        await bench.snapshot(1, version, status, *([LINK] if status == "ready" else []))
        await bench.writer.dispatch()
        await bench.pool.execute("UPDATE orders SET claimed_until = NULL")
        await second.dispatch()
    await second.drain()
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-ready", "vip", "wholesale"], READY)


class TestDefinitions:
    async def test_both_are_made_once_and_pinned(self, bench: Bench) -> None:
        await settled_definitions(bench)
        second = await bench.another_writer()
        await bench.snapshot(1, 1, "pending")
        await bench.turn(second)
        found = {one["key"]: (one["type"], one["pinned_position"]) for one in await bench.shop.definitions()}
        assert found == {"artwork_status": ("single_line_text_field", 1), "artwork_files": ("list.url", 2)}
        made = [entry async for entry in bench.shop.journal() if entry["operation"] == "metafieldDefinitionCreate"]
        assert len(made) == 2

    @pytest.mark.parametrize(("limit", "pinned"), [(0, [None, None]), (1, [1, None])])
    async def test_a_full_list_of_pinned_ones_leaves_them_unpinned(
        self, bench: Bench, limit: int, pinned: list[int | None]
    ) -> None:
        await bench.shop.configure(pinned_limit=limit)
        await settled_definitions(bench)
        assert [one["pinned_position"] for one in await bench.shop.definitions()] == pinned
        assert await bench.pool.fetchval("SELECT definitions_error FROM shops") == "not_pinned"

    async def test_without_them_orders_are_written_all_the_same(self, bench: Bench) -> None:
        await bench.shop.scopes("printworks", ["read_orders", "write_orders"])
        await bench.snapshot(1, 1, "pending")
        await bench.settle()
        assert (await bench.order(1))[0] == ["pw-artwork-pending", "vip", "wholesale"]


async def test_a_slow_shop_does_not_delay_another(bench: Bench) -> None:
    body = make_order(1, "#1", line_items=[make_line(10, "PW-PHOTO")])
    await bench.neighbour.put_order(body)
    await bench.shop.faults(latency_ms=(3000, 3000))
    for number in range(1, ORDERS + 1):
        await bench.snapshot(number, 1, "pending")
    await bench.writer.dispatch()
    await bench.snapshot(1, 1, "pending", shop=OTHER_SHOP)
    await bench.writer.dispatch()
    async with asyncio.timeout(2.5):
        while (await bench.order(1, bench.neighbour))[0] != ["pw-artwork-pending"]:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.05)
    assert (await bench.order(1))[0] == ["vip", "wholesale"]
    await bench.shop.faults()
    await bench.settle()
