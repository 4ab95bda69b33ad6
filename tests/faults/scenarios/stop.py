"""Fault 2: SIGSTOP of a worker, a writer and a coordinator until others have done all their work, then SIGCONT.

What they then still say and write is late: it changes nothing.
"""

import asyncio
from collections import Counter

from printworks_local.services import COORDINATOR, WORKER, WRITER
from printworks_local.supervisor import Supervised

from tests.faults.judging import Verdict
from tests.faults.running import Context, Figures, Scenario, judged
from tests.faults.system import REPLICATED
from tests.faults.traffic import Traffic, TrafficOptions

STOPPED = (WORKER, WRITER, COORDINATOR)
TAKEN_OVER_SECONDS = 240.0
READY_SECONDS = 90.0


async def run(context: Context) -> Figures:
    orders = context.pick(60, 150, 500)
    # Much at once: each of the three has its hands full when it is stopped.
    traffic = context.traffic(TrafficOptions(orders=orders, rate=30.0, step_within_seconds=4.0))
    stopped = [context.chance.choice(context.system.of(service)) for service in STOPPED]
    after = sorted(context.chance.sample(range(orders // 3, orders), k=len(stopped)))
    wrong: dict[int, str] = {}

    async def faults(traffic: Traffic) -> None:
        try:
            for one, begun in zip(stopped, after, strict=True):
                while traffic.begun < begun:  # noqa: ASYNC110 - a place in the traffic is waited for, not a moment
                    await asyncio.sleep(0.02)
                one.pause()
                context.tell(f"stopped {one.name} after {traffic.begun} orders")
            while not traffic.over:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            wrong.update(await traffic.wait_until_right(TAKEN_OVER_SECONDS, context.tell))
            context.tell("the others have taken over everything" if not wrong else f"{len(wrong)} orders wait")
        finally:
            for one in stopped:
                one.resume()
        await asyncio.gather(*(said_everything(one) for one in stopped))

    figures, verdict = await judged(context, traffic, faults)
    figures.broken += [f"order {number} was not taken over: {reason}" for number, reason in wrong.items()]
    figures.more["results that came twice"] = str(late_results(verdict))
    return figures


async def said_everything(one: Supervised) -> None:
    """Until a process that was stopped has seen what became of its work and is ready again."""
    await asyncio.sleep(1)  # it answers from what it knew before, for a moment
    await one.wait_ready(READY_SECONDS)


def late_results(verdict: Verdict) -> int:
    """Render results that were published although another one of the same attempt was there."""
    return sum(
        count - 1
        for case in verdict.cases
        for count in Counter(event.event_id for event in case.evidence.results).values()
    )


STOP = Scenario("stop", "SIGSTOP of a worker, a writer, a coordinator, and SIGCONT when all is done", REPLICATED, run)
