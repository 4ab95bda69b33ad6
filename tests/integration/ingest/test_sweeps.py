"""Sweeps: what was updated on Shopify is read and published, whatever webhooks said."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from printworks_common.errors import PoisonError, TransientError
from printworks_common.kafka.record import Record
from printworks_common.shopify.shops import Shop
from printworks_ingest import admin_orders, documents
from printworks_ingest.rounds import Round, Rounds
from printworks_local.shopify.server import RunningShopify
from printworks_local.shopify.webhooks import make_line

from tests.integration.ingest.conftest import Bench, open_shop

HOUR = timedelta(hours=1)


async def test_orders_of_every_payment_are_read_cancelled_and_refunded_ones_too(bench: Bench) -> None:
    for number, status in enumerate(["paid", "pending", "refunded", "voided", "partially_refunded"], start=1):
        await bench.put_order(number, financial_status=status)
    await bench.put_order(6)
    await bench.control.cancel(6)
    assert await bench.sweeps.sweep(bench.shop)
    events = await bench.published.take(bench.shop.domain)
    assert {one["order_id"]: one["financial_status"] for one in events} == {
        "1": "paid", "2": "pending", "3": "refunded", "4": "voided", "5": "partially_refunded", "6": "voided",
    }  # fmt: skip
    assert {one["read_from"] for one in events} == {"admin_api"}
    [cancelled] = [one for one in events if one["order_id"] == "6"]
    assert cancelled["cancelled_at"] is not None


async def test_a_sweep_begins_where_the_last_one_did_and_the_overlap_before(bench: Bench) -> None:
    await bench.put_order(1)
    assert await bench.sweeps.sweep(bench.shop)
    assert await bench.orders() == ["1"]
    await bench.put_order(2, ago=timedelta(minutes=9))
    await bench.put_order(3, ago=timedelta(minutes=11))
    assert await bench.sweeps.sweep(bench.shop)
    assert await bench.orders() == ["2"]


async def test_an_order_is_published_again_only_when_it_has_changed(bench: Bench) -> None:
    sweeps = bench.new_sweeps()
    minute = timedelta(minutes=1)
    for number in (1, 2):
        await bench.put_order(number, ago=minute)
    assert await sweeps.sweep(bench.shop)
    assert await bench.orders() == ["1", "2"]
    await bench.put_order(2, ago=minute, financial_status="refunded")
    await bench.put_order(3, ago=minute)
    assert await sweeps.sweep(bench.shop)
    assert await bench.orders() == ["2", "3"]


async def test_the_first_sweep_reaches_back_a_day_and_the_shop_is_known_since_then(bench: Bench) -> None:
    await bench.put_order(1, ago=23 * HOUR)
    await bench.put_order(2, ago=25 * HOUR)
    assert await bench.sweeps.sweep(bench.shop)
    assert await bench.orders() == ["1"]
    known = await bench.sweeps.known_since(bench.shop)
    assert known is not None
    assert abs(bench.clock.now() - known - 24 * HOUR) < timedelta(minutes=1)


async def test_what_the_first_sweep_finds_is_not_said_to_have_been_missed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_orders, "ORDERS_OF_A_PAGE", 1)
    for number in (1, 2):
        await bench.put_order(number)
    hurried = bench.new_sweeps(turn_seconds=0)
    assert not await hurried.sweep(bench.shop)
    assert await bench.sweeps.sweep(bench.shop)
    first = await bench.published.take(bench.shop.domain)
    assert {one["cause"] for one in first} == {"first_sweep"}
    await bench.put_order(3, ago=timedelta(minutes=2))
    assert await bench.sweeps.sweep(bench.shop)
    [later] = await bench.published.take(bench.shop.domain)
    assert (later["order_id"], later["cause"]) == ("3", "sweep")


async def test_all_pages_are_read_and_all_line_items_of_large_orders(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_orders, "ORDERS_OF_A_PAGE", 3)
    for number in range(1, 8):
        await bench.put_order(number, lines=300 if number == 4 else 21)
    assert await bench.sweeps.sweep(bench.shop)
    events = await bench.published.take(bench.shop.domain)
    lines = {one["order_id"]: {line["line_item_id"] for line in one["line_items"]} for one in events}
    assert {order_id: len(found) for order_id, found in lines.items()} == {
        str(number): 300 if number == 4 else 21 for number in range(1, 8)
    }


async def test_an_order_that_changes_between_two_pages_of_its_lines_is_begun_again(bench: Bench) -> None:
    await bench.put_order(1, lines=21)
    client = bench.clients.of(bench.shop)
    execute = client.execute

    async def edited_before_the_second_page(document: str, variables: dict[str, Any], **more: Any) -> dict[str, Any]:
        if document == documents.ORDER_LINES and client.execute is not execute:
            client.execute = execute  # type: ignore[method-assign]  # Shopify's side changes only once
            await bench.control.edit(1, lines={"1000": {"current_quantity": 0}})
        return await execute(document, variables, **more)

    client.execute = edited_before_the_second_page  # type: ignore[method-assign]
    order = await admin_orders.read_order(client, "1", cause="requested")
    assert order is not None
    quantities = {line.line_item_id: line.current_quantity for line in order.line_items}
    assert (len(quantities), quantities["1000"]) == (21, 0)


async def test_a_page_that_is_too_dear_is_asked_for_in_a_smaller_size(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear = documents.ORDERS_UPDATED.replace("lineItems(first: 20)", "lineItems(first: 250)")
    dear = dear.replace(
        "nodes { ...OrderFields }", "nodes { ...OrderFields a: lineItems(first: 250) { nodes { id } } }"
    )
    monkeypatch.setattr(documents, "ORDERS_UPDATED", dear)
    monkeypatch.setattr(admin_orders, "ORDERS_OF_A_PAGE", 250)
    for number in range(1, 4):
        await bench.put_order(number)
    with pytest.raises(PoisonError) as refused:
        await bench.clients.of(bench.shop).execute(dear, {"query": "", "first": 250, "after": None})
    assert refused.value.code == "query_too_dear"
    assert await bench.sweeps.sweep(bench.shop)
    assert await bench.orders() == ["1", "2", "3"]


async def test_a_search_that_shopify_did_not_understand_is_no_answer(bench: Bench) -> None:
    await bench.put_order(1)
    with pytest.raises(PoisonError) as unquoted:
        await bench.clients.of(bench.shop).execute(
            documents.ORDERS_UPDATED, {"query": "updated_at:>=2026-11-23T03:04:05Z", "first": 5, "after": None}
        )
    assert unquoted.value.code == "search_not_understood"


async def test_a_long_sweep_gives_way_after_its_turn_and_goes_on_where_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_orders, "ORDERS_OF_A_PAGE", 2)
    for number in range(1, 6):
        await bench.put_order(number, ago=timedelta(hours=6 - number))
    hurried = bench.new_sweeps(turn_seconds=0)
    turns: list[list[str]] = []
    async with asyncio.timeout(60):
        while not await hurried.sweep(bench.shop):
            turns.append(await bench.orders())
    turns.append(await bench.orders())
    # The last order of a page is read again, since others may have the same second; it is published once.
    assert turns[0] == ["1", "2"]
    assert turns[1] == ["3"]
    assert {order for turn in turns for order in turn} == {"1", "2", "3", "4", "5"}
    row = await bench.pool.fetchrow("SELECT * FROM watermarks")
    assert row is not None
    assert (row["began_at"], row["resume_at"]) == (None, None)
    # The next sweep looks behind everything that happened since this one began, not since it ended.
    assert bench.clock.now() - row["swept_at"] < timedelta(minutes=2)


async def test_a_sweep_that_fails_leaves_its_mark_after_the_last_page_that_was_published(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_orders, "ORDERS_OF_A_PAGE", 2)
    for number in range(1, 6):
        await bench.put_order(number, ago=timedelta(hours=6 - number))
    await bench.new_sweeps(turn_seconds=0).sweep(bench.shop)
    assert await bench.orders() == ["1", "2"]
    await bench.control.faults(server_error=1.0)
    with pytest.raises(TransientError):
        await bench.sweeps.sweep(bench.shop)
    await bench.control.faults()
    assert await bench.sweeps.sweep(bench.shop)
    assert await bench.orders() == ["2", "3", "4", "5"]


async def test_the_name_of_a_customer_is_read_and_never_the_address_that_stands_for_it(bench: Bench) -> None:
    named = {"id": 1, "first_name": "Ada", "last_name": "Muster", "email": "ada@example.com"}
    nameless = {"id": 2, "first_name": None, "last_name": None, "email": "who@example.com"}
    await bench.put_order(1, customer=named)
    await bench.put_order(2, customer=nameless)
    assert await bench.sweeps.sweep(bench.shop)
    events = await bench.published.take(bench.shop.domain)
    assert {one["order_id"]: one["customer_name"] for one in events} == {"1": "Ada Muster", "2": None}
    assert "@" not in json.dumps(events)


async def test_an_order_that_no_record_can_hold_does_not_keep_the_others_back(bench: Bench) -> None:
    await bench.put_order(1)
    await bench.put_order(2, line_items=[make_line(5, "PW-PHOTO", properties={"Design": "x" * (9 * 1024 * 1024)})])
    await bench.put_order(3)
    assert await bench.sweeps.sweep(bench.shop)
    assert await bench.orders() == ["1", "3"]


class TestRounds:
    def rounds(self, bench: Bench, work: Any, parallel: int = 8, shops: Any = None) -> Rounds:
        kind = Round(
            "sweep", work, lambda now: now, lambda began: began + HOUR, failed_pause=timedelta(0), parallel=parallel
        )
        return Rounds(kind, pool=bench.pool, shops=shops or bench.shops, clock=bench.clock)

    async def test_a_shop_is_at_work_in_one_process_only(self, bench: Bench) -> None:
        released = asyncio.Event()

        async def work(_shop: Shop) -> bool:
            return await released.wait()

        one, other = self.rounds(bench, work), self.rounds(bench, work)
        assert [await one.dispatch(), await other.dispatch(), await one.dispatch()] == [1, 0, 0]
        released.set()
        await one.drain()
        assert await other.dispatch() == 0, "not due before an hour has passed"
        bench.clock.ahead += HOUR
        assert await other.dispatch() == 1
        await other.drain()

    async def test_the_round_of_a_process_that_died_is_taken_over_when_its_claim_has_run_out(
        self, bench: Bench
    ) -> None:
        async def work(_shop: Shop) -> bool:
            return True

        rounds = self.rounds(bench, work)
        await bench.pool.execute(
            "INSERT INTO rounds VALUES ($1, 'sweep', $2, now() + interval '1 minute')",
            bench.shop.domain,
            bench.clock.now(),
        )
        assert await rounds.dispatch() == 0
        await bench.pool.execute("UPDATE rounds SET claimed_until = now() - interval '1 second'")
        assert await rounds.dispatch() == 1
        await rounds.drain()

    async def test_a_round_that_failed_comes_again_and_one_with_more_to_do_at_once(self, bench: Bench) -> None:
        outcomes: list[Any] = [TransientError("away", code="shopify_unreachable"), RuntimeError("a bug"), False, True]

        async def work(_shop: Shop) -> bool:
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        rounds = self.rounds(bench, work)
        for _ in range(4):
            assert await rounds.dispatch() == 1
            await rounds.drain()
        assert await rounds.dispatch() == 0
        assert outcomes == []

    async def test_a_slow_shop_holds_up_no_other(self, bench: Bench, shopify: RunningShopify, tmp_path: Path) -> None:
        slow_entry = await open_shop(shopify, faults={"latency_ms": [30_000, 30_000]})
        entries = [json.loads((tmp_path / "shops.json").read_text())[0], slow_entry]
        (tmp_path / "shops.json").write_text(json.dumps(entries))
        await bench.put_order(1)
        async with asyncio.timeout(10):
            while len([*bench.shops]) < 2:  # noqa: ASYNC110 (a changed file is noticed within a second)
                await asyncio.sleep(0.05)
        rounds = self.rounds(bench, bench.sweeps.sweep)
        assert await rounds.dispatch() == 2
        async with asyncio.timeout(25):
            while await bench.orders() != ["1"]:  # noqa: ASYNC110 (the broker tells no event of ours)
                await asyncio.sleep(0.05)


class TestRereads:
    async def touch(self, bench: Bench, order_id: int, reason: str = "edited", shop: str | None = None) -> None:
        domain = shop or bench.shop.domain
        value = {"shop": domain, "order_id": str(order_id), "reason": reason, "noticed_at": "2026-11-23T03:04:05Z"}
        record = Record(
            topic="printworks.order-rereads.v1",
            partition=0,
            offset=0,
            timestamp=0,
            key=f"{domain}/{order_id}",
            value=json.dumps(value).encode(),
            headers={"ce_type": "printworks.order.touched.v1", "ce_id": "1", "content-type": "application/json"},
        )
        await bench.new_rereads().handle(record)

    async def waiting(self, bench: Bench) -> int:
        return await bench.pool.fetchval("SELECT count(*) FROM rereads")

    async def test_a_touched_order_is_read_and_published_whole_with_the_webhook_that_told_of_it(
        self, bench: Bench
    ) -> None:
        await bench.put_order(1, ago=300 * HOUR)
        await self.touch(bench, 1)
        rereads = bench.new_rereads()
        assert await rereads.dispatch() == 1
        await rereads.drain()
        [event] = await bench.published.take(bench.shop.domain)
        assert (event["order_id"], event["cause"]) == ("1", "orders/edited")
        assert await self.waiting(bench) == 0

    async def test_an_order_touched_many_times_is_read_once(self, bench: Bench) -> None:
        await bench.put_order(1)
        for _ in range(10):
            await self.touch(bench, 1)
        rereads = bench.new_rereads()
        assert await rereads.dispatch() == 1
        await rereads.drain()
        assert await bench.orders() == ["1"]

    async def test_one_touched_while_it_is_read_is_read_once_more(self, bench: Bench) -> None:
        await bench.put_order(1)
        await self.touch(bench, 1)
        rereads = bench.new_rereads()
        await rereads.dispatch()
        await self.touch(bench, 1)
        await rereads.drain()
        assert await self.waiting(bench) == 1
        assert await rereads.dispatch() == 1
        await rereads.drain()
        assert (await self.waiting(bench), await bench.orders()) == (0, ["1", "1"])

    async def test_while_shopify_is_away_it_is_tried_again_later_and_never_given_up(self, bench: Bench) -> None:
        await bench.put_order(1)
        await self.touch(bench, 1)
        await bench.control.faults(server_error=1.0)
        rereads = bench.new_rereads()
        for _ in range(8):
            assert await rereads.dispatch() == 1
            await rereads.drain()
            assert await rereads.dispatch() == 0
            bench.clock.ahead += timedelta(minutes=5)
        await bench.control.faults()
        assert await rereads.dispatch() == 1
        await rereads.drain()
        assert await bench.orders() == ["1"]

    async def test_what_somebody_waits_for_goes_before_what_comes_by_the_thousand(self, bench: Bench) -> None:
        for number in range(1, 7):
            await bench.put_order(number)
            await self.touch(bench, number, "mapping_added" if number < 6 else "refunded")
        rows = await bench.pool.fetch("SELECT order_id FROM rereads WHERE NOT bulk")
        assert [row["order_id"] for row in rows] == [6]
        rereads = bench.new_rereads()
        assert await rereads.dispatch() == 4
        claimed = await bench.pool.fetch("SELECT order_id FROM rereads WHERE claimed_until IS NOT NULL")
        assert 6 in {row["order_id"] for row in claimed}
        await rereads.drain()

    async def test_an_order_that_shopify_no_longer_has_is_let_go(self, bench: Bench) -> None:
        await self.touch(bench, 404)
        rereads = bench.new_rereads()
        await rereads.dispatch()
        await rereads.drain()
        assert (await self.waiting(bench), await bench.orders()) == (0, [])

    async def test_a_shop_that_is_not_served_here_is_a_dead_letter(self, bench: Bench) -> None:
        with pytest.raises(PoisonError) as refused:
            await self.touch(bench, 1, shop="nobody.myshopify.com")
        assert refused.value.code == "shop_unknown"
