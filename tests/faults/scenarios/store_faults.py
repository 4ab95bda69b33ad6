"""Fault 5: a store that slows us down, loses the ends of uploads and gives back other bytes than it has. No print job
is ready with a file that is not the one it names."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import fields

from tests.faults.gate import HttpFaults, StoreLink
from tests.faults.running import Context, Figures, Form, Scenario, judged
from tests.faults.traffic import Traffic, TrafficOptions
from tests.faults.weather import LINKED, LOOK_SECONDS, all_ready, begun, sown, store_links

FAULTS = HttpFaults(slow_down=0.2, cut_uploads=0.05, shortened_uploads=0.05, cut_downloads=0.1, wrong_bytes=0.1)
OFTEN = HttpFaults(slow_down=0.2, cut_uploads=0.1, shortened_uploads=0.1, cut_downloads=0.2, wrong_bytes=0.2)
"""For few orders."""

EACH_SECONDS = 120.0
"""The store stays bad until each fault has happened, at most so long after the last order has begun."""


async def run(context: Context) -> Figures:
    links = store_links(sown(context))
    bad = OFTEN if context.form is Form.SHORT else FAULTS
    orders = context.pick(50, 120, 1000)

    async def faults(traffic: Traffic) -> None:
        with ExitStack() as failing:
            for link in links:
                failing.enter_context(link.failing(bad))
            await begun(traffic, orders)
            context.tell(f"all {orders} orders have begun")
            deadline = time.monotonic() + EACH_SECONDS
            while missing(links) and time.monotonic() < deadline:  # noqa: ASYNC110 - counters are looked at
                await asyncio.sleep(LOOK_SECONDS)
        await all_ready(context.system)

    figures, _ = await judged(context, context.traffic(TrafficOptions(orders=orders, rate=3.0)), faults)
    figures.broken += [f"{name} did not happen" for name in missing(links)]
    counts = counted(links)
    figures.more["requests to the store"] = str(counts.pop("requests", 0))
    figures.more |= {name.replace("_", " "): str(count) for name, count in sorted(counts.items())}
    return figures


def counted(links: Iterable[StoreLink]) -> Counter[str]:
    """Requests, and how often each fault happened."""
    return sum((link.gate.counts for link in links), Counter[str]())


def missing(links: Iterable[StoreLink]) -> list[str]:
    """Faults that have not happened yet."""
    counts = counted(links)
    return [one.name for one in fields(HttpFaults) if not counts[one.name]]


STORE_FAULTS = Scenario("storage", "a store that slows down, loses and changes bytes", LINKED, run)
