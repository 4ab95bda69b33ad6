"""Whatever Shopify answers, an order ends right, or waits where it is seen: with a code and a time, never in a loop."""

import asyncio
import json
from typing import Any

import pytest
from printworks_common.errors import GroundMissingError
from printworks_shopify_writer import commands

from tests.integration.shopify_writer.conftest import LINK, LONG, NAMES, ORDERS, SHOP, Bench, settled_definitions

READY = {"artwork_status": "pw-artwork-ready", "artwork_files": json.dumps([LINK])}


@pytest.mark.parametrize(
    "faults",
    [
        {"throttled": 0.5, "throttle_shape": "both"},
        {"server_error": 0.3},
        {"applied_then_lost": 0.3},
        {"throttled": 0.3, "server_error": 0.1, "applied_then_lost": 0.1, "throttle_shape": "both"},
    ],
    ids=["throttled", "server errors", "applied and lost", "all together"],
)
async def test_bad_answers_leave_no_order_wrong(bench: Bench, faults: dict[str, Any]) -> None:
    await bench.shop.faults(seed=7, **faults)
    for version, status in ((1, "pending"), (2, "ready")):
        for number in range(1, ORDERS + 1):
            await bench.snapshot(number, version, status, *([LINK] if status == "ready" else []))
        await bench.turn()
    await bench.settle()
    for number in range(1, ORDERS + 1):
        assert await bench.order(number) == (["pw-artwork-ready", "vip", "wholesale"], READY)


async def test_an_answer_that_never_comes_is_given_up_and_looked_for(bench: Bench) -> None:
    writer = await bench.another_writer(answer_seconds=0.3)
    await bench.shop.faults(applied_then_lost=1, lost_mode="hang", hang_seconds=30)
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.turn(writer)
    assert (await bench.row(1, "error_code, look"))["look"] is True
    await bench.shop.faults()
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-ready", "vip", "wholesale"], READY)


async def test_what_a_writer_wrote_before_it_died_is_looked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not remembered: an order that is cancelled meanwhile would look as if nothing was ever written on it."""

    async def dies(*_: object) -> None:
        raise GroundMissingError("The database does not answer.", code="database_unreachable")

    with monkeypatch.context() as dying:
        dying.setattr(bench.orders, "written", dies)
        await bench.snapshot(1, 1, "pending")
        await bench.turn()
    assert await bench.order(1) == (
        ["pw-artwork-pending", "vip", "wholesale"],
        {"artwork_status": "pw-artwork-pending"},
    )
    await bench.snapshot(1, 2, None)
    await bench.pool.execute("UPDATE orders SET claimed_until = now() - interval '1 second'")
    await bench.settle()
    assert await bench.order(1) == (["vip", "wholesale"], {})


async def test_an_expired_token_is_renewed_and_the_write_goes_on(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    assert await bench.shop.expire_tokens() == 1
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.turn()
    assert await bench.order(1) == (["pw-artwork-ready", "vip", "wholesale"], READY)


async def test_a_deleted_order_is_let_go(bench: Bench) -> None:
    await bench.shop.delete(1)
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    assert await bench.row(1, "written_version, claimed_until, error_code, seen, gone") == {
        "written_version": 1,
        "claimed_until": None,
        "error_code": None,
        "seen": None,
        "gone": True,
    }


async def missing_scope(bench: Bench) -> None:
    await bench.shop.scopes("printworks", ["read_orders"])


async def frozen(bench: Bench) -> None:
    await bench.shop.configure(state="frozen")


async def locked(bench: Bench) -> None:
    await bench.shop.configure(state="locked")


async def closed(bench: Bench) -> None:
    await bench.shop.configure(state="closed")


async def secret_changed(bench: Bench) -> None:
    await bench.shop.expire_tokens()
    await bench.shop.configure(apps=[{"client_id": "printworks", "client_secret": "another"}])


SHUT = {
    "missing_scope": missing_scope,
    "shop_frozen": frozen,
    "shop_locked": locked,
    "shop_gone": closed,
    "token_refused": secret_changed,
}


@pytest.mark.parametrize("code", SHUT)
async def test_a_shop_that_refuses_us_is_left_alone_and_seen(bench: Bench, code: str) -> None:
    writer = await bench.another_writer(waits=LONG)
    await SHUT[code](bench)
    for number in range(1, ORDERS + 1):
        await bench.snapshot(number, 1, "pending")
    await bench.turn(writer)
    before = await bench.requests()
    for _ in range(5):
        await bench.turn(writer)
    assert await bench.requests() == before
    assert await bench.pool.fetchval("SELECT error_code FROM shops WHERE shop = $1", SHOP) == code
    assert await bench.pool.fetchval("SELECT count(*) FROM orders WHERE error_code IS NOT NULL") == 0


@pytest.mark.parametrize("code", SHUT)
async def test_it_is_written_once_it_lets_us_in_again(bench: Bench, code: str) -> None:
    await SHUT[code](bench)
    for number in range(1, ORDERS + 1):
        await bench.snapshot(number, 1, "pending")
    await bench.turn()
    await bench.shop.configure(state="open", apps=[{"client_id": "printworks"}])
    await bench.settle()
    assert [(await bench.order(number))[0][0] for number in range(1, ORDERS + 1)] == ["pw-artwork-pending"] * ORDERS
    assert await bench.pool.fetchval("SELECT error_code FROM shops WHERE shop = $1", SHOP) is None


async def test_a_refused_write_waits_with_its_reason_and_holds_no_other_up(bench: Bench) -> None:
    await settled_definitions(bench)
    crowded = ", ".join(f"tag-{number}" for number in range(250))
    body = await bench.shop.body(1)
    await bench.shop.put_order({**body, "tags": crowded})
    writer = await bench.another_writer(waits=LONG)
    for number in (1, 2):
        await bench.snapshot(number, 1, "pending")
    await bench.turn(writer)
    assert await bench.row(1, "error_code, tries") == {"error_code": "shopify_user_error", "tries": 1}
    assert (await bench.order(2))[0] == ["pw-artwork-pending", "vip", "wholesale"]
    before = await bench.requests()
    await bench.turn(writer)
    assert await bench.requests() == before


async def test_a_newer_snapshot_does_not_wait_for_the_old_ones_pause(bench: Bench) -> None:
    writer = await bench.another_writer(waits=LONG)
    await bench.shop.faults(server_error=1)
    await bench.snapshot(1, 1, "pending")
    await bench.turn(writer)
    assert (await bench.row(1, "error_code"))["error_code"] == "shopify_unavailable"
    await bench.shop.faults()
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.turn(writer)
    assert await bench.order(1) == (["pw-artwork-ready", "vip", "wholesale"], READY)


async def test_a_shop_that_does_not_answer_is_not_asked_again_and_again(bench: Bench) -> None:
    writer = await bench.another_writer(waits=LONG)
    await bench.shop.faults(server_error=1)
    for number in range(1, ORDERS + 1):
        await bench.snapshot(number, 1, "pending")
    for _ in range(5):
        await bench.turn(writer)
    assert await bench.requests() < ORDERS + 5


async def test_somebody_who_writes_against_us_all_the_time_is_no_endless_loop(bench: Bench) -> None:
    """Every answer shows the order changed once more: after some rounds it is tried again later."""
    await settled_definitions(bench)
    writer = await bench.another_writer(waits=LONG)
    await bench.snapshot(1, 1, "pending")
    await bench.turn(writer)
    stop = asyncio.Event()

    async def against_us() -> None:
        while not stop.is_set():
            await bench.shop.tags(1, remove=[NAMES.tag("ready")], add=[NAMES.tag("failed")])

    fight = asyncio.create_task(against_us())
    await bench.snapshot(1, 2, "ready", LINK)
    before = await bench.requests()
    await bench.turn(writer)
    stop.set()
    await fight
    assert await bench.requests() - before < 20
    await bench.pool.execute("UPDATE orders SET not_before = NULL, look = true")
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-ready", "vip", "wholesale"], READY)


async def test_what_is_not_on_shopify_is_listed_in_words_and_tried_again_on_demand(bench: Bench) -> None:
    await settled_definitions(bench)
    writer = await bench.another_writer(waits=LONG)
    await bench.shop.faults(server_error=1)
    await bench.snapshot(1, 1, "pending")
    await bench.turn(writer)
    [line] = await commands.listed(bench.pool, SHOP, None)
    assert line.startswith(f"{SHOP} 1: [shopify_unavailable] Shopify answered with an error of its own. pending since")
    await bench.shop.faults()
    assert await commands.try_again(bench.pool, SHOP, "shopify_user_error", None) == 0
    assert await commands.try_again(bench.pool, None, None, [1]) == 1
    await bench.turn(writer)
    assert await commands.listed(bench.pool, SHOP, None) == ["Everything is on Shopify."]


async def test_a_shop_that_refuses_us_is_listed_with_what_waits(bench: Bench) -> None:
    writer = await bench.another_writer(waits=LONG)
    await frozen(bench)
    await bench.snapshot(1, 1, "pending")
    await bench.snapshot(2, 1, "pending")
    await bench.turn(writer)
    [line] = await commands.listed(bench.pool, None, "shop_frozen")
    assert "[shop_frozen]" in line
    assert line.endswith("2 orders wait.")
