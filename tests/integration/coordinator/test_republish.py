"""`republish`: the newest snapshot of each order once more, as it was published before."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from printworks_common.clock import SystemClock
from printworks_common.errors import GroundMissingError
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.filelinks import LinkSigner
from printworks_common.postgres import Pool
from printworks_render.coordinator import decisions
from printworks_render.coordinator.republish import BEGINNING, PAGE, Republished, republish
from printworks_render.coordinator.snapshots import Links
from printworks_render.coordinator.store import Change, OrderStore

from tests.integration.coordinator.test_orders_in_postgres import new_order, queued_order
from tests.unit.coordinator.examples import catalog, line, received

LINKS = Links(LinkSigner(keys={"a": b"k" * 32}, current="a"), "https://files.example.com")


class Taken:
    """In the producer's place; after `most` batches the broker is away."""

    def __init__(self, most: int = 1000) -> None:
        self.records: list[OutgoingRecord] = []
        self._most = most

    async def send_many(self, records: Sequence[OutgoingRecord]) -> None:
        if self._most == 0:
            raise GroundMissingError("away", code="broker_unreachable")
        self._most -= 1
        self.records += records


async def again(pool: Pool, taken: Taken, **wanted: Any) -> Republished:
    wanted.setdefault("told", lambda _done: None)
    return await republish(pool, taken, LINKS, SystemClock(), **wanted)


async def published(pool: Pool) -> dict[str, dict[str, Any]]:
    """The newest snapshot of each order that lies in the outbox."""
    rows = await pool.fetch("SELECT key, value, headers FROM outbox WHERE topic = $1 ORDER BY id", OrderSnapshot.topic)
    return {row["key"]: described(row["value"], row["headers"]) for row in rows}


def described(value: bytes, headers: Any) -> dict[str, Any]:
    told = {name: headers[name] for name in ("ce_id", "ce_type", "ce_source")}
    return json.loads(value) | told | {"occurred_at": None}


async def test_each_order_is_published_as_it_was_last(pool: Pool, store: OrderStore) -> None:
    for shop in ("one.myshopify.com", "two.myshopify.com"):
        await new_order(store, "1", shop, lines=2)
        await queued_order(store, "2", shop)
    taken = Taken()
    done = await again(pool, taken)
    assert (done.orders, done.unreadable) == (4, [])
    assert {one.key: described(one.value, one.headers) for one in taken.records} == await published(pool)
    assert {json.loads(one.value)["version"] for one in taken.records if one.key.endswith("/2")} == {2}


async def test_one_shop_alone(pool: Pool, store: OrderStore) -> None:
    for shop in ("one.myshopify.com", "two.myshopify.com"):
        await new_order(store, "1", shop)
    taken = Taken()
    await again(pool, taken, shop="two.myshopify.com")
    assert [one.key for one in taken.records] == ["two.myshopify.com/1"]


async def test_orders_without_anything_customised_have_no_snapshot(pool: Pool, store: OrderStore) -> None:
    order = received(line(1, sku=None), shop="one.myshopify.com", order_id="1")
    plain = decisions.take_in(None, order, catalog(), datetime.now(UTC)).order
    await store.change("one.myshopify.com", "1", lambda _known: Change(plain))
    taken = Taken()
    assert (await again(pool, taken)).orders == 0


async def test_broken_off_it_goes_on_behind_the_last_order(pool: Pool, store: OrderStore) -> None:
    orders = PAGE + 20
    for number in range(1, orders + 1):
        await new_order(store, str(number))
    places = [BEGINNING]
    first = Taken(most=1)
    with pytest.raises(GroundMissingError):
        await again(pool, first, told=lambda done: places.append(done.through))
    assert len(first.records) == PAGE
    rest = Taken()
    await again(pool, rest, after=places[-1])
    assert {one.key for one in first.records} | {one.key for one in rest.records} == set(await published(pool))
    assert len(rest.records) == 20


async def test_a_document_that_cannot_be_read_is_named_and_stops_nothing(pool: Pool, store: OrderStore) -> None:
    for number in ("1", "2", "3"):
        await new_order(store, number)
    await pool.execute("""UPDATE orders SET doc = doc || '{"jobs": [{"status": "odd"}]}' WHERE order_id = 2""")
    taken = Taken()
    done = await again(pool, taken)
    assert (done.orders, done.unreadable) == (2, [("one.myshopify.com", 2)])
