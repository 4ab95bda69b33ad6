"""Fault 4: the disk of the broker, or of the database, is full.

A broker that cannot write ends: the door answers 503 and never 200. A database that cannot write refuses what needs
room, and ends when its log needs some: the door answers 200, and the coordinator waits.
"""

import asyncio
import time
from dataclasses import dataclass

from printworks_local.stack import Part

from tests.faults.disk import fill, free
from tests.faults.door import knocking
from tests.faults.running import Context, Figures, Scenario, judged
from tests.faults.system import SystemOptions
from tests.faults.traffic import Traffic, TrafficOptions
from tests.faults.weather import all_ready, begun, drained, restarts

RATE = 3.0
NOTICED_SECONDS = 20.0
PATIENCE_SECONDS = 600.0
TIMES = 2.0


@dataclass(frozen=True, slots=True)
class FullDisk:
    """`door`: what a webhook is answered while the disk is full and the part has noticed."""

    part: Part
    door: int

    async def run(self, context: Context) -> Figures:
        system, full = context.system, context.pick(15, 30, 120)
        disk = system.disks[self.part]
        orders = round(RATE * (full + NOTICED_SECONDS + 10))
        deaths = restarts(system)
        more: dict[str, str] = {}
        broken: list[str] = []

        async def faults(traffic: Traffic) -> None:
            await begun(traffic, round(RATE * 5))
            began = time.monotonic()
            taken = fill(disk)
            context.tell(f"the disk of {self.part} is full: {taken >> 20} MB were free")
            await asyncio.sleep(NOTICED_SECONDS)
            async with knocking(context) as knocks:
                await asyncio.sleep(full)
            context.tell(f"the disk of {self.part} was full; the door: {knocks.text()}")
            if set(knocks.answers) != {self.door}:
                broken.append(f"while the disk of {self.part} was full the door answered {dict(knocks.answers)}")
            free(disk)
            if self.part is Part.KAFKA:
                await system.stack.stop(self.part)  # it may be about to end by itself
            started = await system.stack.start(self.part) > 0
            more[self.part] = "was started again" if started else "went on by itself"
            outage = time.monotonic() - began
            took = await drained(traffic, PATIENCE_SECONDS)
            more["full"] = f"{outage:.0f} s"
            more["drained after"] = "never" if took is None else f"{took:.1f} s"
            if took is None or took > TIMES * outage:
                broken.append(f"the disk was full for {outage:.0f} s, drained after {more['drained after']}")
            await all_ready(system)

        figures, _ = await judged(context, context.traffic(TrafficOptions(orders=orders, rate=RATE)), faults)
        figures.more |= more
        figures.broken += broken
        if ended := restarts(system) - deaths:
            figures.broken.append(f"{ended} processes of ours ended in place of waiting")
        return figures


KAFKA_DISK = Scenario(
    "kafka-disk", "the broker's disk is full", SystemOptions(disks={Part.KAFKA: 160}), FullDisk(Part.KAFKA, 503).run
)
POSTGRES_DISK = Scenario(
    "postgres-disk",
    "the database's disk is full",
    SystemOptions(disks={Part.POSTGRES: 256}),
    FullDisk(Part.POSTGRES, 200).run,
)
