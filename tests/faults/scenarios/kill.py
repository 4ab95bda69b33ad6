"""Fault 1: kill -9 of random processes while orders are on their way."""

import asyncio

from tests.faults.running import Context, Figures, Scenario, judged
from tests.faults.system import REPLICATED, System
from tests.faults.traffic import Traffic, TrafficOptions

READY_SECONDS = 120.0
TERMINAL_SECONDS = 300.0
"""All is terminal so soon after the last restart."""


async def run(context: Context) -> Figures:
    orders, kills, rate = context.pick(60, 150, 1000), context.pick(5, 10, 50), 4.0
    names = sorted(context.system.processes)
    # Each falls due when so many orders have begun: the same orders are on their way in every run of a seed.
    plan = sorted((context.chance.randrange(orders // 20, orders), context.chance.choice(names)) for _ in range(kills))

    async def faults(traffic: Traffic) -> None:
        for begun, name in plan:
            while traffic.begun < begun:  # noqa: ASYNC110 - a place in the traffic is waited for, not a moment
                await asyncio.sleep(0.05)
            await kill(context.system, name)
            context.tell(f"killed {name} after {traffic.begun} orders")
        for one in context.system.processes.values():
            await one.wait_ready(READY_SECONDS)

    traffic = context.traffic(TrafficOptions(orders=orders, rate=rate))
    figures, _ = await judged(context, traffic, faults, seconds=TERMINAL_SECONDS)
    figures.more["kills"] = str(kills)
    return figures


async def kill(system: System, name: str) -> None:
    """kill -9 as soon as the process runs: it may still be coming back from the time before."""
    one = system.processes[name]
    async with asyncio.timeout(READY_SECONDS):
        while one.pid is None:  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.05)
    one.kill()


KILL = Scenario("kill", "kill -9 of random processes among orders", REPLICATED, run)
