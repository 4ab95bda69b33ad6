"""Fault 7: every service is rolled out anew under load, with a migration of every schema while it is written to.

The steps are those of `helm upgrade`: migrations `pre`, each role's replicas one by one, migrations `post`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from printworks_local.shop_floor import ShopFloor
from printworks_local.supervisor import Supervised

from tests.faults.rollout import Release
from tests.faults.running import Context, Figures, Scenario, judged
from tests.faults.system import REPLICATED, System
from tests.faults.traffic import Traffic, TrafficOptions

READY_SECONDS = 90.0
PRE_STOP_SECONDS = 2.0
"""Between the moment at which nothing new goes to a pod and its SIGTERM; 10 s in the chart."""

READS_PER_SECOND = 20
MOST_FAILED = 0.001
"""Share of requests that may fail."""


async def run(context: Context) -> Figures:
    system = context.system
    orders = context.pick(100, 300, 1200)
    traffic = context.traffic(TrafficOptions(orders=orders, rate=context.pick(2, 4, 4)))
    reads: Counter[str] = Counter()

    async def faults(traffic: Traffic) -> None:
        async with reading(traffic, reads):
            while traffic.begun < orders // 10:  # noqa: ASYNC110 - a place in the traffic is waited for
                await asyncio.sleep(0.05)
            release = await Release.make(system, system.printworks.directory / "release")
            await release.migrate(system, "pre")
            context.tell(f"migrations have run after {traffic.begun} orders")
            for one in list(system.processes.values()):
                await roll(system, one, release)
            context.tell(f"the new release runs after {traffic.begun} orders")
            await release.migrate(system, "post")
            while not traffic.over:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    figures, _ = await judged(context, traffic, faults)
    sent = Counter(str(status) for told in traffic.told for status in told.answers.elements())
    for what, answers in (("webhooks", sent), ("API requests", reads)):
        failed = answers.total() - answers["200"]
        figures.more[f"{what} failed"] = f"{failed} of {answers.total()}"
        if failed > MOST_FAILED * answers.total():
            figures.broken.append(f"{failed} of {answers.total()} {what} failed: {dict(answers)}")
    return figures


async def roll(system: System, one: Supervised, release: Release) -> None:
    """End a process as Kubernetes does, and start the new release's in its place."""
    front = system.fronts.get(one.service.name)
    if front is not None:
        front.take_out(one)
        await asyncio.sleep(PRE_STOP_SECONDS)
    await one.restart(release.command(one.command))
    await one.wait_ready(READY_SECONDS)
    if front is not None:
        front.put_back(one)
        await front.wait_ready(one)


@asynccontextmanager
async def reading(traffic: Traffic, answers: Counter[str]) -> AsyncGenerator[None]:
    """A client of each shop that reads lists and orders, whatever is rolled out."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read_on(told.floor, len(traffic.told), answers)) for told in traffic.told]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def read_on(floor: ShopFloor, clients: int, answers: Counter[str]) -> None:
    paths = ["/v1/print-jobs?limit=20", "/v1/orders?limit=20"]
    while True:
        for path in list(paths):
            try:
                answer = await floor.api.get(path)
                answers[str(answer.status_code)] += 1
                if path.startswith("/v1/print-jobs") and answer.is_success:
                    seen = {row["order_id"] for row in answer.json()["items"][:3]}
                    paths[2:] = [f"/v1/orders/{number}" for number in sorted(seen)]
            except httpx.HTTPError as error:
                answers[type(error).__name__] += 1
            await asyncio.sleep(clients / READS_PER_SECOND)


ROLLING = Scenario("rolling", "every service rolled out anew under load, with migrations", REPLICATED, run)
