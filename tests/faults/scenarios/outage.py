"""Fault 4: broker, database or store is away for a while. The door answers what is true, nothing is lost, and what has
piled up is gone within twice the time of the outage."""

import asyncio
import time
from dataclasses import dataclass

from printworks_local.stack import Part

from tests.faults.door import knocking
from tests.faults.running import Context, Figures, Form, Scenario, judged
from tests.faults.system import REPLICATED
from tests.faults.traffic import Traffic, TrafficOptions
from tests.faults.weather import all_ready, begun, drained, restarts

RATE = 3.0
SETTLED_SECONDS = 2.0
"""What was under way when the part went away has been answered by then."""

SLOWEST_ANSWER_SECONDS = 5.0
"""Shopify waits so long."""

KNOCKING_SECONDS = 8.0
"""At least so long, also when the part took its time to end: a 503 comes after 3.5 seconds."""

PATIENCE_SECONDS = 600.0
TIMES = 2.0


@dataclass(frozen=True, slots=True)
class Outage:
    """`door`: what a webhook is answered meanwhile."""

    part: Part
    seconds: tuple[int, int, int]
    """By the form that runs."""
    door: int

    async def run(self, context: Context) -> Figures:
        stack, away = context.system.stack, context.pick(*self.seconds)
        # Orders come before, while the part is away, and after.
        orders = round(RATE * (away + 10))
        deaths = restarts(context.system)
        more: dict[str, str] = {}
        broken: list[str] = []

        async def faults(traffic: Traffic) -> None:
            await begun(traffic, round(RATE * 5))
            down = time.monotonic()
            await stack.stop(self.part)
            await asyncio.sleep(SETTLED_SECONDS)
            async with knocking(context) as knocks:
                await asyncio.sleep(max(KNOCKING_SECONDS, away - (time.monotonic() - down)))
            context.tell(f"{self.part} was away; the door: {knocks.text()}")
            if set(knocks.answers) != {self.door}:
                broken.append(f"while {self.part} was away the door answered {dict(knocks.answers)}")
            if knocks.slowest > SLOWEST_ANSWER_SECONDS:
                broken.append(f"while {self.part} was away an answer took {knocks.slowest:.1f} s")
            await stack.start(self.part)
            outage = time.monotonic() - down
            took = await drained(traffic, PATIENCE_SECONDS)
            more["away"] = f"{outage:.0f} s"
            more["drained after"] = "never" if took is None else f"{took:.1f} s"
            context.tell(f"everything of before is right {more['drained after']} after {self.part} came back")
            # The shortest outages end before sessions and back-offs do: their figure says nothing.
            if context.form is not Form.SHORT and (took is None or took > TIMES * outage):
                broken.append(f"{self.part} was away for {outage:.0f} s, drained after {more['drained after']}")
            await all_ready(context.system)

        figures, _ = await judged(context, context.traffic(TrafficOptions(orders=orders, rate=RATE)), faults)
        figures.more |= more
        figures.broken += broken
        if ended := restarts(context.system) - deaths:
            figures.broken.append(f"{ended} processes ended in place of waiting")
        return figures


KAFKA = Scenario("kafka", "Kafka is away", REPLICATED, Outage(Part.KAFKA, (8, 30, 120), 503).run)
POSTGRES = Scenario("postgres", "PostgreSQL is away", REPLICATED, Outage(Part.POSTGRES, (8, 30, 120), 200).run)
STORE = Scenario("store", "the object store is away", REPLICATED, Outage(Part.S3, (8, 30, 600), 200).run)
