"""`make bench-scaling`: print jobs a second through the whole system with 1, 2 and 4 workers of one slot each.

First with a simulated cost: the render process sleeps a second and then makes a small print, so that cores do not
decide. Then with real photo prints (15 × 10 cm, 300 DPI, PDF/X-4) by 1 and 2 workers, which share the cores with
everything else. Counted is from the beginning of the first render to the end of the last, over a backlog.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from printworks_common.events.topics import Topic
from printworks_local.evidence import read_topic
from printworks_local.invariants import FINISHED
from printworks_local.pictures import PictureServer
from printworks_local.products import PHOTO, Product
from printworks_local.services import WORKER, Service
from printworks_local.shop_floor import ShopFloor
from printworks_local.stack.model import checkout_root
from printworks_local.stack.process import Command
from printworks_local.traffic import SMALL, make_orders, put_small_pictures, send_orders, wait_until_tagged
from printworks_local.up import UpOptions, start_printworks

FIRST_ORDER = 6_400_000_000_000
SLEEP_SECONDS = 1.0
READY_SECONDS = 900.0
REAL_WIDTH = 2400
"""Of the customers' pictures for real prints, in pixels."""


def with_cost(service: Service, command: Command) -> Command:
    """The worker whose render process sleeps first (tests/faults/launchers/worker.py)."""
    if service is not WORKER:
        return command
    environment = {"PYTHONPATH": str(checkout_root()), "PRINTWORKS_TEST_RENDER_SLEEP": str(SLEEP_SECONDS)}
    arguments = [sys.executable, "-m", "tests.faults.launchers.worker"]
    return replace(command, arguments=arguments, environment={**command.environment, **environment})


async def jobs_per_second(workers: int, jobs: int, product: Product, addresses: Sequence[str], *, cost: bool) -> float:
    options = UpOptions(
        label="bench",
        replicas={WORKER.name: workers},
        environment={
            "PRINTWORKS_WORKER_SLOTS": "1",
            "PRINTWORKS_RENDER_SLOTS": str(workers),
            # One shop has the machine to itself here.
            "PRINTWORKS_RENDER_PER_SHOP": str(2 * workers),
            "PRINTWORKS_PIN_PER_SHOP": "16",
        },
    )
    if cost:
        options = replace(options, launch=with_cost)
    async with start_printworks(options) as printworks, ShopFloor(printworks) as floor:
        await floor.sell(product)
        await floor.shopify.configure(plan="enterprise")
        bodies = make_orders(FIRST_ORDER, jobs, addresses, lambda _: 1, product)
        await send_orders(floor, bodies)
        await wait_until_tagged(floor, [int(body["id"]) for body in bodies], seconds=READY_SECONDS)
        results = await read_topic(printworks.info.kafka_bootstrap, Topic.RENDER_RESULTS)
    finished = [one.data for one in results if one.type == FINISHED]
    begun = min(datetime.fromisoformat(one["started_at"]) for one in finished)
    ended = max(datetime.fromisoformat(one["finished_at"]) for one in finished)
    return len(finished) / (ended - begun).total_seconds()


async def curve(name: str, counts: Sequence[int], jobs: int, product: Product, width: int, *, cost: bool) -> None:
    with PictureServer() as pictures:
        addresses = put_small_pictures(pictures, width)
        print(f"\n| {name}: workers | jobs a second | times one worker |\n|---|---|---|", flush=True)
        first = 0.0
        for workers in counts:
            rate = await jobs_per_second(workers, jobs * workers, product, addresses, cost=cost)
            first = first or rate
            print(f"| {workers} | {rate:.2f} | {rate / first:.2f} |", flush=True)


async def measure(jobs: int) -> None:
    await curve(f"simulated cost of {SLEEP_SECONDS:g} s", (1, 2, 4), jobs, SMALL, 900, cost=True)
    await curve("real photo prints", (1, 2), jobs, PHOTO, REAL_WIDTH, cost=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=40, help="per worker")
    asyncio.run(measure(parser.parse_args().jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
