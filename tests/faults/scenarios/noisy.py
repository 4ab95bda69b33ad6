"""Fault 8: one shop sends 50 times what each of the others sends. The others hardly notice.

Measured is the time from the `orders/paid` webhook to the ready tag on Shopify, of the others' orders: first when all
is quiet, then beside the noisy shop; run by run, so that both halves meet the same machine.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from printworks_local.evidence import dead_letters
from printworks_local.pace import p95, seconds_to_ready, send_at
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import make_orders, wait_until_tagged

from tests.faults.products import TINY_CARD
from tests.faults.running import Context, Figures, Scenario
from tests.faults.system import SystemOptions

OTHERS = 6
RATE = 0.2
"""Orders a second of each of the others."""

NOISE = 50
MOST = 2.0
"""Times the quiet p95."""

READY_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Half:
    """`seconds`: from paid to ready, of the others' orders. `noise`: orders of the noisy shop meanwhile."""

    seconds: list[float]
    noise: int


async def run(context: Context) -> Figures:
    each, runs = context.pick(6, 10, 28), context.pick(1, 1, 3)
    noisy, *others = context.system.floors
    ids = count(context.first_order_id, 10_000)
    letters = await dead_letters(context.system.bootstrap)
    ratios: list[float] = []
    orders = 0
    for number in range(1, runs + 1):
        quiet = await half(context, others, None, ids, each)
        loud = await half(context, others, noisy, ids, each)
        before, beside = p95(quiet.seconds), p95(loud.seconds)
        ratios.append(beside / before)
        orders += len(quiet.seconds) + len(loud.seconds) + loud.noise
        context.tell(
            f"run {number}: p95 of {len(quiet.seconds)} orders {before:.2f} s; beside {loud.noise} orders of the "
            f"noisy shop {beside:.2f} s: {ratios[-1]:.2f} times"
        )
    ratio = statistics.median(ratios)
    broken = [f"the others' p95 is {ratio:.2f} times the quiet one"] if ratio > MOST else []
    if letters != await dead_letters(context.system.bootstrap):
        broken.append("there are dead letters")
    # All orders are ready, or a wait would have raised TimeoutError.
    return Figures(orders, orders, 0, 0, 0.0, {"p95": f"{ratio:.2f} times the quiet one"}, broken)


async def half(
    context: Context, others: Sequence[ShopFloor], noisy: ShopFloor | None, ids: "count[int]", each: int
) -> Half:
    """Orders of all shops at their rates; ends when all are ready. Raises TimeoutError when one is not."""
    began = time.monotonic()
    floors = [*others, noisy] if noisy else list(others)

    async def live(place: int, floor: ShopFloor) -> list[float]:
        """Orders of one shop; the shops take turns within the time between two orders."""
        rate, orders = (RATE * NOISE, each * NOISE) if floor is noisy else (RATE, each)
        bodies = make_orders(next(ids), orders, context.system.addresses, lambda _: 1, TINY_CARD)
        due = [began + (number + place / len(floors)) / rate for number in range(orders)]
        paid = await send_at(floor, bodies, due)
        await wait_until_tagged(floor, paid, seconds=READY_SECONDS)
        took = await seconds_to_ready(floor, paid)
        return [] if floor is noisy else [took[number] for number in paid]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(live(place, floor)) for place, floor in enumerate(floors)]
    return Half([second for task in tasks for second in task.result()], each * NOISE if noisy else 0)


NOISY = Scenario("noisy", "one shop sends 50 times what the others send", SystemOptions(shops=OTHERS + 1), run)
