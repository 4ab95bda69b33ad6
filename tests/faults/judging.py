"""Gathers what can be seen from outside of a system, and says what is wrong with the orders that it was told of."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import httpx
from printworks_common.events.topics import Topic
from printworks_local.evidence import SHOWN_TOPICS, Event, collect, dead_letters, read_topics
from printworks_local.products import PHOTO_PROPERTY
from printworks_local.shop_floor import read_order

from tests.faults.invariants import THUMBNAIL, Broken, Case, Kind, Picture, broken_promises, flaw_of
from tests.faults.likeness import Photographs
from tests.faults.strangers import Shop, reached
from tests.faults.system import System
from tests.faults.traffic import Told


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the orders. `cases` are the shops' evidence, for scenarios that look closer."""

    orders: int
    broken: list[Broken]
    cases: list[Case] = field(repr=False)

    @property
    def right(self) -> int:
        wrong = {one.order_id for one in self.broken if one.order_id is not None}
        return self.orders - len(wrong)

    @property
    def lost(self) -> int:
        return sum(one.kind is Kind.LOST for one in self.broken)

    @property
    def duplicates(self) -> int:
        return sum(one.kind is Kind.DUPLICATE for one in self.broken)


async def judge(
    system: System,
    told: Sequence[Told],
    *,
    letters_before: Mapping[str, int],
    letters_expected: Collection[str] = (),
    fails: Mapping[int, str] | None = None,
    calm: bool = False,
) -> Verdict:
    """Everything is read to its present end, so all has to be quiet. `fails`: orders that have to fail, and why;
    `letters_expected`: dead-letter topics that may have grown; `calm`: there was no fault."""
    topics = await read_topics(system.bootstrap, *SHOWN_TOPICS, Topic.ORDER_REREADS)
    customers = Customers(system)
    cases = [await _case(customers, one, topics, fails or {}, calm=calm) for one in told if one.stories]
    broken = [sentence for case in cases for sentence in broken_promises(case)]
    shops = [Shop(one.floor.shop.domain, one.floor.api, {str(number) for number in one.order_ids}) for one in told]
    broken += [Broken(8, None, text) async for text in reached(shops)]
    letters = await dead_letters(system.bootstrap)
    grown = {name: count - letters_before.get(name, 0) for name, count in letters.items()}
    broken += [
        Broken(6, None, f"{count} dead letters on {name}")
        for name, count in grown.items()
        if count and name not in letters_expected
    ]
    return Verdict(sum(len(one.stories) for one in told), broken, cases)


class Customers:
    """What the customers gave, and what became of it: their pictures' bytes, and the photographs in them."""

    def __init__(self, system: System) -> None:
        self._server = system.pictures
        self._photographs = Photographs({name: system.pictures.served(name) for name in system.addresses})
        self.shown: dict[str, str] = {}
        """The photographs on thumbnails that were looked at, by the objects' keys."""

    def look(self, key: str, content: bytes) -> str | None:
        """Its flaw. Of a thumbnail it is remembered what it shows."""
        flaw = flaw_of(key, content)
        if flaw is None and THUMBNAIL in PurePosixPath(key).name:
            self.shown[key] = self._photographs.shown(content)
        return flaw

    def named(self, orders: Iterable[dict[str, Any]]) -> dict[str, Picture]:
        """The picture that each line item names, by the line item's id."""
        addresses = {
            str(line["id"]): one["value"]
            for order in orders
            for line in order["line_items"]
            for one in line["properties"]
            if one["name"] == PHOTO_PROPERTY
        }
        return {
            line: Picture(address.partition("?")[0], hashlib.sha256(self._server.served(address)).hexdigest())
            for line, address in addresses.items()
        }


async def _case(
    customers: Customers, told: Told, topics: Mapping[Topic, list[Event]], fails: Mapping[int, str], *, calm: bool
) -> Case:
    wanted = set(told.order_ids)
    orders = {
        int(one["id"]): one
        async for one in told.floor.shopify.orders(after=min(wanted) - 1)
        if int(one["id"]) in wanted
    }
    evidence = await collect(told.floor, wanted, topics=topics, look=customers.look)
    rereads = [one for one in topics[Topic.ORDER_REREADS] if int(one.data["order_id"]) in wanted]
    linked = await _linked(orders)
    return Case(
        told=told,
        evidence=evidence,
        orders=orders,
        rereads=rereads,
        linked=linked,
        pictures=customers.named(orders.values()),
        shown=customers.shown,
        fails={number: fails[number] for number in wanted & fails.keys()},
        calm=calm,
    )


async def _linked(orders: Mapping[int, dict[str, Any]]) -> dict[int, list[str]]:
    """sha256 of what whoever follows the links on Shopify gets; the status instead where it is no file."""
    found: dict[int, list[str]] = {}
    async with httpx.AsyncClient(trust_env=False, timeout=30, follow_redirects=True) as client:
        for number, order in orders.items():
            answers = [await client.get(link) for link in read_order(order).artwork_files or ()]
            found[number] = [
                hashlib.sha256(one.content).hexdigest() if one.is_success else str(one.status_code) for one in answers
            ]
    return found
