"""What a person or a shop has in the bucket goes at once when it is asked for, whatever dates and holds say."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from printworks_common.events.control import PrivacyRequested
from printworks_common.events.privacy import KnownOrder, PrivacyAnswered
from printworks_local.evidence import read_topic
from printworks_retention.calendar import order_prefix
from printworks_retention.erasure import Erasures

from tests.integration.retention.conftest import SHOP, TODAY, Bench, snapshot
from tests.integration.retention.test_notices_and_walks import walk_of
from tests.records import record_of

LATER = TODAY + timedelta(days=30)
PLACED = LATER - timedelta(days=90)
"""When an order was placed whose day is `LATER`."""


def request(kind: str, *order_ids: int, shop: str = SHOP) -> PrivacyRequested:
    return PrivacyRequested.model_validate(
        {"shop": shop, "kind": kind, "request_id": uuid4().hex, "order_ids": [str(one) for one in order_ids],
         "requested_at": datetime.now(UTC)}
    )  # fmt: skip


def closed(asked: PrivacyRequested, *known: tuple[int, date], service: str = "coordinator") -> PrivacyAnswered:
    return PrivacyAnswered(
        shop=asked.shop,
        kind=asked.kind,
        request_id=asked.request_id,
        service=service,
        orders=len(known),
        known_orders=tuple(KnownOrder(order_id=str(number), order_date=day) for number, day in known),
        answered_at=datetime.now(UTC),
    )


async def erase(erasures: Erasures, asked: PrivacyRequested, *known: tuple[int, date]) -> int:
    """Ask, let the coordinator close the orders, and run. Returns how many objects went."""
    await erasures.requested(asked)
    await erasures.answered(closed(asked, *known))
    return await erasures.run()


async def answers(bench: Bench, asked: PrivacyRequested) -> list[dict[str, Any]]:
    events = await read_topic(bench.settings.kafka_bootstrap, "printworks.privacy.v1")
    return [one.data for one in events if one.data["request_id"] == asked.request_id]


async def test_a_customers_files_go_before_their_day_and_although_they_are_held(bench: Bench) -> None:
    prefix = await bench.order(1, LATER)
    other = await bench.order(2, LATER)
    await bench.hold("dispute", 1)
    await bench.objects.put_bytes(f"{prefix}job/0", b"a second version", "image/jpeg")
    asked = request("erase_customer", 1)
    assert await erase(bench.erasures(), asked, (1, PLACED)) >= 3
    assert await bench.left(prefix, other) == [0, 3]
    [entry] = await bench.audit()
    facts = entry.facts()
    assert (facts["kind"], facts["reason"], facts["request_id"]) == ("erasure", "erase_customer", asked.request_id)
    [answer] = await answers(bench, asked)
    assert (answer["service"], answer["orders"]) == ("retention", 1)
    assert answer["objects"] == facts["objects"]


async def test_nothing_goes_before_the_coordinator_has_closed_the_orders(bench: Bench) -> None:
    prefix = await bench.order(1, LATER)
    asked = request("erase_customer", 1)
    erasures = bench.erasures()
    await erasures.requested(asked)
    await erasures.answered(closed(asked, (1, PLACED), service="shopify-writer"))
    assert await erasures.run() == 0
    assert await bench.left(prefix) == [3]
    assert await answers(bench, asked) == []


async def test_an_order_whose_snapshot_has_not_come_yet_is_found_by_what_the_coordinator_says(bench: Bench) -> None:
    prefix = order_prefix(PLACED, SHOP, "7")
    await bench.objects.put_bytes(f"{prefix}job/1/print.pdf", b"print", "application/pdf")
    assert await erase(bench.erasures(), request("erase_customer", 7), (7, PLACED)) == 1
    assert await bench.left(prefix) == [0]


async def test_what_was_being_rendered_meanwhile_goes_a_while_later(bench: Bench) -> None:
    prefix = await bench.order(1, LATER)
    erasures = bench.erasures()
    assert await erase(erasures, request("erase_customer", 1), (1, PLACED)) == 3
    await bench.objects.put_bytes(f"{prefix}job/late", b"late", "application/pdf")
    assert await erasures.run() == 0
    bench.clock.offset = timedelta(minutes=16)
    assert await erasures.run() == 1
    assert await bench.left(prefix) == [0]
    assert sum(entry.facts()["objects"] for entry in await bench.audit()) == 4


async def test_a_walk_clears_what_came_even_later(bench: Bench) -> None:
    prefix = await bench.order(1, LATER)
    await erase(bench.erasures(), request("erase_customer", 1), (1, PLACED))
    await bench.objects.put_bytes(f"{prefix}job/late", b"late", "application/pdf")
    assert (await walk_of(bench).run()).strays == 1
    assert await bench.left(prefix) == [0]


async def test_an_erased_order_is_neither_noted_again_nor_told_of_before_its_day(bench: Bench) -> None:
    asked = request("erase_customer", 1)
    await erase(bench.erasures(), asked)
    stale = snapshot(1, LATER, order_date=PLACED)
    await bench.ledger.keep(record_of(stale))
    assert await bench.pool.fetchval("SELECT count(*) FROM orders") == 0
    told = stale.model_copy(update={"version": 2, "erased_at": datetime.now(UTC)})
    await bench.ledger.keep(record_of(told))
    assert await bench.pool.fetchval("SELECT purged_at IS NOT NULL FROM orders WHERE order_id = 1")


async def test_the_same_request_twice_and_two_runs_at_once_are_harmless(bench: Bench) -> None:
    prefix = await bench.order(1, LATER)
    asked = request("erase_customer", 1)
    erasures = bench.erasures()
    for _ in range(2):
        await erase(erasures, asked, (1, PLACED))
    assert await bench.left(prefix) == [0]
    assert sum(entry.facts()["objects"] for entry in await bench.audit()) == 3
    assert len(await answers(bench, asked)) == 1


async def test_the_kill_switch_stops_erasures_too_and_afterwards_they_go_on(bench: Bench) -> None:
    prefix = await bench.order(1, LATER)
    assert await erase(bench.erasures(enabled=False), request("erase_customer", 1), (1, PLACED)) == 0
    assert await bench.left(prefix) == [3]
    assert await bench.erasures().run() == 3


async def test_of_a_shop_everything_goes_known_or_not_and_its_library_and_nothing_of_others(bench: Bench) -> None:
    known = await bench.order(1, LATER)
    unknown = order_prefix(PLACED - timedelta(days=5), SHOP, "99")
    await bench.objects.put_bytes(f"{unknown}job/picture", b"picture", "image/jpeg")
    library = f"assets/{SHOP}/"
    await bench.objects.put_bytes(f"{library}sticker", b"sticker", "image/png")
    neighbour = await bench.order(1, LATER, shop=f"not-{SHOP}")
    await bench.objects.put_bytes(f"assets/not-{SHOP}/sticker", b"sticker", "image/png")
    await bench.period(30)
    await bench.hold("all")

    assert await erase(bench.erasures(), request("erase_shop")) == 5

    assert await bench.left(known, unknown, library, neighbour, f"assets/not-{SHOP}/") == [0, 0, 0, 3, 1]
    rows = [await bench.pool.fetchval(f"SELECT count(*) FROM {table}") for table in ("periods", "holds")]
    assert rows == [0, 0]
    assert await bench.pool.fetchval("SELECT array_agg(shop) FROM orders") == [f"not-{SHOP}"]
    assert sum(entry.facts()["objects"] for entry in await bench.audit()) == 5
