"""Fault 8: one shop sends 50 times what each of the others sends. The others hardly notice.

Measured is the time from the `orders/paid` webhook to the ready tag on Shopify, of the others' orders: first when all
is quiet, then beside the noisy shop; run by run, so that both halves meet the same machine. All shops together send
what two cores can do. Told, not judged: the same beside a shop that alone sends more than they can.
"""

import asyncio
import statistics
import time
from itertools import count

from printworks_local.evidence import dead_letters
from printworks_local.pace import p95, seconds_to_ready, send_at
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import make_orders, wait_until_tagged

from tests.faults.products import TINY_CARD
from tests.faults.running import Context, Figures, Scenario
from tests.faults.system import SystemOptions

OTHERS = 20
RATE = 0.05
"""Orders a second of each of the others."""

NOISE = 50
FLOOD = 200
"""Times what each of the others sends: two cores take about six orders a second."""

MOST = 2.0
"""Times the quiet p95."""

READY_SECONDS = 900.0


async def run(context: Context) -> Figures:
    each, runs = context.pick(2, 3, 9), context.pick(1, 1, 3)
    ids = count(context.first_order_id, 10_000)
    letters = await dead_letters(context.system.bootstrap)
    ratios: list[float] = []
    orders = len(await half(context, ids, 1, times=0))  # the first orders find everything cold
    for number in range(1, runs + 1):
        quiet = await half(context, ids, each, times=0)
        loud = await half(context, ids, each, times=NOISE)
        ratios.append(p95(loud) / p95(quiet))
        orders += len(quiet) + len(loud) + each * NOISE
        context.tell(
            f"run {number}: p95 of {len(quiet)} orders {p95(quiet):.2f} s; beside {each * NOISE} orders of the noisy "
            f"shop {p95(loud):.2f} s: {ratios[-1]:.2f} times"
        )
    flooded = await half(context, ids, 2, times=FLOOD)
    orders += len(flooded) + 2 * FLOOD
    ratio = statistics.median(ratios)
    broken = [f"the others' p95 is {ratio:.2f} times the quiet one"] if ratio > MOST else []
    if letters != await dead_letters(context.system.bootstrap):
        broken.append("there are dead letters")
    more = {
        "p95": f"{ratio:.2f} times the quiet one",
        f"p95 beside {FLOOD * RATE:g} orders a second": f"{p95(flooded):.2f} s",
    }
    # All orders are ready, or a wait would have raised TimeoutError.
    return Figures(orders, orders, 0, 0, 0.0, more, broken)


async def half(context: Context, ids: "count[int]", each: int, *, times: int) -> list[float]:
    """Orders of all shops at their rates, `times`: what the noisy shop sends of what each of the others does. Returns
    the others' seconds from paid to ready when all are ready. Raises TimeoutError when one is not."""
    began = time.monotonic()
    noisy, *floors = context.system.floors

    async def live(place: int, floor: ShopFloor, orders: int) -> list[float]:
        """Orders of one shop; the shops take turns within the time between two orders."""
        apart = each / RATE / orders
        bodies = make_orders(next(ids), orders, context.system.addresses, lambda _: 1, TINY_CARD)
        paid = await send_at(floor, bodies, [began + (number + place / OTHERS) * apart for number in range(orders)])
        await wait_until_tagged(floor, paid, seconds=READY_SECONDS)
        return list((await seconds_to_ready(floor, paid)).values())

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(live(place, floor, each)) for place, floor in enumerate(floors)]
        if times:
            group.create_task(live(0, noisy, each * times))
    return [second for task in tasks for second in task.result()]


NOISY = Scenario("noisy", "one shop sends 50 times what the others send", SystemOptions(shops=OTHERS + 1), run)
