"""Fault 6: print jobs that crash their render process, never end, or take all memory. They fail with their reason, the
workers live, and the others' orders hardly notice.

Measured is the time from the `orders/paid` webhook to the ready tag on Shopify, of the good orders: first among good
ones only, then among bad ones; run by run, so that both halves meet the same machine.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count

import psutil
from printworks_local.evidence import dead_letters
from printworks_local.pace import p95, seconds_to_ready, send_at
from printworks_local.services import WORKER, Service
from printworks_local.shop_floor import ShopFloor
from printworks_local.stack.model import checkout_root
from printworks_local.stack.process import Command
from printworks_local.traffic import make_orders, wait_until_tagged

from tests.faults.launchers.worker import POISONS
from tests.faults.products import TINY_CARD
from tests.faults.running import Context, Figures, Form, Scenario
from tests.faults.system import System, SystemOptions
from tests.faults.weather import restarts

RATE = 2.0
TIMEOUT_SECONDS = 6
"""Less than the long form leaves between two bad jobs: a worker whose every slot is in an endless loop renders nothing
until one of them has been stopped, and that is what this time is for."""
MOST = 1.10
"""Times the p95 without poison."""

GROWTH_MB = 40
"""What a worker may have grown by, its render processes apart."""

READY_SECONDS = 600.0
FAILED_TAG = "pw-artwork-failed"


def poisonable(service: Service, command: Command) -> Command:
    """The worker with the wrapped engine."""
    if service is not WORKER:
        return command
    return replace(
        command,
        arguments=[sys.executable, "-m", "tests.faults.launchers.worker"],
        environment={**command.environment, "PYTHONPATH": str(checkout_root())},
    )


@dataclass(frozen=True, slots=True)
class Half:
    """`seconds`: from paid to ready, of the good orders. `reasons`: what was found, of the bad ones, by name."""

    seconds: list[float]
    reasons: Mapping[str, str | None]


async def run(context: Context) -> Figures:
    system = context.system
    floor, good, runs = system.floors[0], context.pick(12, 60, 84), context.pick(1, 1, 3)
    ids = count(context.first_order_id, 10_000)
    letters, deaths, memory = await dead_letters(system.bootstrap), restarts(system), worker_memory(system)
    ratios: list[float] = []
    broken: list[str] = []
    bad = 0
    for number in range(1, runs + 1):
        without = await half(context, floor, ids, good, copies=0)
        among = await half(context, floor, ids, good, copies=1)
        alone, beside = p95(without.seconds), p95(among.seconds)
        ratios.append(beside / alone)
        bad += len(among.reasons)
        context.tell(
            f"run {number}: p95 of {good} orders {alone:.2f} s; among {len(among.reasons)} bad ones "
            f"{beside:.2f} s: {ratios[-1]:.2f} times"
        )
        for name, reason in among.reasons.items():
            what = name.removeprefix("#poison-").rpartition("-")[0]
            if reason != POISONS[what][1]:
                broken.append(f"{name} has failed with {reason}, expected {POISONS[what][1]}")
    wrong = len(broken)
    ratio = statistics.median(ratios)
    # Fewer than 500 orders are no measurement.
    if context.form is Form.LONG and ratio > MOST:
        broken.append(f"the others' p95 is {ratio:.2f} times that without bad jobs")
    if letters != await dead_letters(system.bootstrap):
        broken.append("there are dead letters")
    if restarts(system) != deaths:
        broken.append("a worker has died of a job")
    grown = worker_memory(system) - memory
    if grown > GROWTH_MB * 1024 * 1024:
        broken.append(f"the workers have grown by {grown >> 20} MB")
    more = {
        "bad jobs": str(bad),
        "p95 of the others": f"{ratio:.2f} times that without them",
        "workers have grown by": f"{grown >> 20} MB",
    }
    orders = 2 * good * runs + bad
    return Figures(orders, orders - wrong, 0, 0, 0.0, more, broken)


async def half(context: Context, floor: ShopFloor, ids: "count[int]", good: int, *, copies: int) -> Half:
    """Good orders at their rate, among them so many of each kind of bad ones. Raises TimeoutError."""
    began, addresses = time.monotonic(), context.system.addresses
    bodies = make_orders(next(ids), good, addresses, lambda _: 1, TINY_CARD)
    bad = make_orders(next(ids), copies * len(POISONS), addresses, lambda _: 1, TINY_CARD)
    for number, body in enumerate(bad):
        body["name"] = f"#poison-{list(POISONS)[number % len(POISONS)]}-{number}"
    apart = good / RATE / max(1, len(bad))
    paid, _ = await asyncio.gather(
        send_at(floor, bodies, [began + number / RATE for number in range(good)]),
        send_at(floor, bad, [began + (number + 0.5) * apart for number in range(len(bad))]),
    )
    await wait_until_tagged(floor, paid, seconds=READY_SECONDS)
    await wait_until_tagged(floor, [int(body["id"]) for body in bad], seconds=READY_SECONDS, tag=FAILED_TAG)
    took = await seconds_to_ready(floor, paid)
    reasons = {body["name"]: await reason_of(floor, int(body["id"])) for body in bad}
    return Half([took[number] for number in paid], reasons)


async def reason_of(floor: ShopFloor, order_id: int) -> str | None:
    """Of the order's job, as the API shows it."""
    order = await floor.shown(order_id, lambda one: one["artwork_status"] == "failed")
    return order["jobs"][0]["reason_code"] if order is not None else None


def worker_memory(system: System) -> int:
    """Resident bytes of all workers, without their render processes."""
    return sum(psutil.Process(one.pid).memory_info().rss for one in system.of(WORKER) if one.pid is not None)


POISON = Scenario(
    "poison",
    "jobs that crash, loop, or take all memory",
    SystemOptions(shops=1, launch=poisonable, environment={"PRINTWORKS_RENDER_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS)}),
    run,
)
