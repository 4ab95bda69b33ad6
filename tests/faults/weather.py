"""Systems whose processes reach their servers through links, and what scenarios ask of them."""

import asyncio
import time
from collections.abc import Iterable

from printworks_local.chaos.verdict import not_right_on_shopify

from tests.faults.gate import StoreLink
from tests.faults.links import Target
from tests.faults.proxy import Link
from tests.faults.running import Context
from tests.faults.system import System, SystemOptions
from tests.faults.traffic import Traffic

LOOK_SECONDS = 0.5
READY_SECONDS = 120.0


async def make_link(process: str, target: Target) -> Link:
    """A link in fair weather; the seed comes with the scenario (`sown`)."""
    kind = StoreLink if target is Target.S3 else Link
    return await kind.start(process, target.value, seed=0)


LINKED = SystemOptions(link=make_link)
"""One process of each service, each with a link of its own to each of its servers."""


def sown(context: Context) -> list[Link]:
    """All links, with the scenario's seed in them and nothing counted yet."""
    links = list(context.system.links.by_end.values())
    for link in links:
        link.sow(f"{context.seed}/{context.name}")
        link.counts.clear()
        if isinstance(link, StoreLink):
            link.gate.counts.clear()
    return links


def store_links(links: Iterable[Link]) -> list[StoreLink]:
    return [link for link in links if isinstance(link, StoreLink)]


async def drained(traffic: Traffic, seconds: float) -> float | None:
    """Seconds until all orders that have begun by now are as they have to be; None when it takes longer."""
    waiting = set(traffic.order_ids[: traffic.begun])
    began = time.monotonic()
    while True:
        for told in traffic.told:
            if mine := waiting & set(told.order_ids):
                async for order in told.floor.shopify.orders(after=min(mine) - 1):
                    if int(order["id"]) in mine and not_right_on_shopify(order) is None:
                        waiting.discard(int(order["id"]))
        took = time.monotonic() - began
        if not waiting:
            return took
        if took > seconds:
            return None
        await asyncio.sleep(LOOK_SECONDS)


async def begun(traffic: Traffic, orders: int) -> None:
    """Until so many orders have begun."""
    while traffic.begun < orders:  # noqa: ASYNC110 - a place in the traffic is waited for, not a moment
        await asyncio.sleep(0.05)


def restarts(system: System) -> int:
    """Processes that have ended and were started again."""
    return sum(one.restarts for one in system.processes.values())


async def all_ready(system: System) -> None:
    for one in system.processes.values():
        await one.wait_ready(READY_SECONDS)
