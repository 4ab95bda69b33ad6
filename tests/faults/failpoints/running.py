"""Fault 3: processes die at their fail-points, one point after the other in each process, while orders come in.

Every death is one of its own: the process was ready before it, and has to be ready again by itself. At the end every
promise is checked, as after any other fault.
"""

import asyncio
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from printworks_local.services import COORDINATOR, RECONCILER, WORKER, WRITER
from printworks_local.stack import StackError
from printworks_local.stack.model import checkout_root
from printworks_local.stack.process import Command
from printworks_local.supervisor import Supervised

from tests.faults.failpoints.points import FOLDER, PLACES, Point, Trigger, named
from tests.faults.running import Context, Figures, judged
from tests.faults.system import System, SystemOptions
from tests.faults.traffic import USUAL_FATES, Traffic, TrafficOptions

OPTIONS = SystemOptions(
    label="failpoints",
    # Whoever dies in a sweep keeps that shop's for a minute: with few shops nobody would come by the points there.
    shops=8,
    replicas={service.name: 2 for service in (RECONCILER, COORDINATOR, WORKER, WRITER)},
    environment={
        # The dead are missed for so long, each time.
        "PRINTWORKS_KAFKA_SESSION_SECONDS": "3",
        "PRINTWORKS_RECONCILE_EVERY_SECONDS": "2",
        # As in production several of the pauses above: three results in a row that never come are a lost job.
        "PRINTWORKS_RENDER_LEASE_SECONDS": "300",
    },
)

MET_SECONDS = 20.0
TURNS = 8
"""A point that no step comes by for so long under traffic, in so many turns of the replicas, is none."""

PAUSE_SECONDS = 1.0
"""Another replica takes what one did not come by."""

READY_SECONDS = 120.0
PASSAGES = 3
"""A point is met at its first, second or third passage."""

MOST_ORDERS = 20_000

FATES = replace(USUAL_FATES, late=0.3)
"""Only webhooks that have not come give the reconciler something to find, and so something to die at."""


@dataclass
class Deaths:
    """What happened. `ready_after`: seconds from each death until the process was ready again."""

    by_point: Counter[Point] = field(default_factory=Counter[Point])
    not_met: list[Point] = field(default_factory=list[Point])
    ready_after: list[float] = field(default_factory=list[float])
    stayed_down: list[str] = field(default_factory=list[str])

    @property
    def count(self) -> int:
        return self.by_point.total()


@dataclass(frozen=True, slots=True)
class Wish:
    """`times`: how often each point is met, 0 for no fault at all; `orders`: at least so many come meanwhile, `rate` a
    second; `within`: seconds until all of them have to be right."""

    times: int
    orders: int = 20
    rate: float = 1.5
    within: float = 300.0


async def crash(context: Context, points: Sequence[Point], wish: Wish) -> tuple[Figures, Deaths]:
    """Each of the points so many times, under traffic that lasts as long as it takes; then the judgement."""
    deaths = Deaths()
    # At the end there are as many stories as have begun.
    traffic = context.traffic(TrafficOptions(orders=MOST_ORDERS, rate=wish.rate, fates=FATES))

    async def faults(traffic: Traffic) -> None:
        try:
            if wish.times:
                async with fail_points_in(context.system) as triggers:
                    await _all_deaths(context, triggers, points, wish.times, deaths)
            while traffic.begun < wish.orders:  # noqa: ASYNC110 - a place in the traffic is waited for
                await asyncio.sleep(0.1)
        finally:
            traffic.stop()

    figures, _ = await judged(context, traffic, faults, seconds=wish.within, calm=wish.times == 0)
    figures.broken += [f"{point.name} was not met" for point in deaths.not_met]
    figures.broken += deaths.stayed_down
    figures.more |= {
        "points": str(len(deaths.by_point)),
        "deaths": str(deaths.count),
        "slowest ready again after": f"{max(deaths.ready_after, default=0):.1f} s",
    }
    return figures, deaths


async def _all_deaths(
    context: Context, triggers: Mapping[str, Trigger], points: Sequence[Point], times: int, deaths: Deaths
) -> None:
    async with asyncio.TaskGroup() as group:
        for service in sorted({point.service for point in points}):
            due = Due([point for point in points if point.service == service] * times, context.chance)
            for one in context.system.processes.values():
                if one.service.name == service:
                    chance = random.Random(context.chance.random())
                    group.create_task(_die(one, triggers[one.name], due, chance, deaths))
        telling = asyncio.create_task(_tell(context, len(points) * times, deaths))
    telling.cancel()


class Due:
    """The points of a service that its replicas have yet to die at, in an order by chance.

    What one replica does not come by, another one may: shards and rounds are held by one of them at a time.
    """

    def __init__(self, points: Sequence[Point], chance: random.Random) -> None:
        self._waiting = list(points)
        chance.shuffle(self._waiting)
        self._open = len(points)
        self._tried: Counter[Point] = Counter()

    async def take(self) -> Point | None:
        """The next one; None when all are settled."""
        while not self._waiting and self._open:  # noqa: ASYNC110 - a replica puts it back, or settles it
            await asyncio.sleep(0.1)
        return self._waiting.pop(0) if self._waiting else None

    def met(self, point: Point) -> None:
        self._open -= 1
        self._tried[point] = 0

    def not_met(self, point: Point) -> bool:
        """It is another replica's turn. Returns whether enough have tried."""
        self._tried[point] += 1
        enough = self._tried[point] >= TURNS
        if enough:
            self._open -= 1
        else:
            self._waiting.append(point)
        return enough


async def _die(one: Supervised, trigger: Trigger, due: Due, chance: random.Random, deaths: Deaths) -> None:
    while (point := await due.take()) is not None:
        trigger.arm(point, chance.randint(1, PASSAGES))
        if not await _met(trigger):
            if due.not_met(point):
                deaths.not_met.append(point)
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        due.met(point)
        deaths.by_point[point] += 1
        died = time.monotonic()
        try:
            await one.wait_ready(READY_SECONDS)
        except StackError as error:
            deaths.stayed_down.append(f"after {point.name}: {error}")
            return
        deaths.ready_after.append(time.monotonic() - died)


async def _met(trigger: Trigger) -> bool:
    deadline = time.monotonic() + MET_SECONDS
    while time.monotonic() < deadline:
        if trigger.met:
            return True
        await asyncio.sleep(0.05)
    trigger.disarm()
    return trigger.met  # it may have been met just now


async def _tell(context: Context, wanted: int, deaths: Deaths) -> None:
    while True:
        await asyncio.sleep(30)
        missed = f"; not met: {named(deaths.not_met)}" if deaths.not_met else ""
        context.tell(f"{deaths.count} of {wanted} deaths{missed}")


@asynccontextmanager
async def fail_points_in(system: System) -> AsyncGenerator[dict[str, Trigger]]:
    """Processes with fail-points instead of the usual ones; a trigger for each."""
    folder = system.printworks.directory / "failpoints"
    wrapped = [one for one in system.processes.values() if one.service in PLACES]
    usual = {one.name: one.command for one in wrapped}
    triggers = {name: Trigger(folder / name) for name in usual}
    try:
        await asyncio.gather(*(_start(one, _with_fail_points(one, triggers[one.name].folder)) for one in wrapped))
        yield triggers
    finally:
        await asyncio.gather(*(_start(one, usual[one.name]) for one in wrapped))
        shutil.rmtree(folder, ignore_errors=True)


async def _start(one: Supervised, command: Command) -> None:
    await one.restart(command)
    await one.wait_ready(READY_SECONDS)


def _with_fail_points(one: Supervised, folder: Path) -> Command:
    folder.mkdir(parents=True, exist_ok=True)
    command = one.command
    return replace(
        command,
        arguments=[
            *(sys.executable, "-m", "tests.faults.failpoints.launcher"),
            *(one.service.command, one.service.role),
        ],
        environment={"PYTHONPATH": str(checkout_root()), **command.environment, FOLDER: str(folder)},
    )
