"""Gathers what can be seen from outside of a system, and says what is wrong with the orders that it was told of."""

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import httpx
from printworks_common.events.topics import Topic
from printworks_local.evidence import SHOWN_TOPICS, Event, collect, dead_letters, read_topics
from printworks_local.shop_floor import ShopFloor, read_order

from tests.faults.invariants import Broken, Case, Kind, broken_promises, flaw_of
from tests.faults.system import System
from tests.faults.traffic import Told

STRANGERS = 20
"""So many orders of each shop are asked for with every other shop's key."""


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
) -> Verdict:
    """Everything is read to its present end, so all has to be quiet. `fails`: orders that have to fail, and why;
    `letters_expected`: dead-letter topics that may have grown."""
    topics = await read_topics(system.bootstrap, *SHOWN_TOPICS, Topic.ORDER_REREADS)
    cases = [await _case(one, topics, fails or {}) for one in told if one.stories]
    broken = [sentence for case in cases for sentence in broken_promises(case)]
    broken += [Broken(8, None, text) async for text in _seen_by_others(told)]
    letters = await dead_letters(system.bootstrap)
    grown = {name: count - letters_before.get(name, 0) for name, count in letters.items()}
    broken += [
        Broken(6, None, f"{count} dead letters on {name}")
        for name, count in grown.items()
        if count and name not in letters_expected
    ]
    return Verdict(sum(len(one.stories) for one in told), broken, cases)


async def _case(told: Told, topics: Mapping[Topic, list[Event]], fails: Mapping[int, str]) -> Case:
    wanted = set(told.order_ids)
    orders = {
        int(one["id"]): one
        async for one in told.floor.shopify.orders(after=min(wanted) - 1)
        if int(one["id"]) in wanted
    }
    evidence = await collect(told.floor, wanted, topics=topics, look=flaw_of)
    rereads = [one for one in topics[Topic.ORDER_REREADS] if int(one.data["order_id"]) in wanted]
    linked = await _linked(orders)
    return Case(told, evidence, orders, rereads, linked, {number: fails[number] for number in wanted & fails.keys()})


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


async def _seen_by_others(told: Sequence[Told]) -> AsyncIterator[str]:
    """8: with its own key a shop sees nothing of another's orders."""
    for mine, theirs in permutations(told, 2):
        for number in theirs.order_ids[:STRANGERS]:
            if await mine.floor.in_api(number) is not None:
                yield f"{mine.floor.shop.domain} sees order {number} of {theirs.floor.shop.domain}"
        strange = {str(number) for number in theirs.order_ids}
        if seen := strange & {one async for one in _listed(mine.floor)}:
            yield f"{mine.floor.shop.domain} lists {len(seen)} orders of {theirs.floor.shop.domain}"


async def _listed(floor: ShopFloor) -> AsyncIterator[str]:
    """Order ids in the shop's list of print jobs."""
    cursor = None
    while True:
        query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        answer = await floor.api.get("/v1/print-jobs", params=query)
        answer.raise_for_status()
        page = answer.json()
        for row in page["items"]:
            yield str(row["order_id"])
        cursor = page.get("next_cursor")
        if not cursor:
            return
