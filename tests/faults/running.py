"""How a scenario runs: traffic and faults together, then silence, then the judgement; and the figures it gives."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.progress import wait_until_read
from printworks_common.settings import KafkaSettings
from printworks_local.evidence import dead_letters

from tests.faults.judging import Verdict, judge
from tests.faults.system import System, SystemOptions
from tests.faults.traffic import Traffic, TrafficOptions

FIRST_ORDER = 9_200_000_000_000_000
"""Above 2^53: a reader that rounds ids would be found out."""

ORDERS_APART = 1_000_000
QUIET_SECONDS = 60.0
"""Until every consumer has read everything, when all orders are right already."""

SHOWN = 20
"""Broken promises that are printed."""


@dataclass
class Figures:
    """What a scenario has measured. `seconds`: from the last fault's end until every order was right."""

    orders: int
    right: int
    lost: int
    duplicates: int
    seconds: float
    more: dict[str, str] = field(default_factory=dict[str, str])
    broken: list[str] = field(default_factory=list[str])

    def line(self) -> str:
        words = [
            f"{self.right} of {self.orders} orders right", f"{self.lost} events lost",
            f"{self.duplicates} visible duplicates", f"all terminal after {self.seconds:.0f} s",
            *(f"{name} {value}" for name, value in self.more.items()),
        ]  # fmt: skip
        return ", ".join(words)

    def text(self) -> str:
        """The line, and what is wrong below it."""
        rest = len(self.broken) - SHOWN
        return "\n".join([self.line(), *self.broken[:SHOWN], *([f"and {rest} more"] if rest > 0 else [])])


class Form(StrEnum):
    """How much of a scenario runs: as part of all tests, in about a minute, or as much as is promised."""

    SHORT = "short"
    USUAL = "usual"
    LONG = "long"


@dataclass
class Context:
    """What a scenario gets. All that is random in it comes from `seed` and the scenario's name."""

    name: str
    system: System
    seed: int
    form: Form
    first_order_id: int
    tell: Callable[[str], None]
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed}/{self.name}/faults")

    def traffic(self, options: TrafficOptions) -> Traffic:
        """Traffic of this scenario. Its orders begin at `first_order_id`; only one can be made."""
        return Traffic(self.system, f"{self.seed}/{self.name}/traffic", self.first_order_id, options)

    def pick(self, short: int, usual: int, long: int) -> int:
        """A size, by the form that runs."""
        return {Form.SHORT: short, Form.USUAL: usual, Form.LONG: long}[self.form]


Run = Callable[[Context], Awaitable[Figures]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`options` of the system that it needs; those with equal options share one."""

    name: str
    summary: str
    options: SystemOptions
    run: Run


async def judged(
    context: Context,
    traffic: Traffic,
    faults: Callable[[Traffic], Coroutine[Any, Any, None]],
    *,
    seconds: float = 300.0,
    letters_expected: Iterable[str] = (),
    fails: Mapping[int, str] | None = None,
    calm: bool = False,
) -> tuple[Figures, Verdict]:
    """Traffic and faults together; then at most `seconds` until every order is right, and the judgement. `calm`: these
    faults are none."""
    system = context.system
    letters = await dead_letters(system.bootstrap)
    async with asyncio.TaskGroup() as group:
        group.create_task(traffic.live())
        group.create_task(faults(traffic))
    over = time.monotonic()
    context.tell("traffic and faults are over")
    await traffic.wait_until_right(seconds, context.tell)
    took = time.monotonic() - over
    deadline = time.monotonic() + QUIET_SECONDS
    while True:
        late = await behind(system)
        verdict = await judge(
            system,
            traffic.told,
            letters_before=letters,
            letters_expected=set(letters_expected),
            fails=fails,
            calm=calm,
        )
        # What is told on the way from the topics to Shopify or the read model is not wrong, if it arrives.
        if not verdict.broken or time.monotonic() > deadline:
            break
    figures = figures_of(verdict, took)
    figures.broken += [f"{group} has not read everything after {QUIET_SECONDS:g} s" for group in late]
    return figures, verdict


def figures_of(verdict: Verdict, seconds: float) -> Figures:
    return Figures(
        orders=verdict.orders,
        right=verdict.right,
        lost=verdict.lost,
        duplicates=verdict.duplicates,
        seconds=seconds,
        broken=[str(one) for one in verdict.broken],
    )


async def behind(system: System) -> list[str]:
    """Consumer groups that have not read everything, a minute after everything was right."""
    settings, stopping = KafkaSettings(kafka_bootstrap=system.bootstrap), asyncio.Event()
    consumers = {group: topics for group, topics in GROUPS.items() if group != "receiver"}

    async def lags(group: str, topics: Sequence[str]) -> bool:
        return not await wait_until_read(settings, group, topics, stopping, within=QUIET_SECONDS)

    found = await asyncio.gather(*(lags(group, topics) for group, topics in consumers.items()))
    return [group for group, late in zip(consumers, found, strict=True) if late]
