"""Fault 4: a process and a server no longer hear each other for 30 seconds, while everybody else hears both."""

import asyncio

from tests.faults.links import Target
from tests.faults.proxy import FAIR, Direction, Weather
from tests.faults.running import Context, Figures, Scenario, judged
from tests.faults.traffic import Traffic, TrafficOptions
from tests.faults.weather import LINKED, all_ready, begun, drained, restarts, sown

SECONDS = 30.0
TIMES = 2.0
RATE = 2.0
PATIENCE_SECONDS = 300.0
OURS = frozenset({Target.KAFKA, Target.POSTGRES, Target.S3, Target.SHOPIFY, Target.RECEIVER})


async def run(context: Context) -> Figures:
    sown(context)
    links = context.system.links.by_end
    every = sorted((name, target) for name, target in links if target in OURS)
    pairs = every if context.pick(0, 0, 1) else context.chance.sample(every, k=context.pick(1, 3, 3))
    orders = round(RATE * (SECONDS + 10) * len(pairs))
    deaths = restarts(context.system)
    slowest = 0.0
    broken: list[str] = []

    async def faults(traffic: Traffic) -> None:
        nonlocal slowest
        await begun(traffic, round(RATE * 3))
        for name, target in pairs:
            link = links[name, target]
            # Silence in one direction is the meaner one: it was heard, and nobody knows.
            silent = context.chance.choice((Direction.BOTH, Direction.TO_SERVER, Direction.TO_CLIENT))
            link.weather = Weather(silent=silent)
            await asyncio.sleep(SECONDS)
            link.weather = FAIR
            took = await drained(traffic, PATIENCE_SECONDS)
            told = "never" if took is None else f"{took:.1f} s"
            context.tell(f"{name} and {target} were apart ({silent.name}); drained after {told}")
            slowest = max(slowest, took or PATIENCE_SECONDS)
            if took is None or took > TIMES * SECONDS:
                broken.append(f"{name} and {target} were apart ({silent.name}) for {SECONDS:g} s, drained after {told}")
        await all_ready(context.system)

    figures, _ = await judged(context, context.traffic(TrafficOptions(orders=orders, rate=RATE)), faults)
    figures.more["partitions"] = str(len(pairs))
    figures.more["slowest to drain"] = f"{slowest:.1f} s"
    figures.broken += broken
    if ended := restarts(context.system) - deaths:
        figures.broken.append(f"{ended} processes ended in place of waiting")
    return figures


PARTITION = Scenario("partition", "a process and a server do not hear each other for 30 s", LINKED, run)
