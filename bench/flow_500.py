"""`make bench-flow`: 500 orders with 1 to 4 lines, pushed as fast as ingest takes them; workers do real small renders.

Every promise is checked from outside, and the largest memory of every service is printed. Ends with code 1 when a
promise is broken or a service outgrew its bound.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable

import psutil
from printworks_local.evidence import Evidence, collect, dead_letters
from printworks_local.invariants import FINISHED, broken_promises
from printworks_local.pictures import PictureServer
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import SMALL, make_orders, put_small_pictures, send_orders, wait_until_tagged
from printworks_local.up import Printworks, UpOptions, start_printworks

FIRST_ORDER = 6_100_000_000_000
MIB = 1024 * 1024
SERVICE_BOUND_MIB = 400
"""Most resident memory of a service, its render processes apart."""
SAMPLE_SECONDS = 0.5


class Memory:
    """Largest resident memory (bytes) of each service, and of its children, seen in samples."""

    def __init__(self, printworks: Printworks) -> None:
        self._printworks = printworks
        self.own: dict[str, int] = defaultdict(int)
        self.children: dict[str, int] = defaultdict(int)

    async def watch(self) -> None:
        while True:
            for name, one in self._printworks.supervised.items():
                if one.pid is not None:
                    self._sample(name, one.pid)
            await asyncio.sleep(SAMPLE_SECONDS)

    def _sample(self, name: str, pid: int) -> None:
        try:
            process = psutil.Process(pid)
            self.own[name] = max(self.own[name], process.memory_info().rss)
            children = sum(child.memory_info().rss for child in process.children(recursive=True))
            self.children[name] = max(self.children[name], children)
        except psutil.NoSuchProcess:
            return  # it is being started again

    def lines(self) -> list[str]:
        return [
            f"{name:<20} {own / MIB:7.0f} MiB  children {self.children[name] / MIB:7.0f} MiB"
            for name, own in self.own.items()
        ]

    def outgrown(self) -> list[str]:
        return [
            f"{name} used {own / MIB:.0f} MiB, bound {SERVICE_BOUND_MIB}"
            for name, own in self.own.items()
            if own > SERVICE_BOUND_MIB * MIB
        ]


async def measure(count: int, seconds: float) -> int:
    with PictureServer() as pictures:
        addresses = put_small_pictures(pictures)
        async with start_printworks(UpOptions(label="bench")) as printworks, ShopFloor(printworks) as floor:
            await floor.sell(SMALL)
            memory = Memory(printworks)
            watching = asyncio.create_task(memory.watch())
            bodies = make_orders(FIRST_ORDER, count, addresses, lambda number: 1 + number % 4)
            order_ids = [int(body["id"]) for body in bodies]
            began = time.monotonic()
            sent = await send_orders(floor, bodies)
            accepted = time.monotonic() - began
            print(f"{count} webhooks answered 200 in {accepted:.1f} s, {count / accepted:.0f} per second", flush=True)
            states = await wait_until_tagged(floor, order_ids, seconds=seconds, seen=progress())
            took = time.monotonic() - began
            watching.cancel()
            evidence = await collect(floor, order_ids)
            problems = broken_promises(sent, states, evidence)
            problems += [
                f"{name} holds {n}" for name, n in (await dead_letters(printworks.info.kafka_bootstrap)).items()
            ]
            problems += memory.outgrown()
            report(count, took, evidence)
            print("\n".join(memory.lines()))
            print("\n".join(problems) or "every promise is kept")
    return 1 if problems else 0


def progress() -> Callable[[int, int], None]:
    """Tells every few seconds how far it is."""
    last = 0.0

    def seen(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last > 5:
            last = time.monotonic()
            print(f"{done} of {of} orders are ready", flush=True)

    return seen


def report(count: int, took: float, evidence: Evidence) -> None:
    renders = [event.data["render_ms"] for event in evidence.results if event.type == FINISHED]
    jobs = len(renders)
    print(f"{count} orders with {jobs} print jobs were ready after {took:.1f} s: {jobs / took:.1f} jobs per second")
    total = sum(renders) / 1000
    print(f"render: median {statistics.median(renders):.0f} ms, longest {max(renders)} ms; {total:.0f} s in all")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=1200, help="give up after it")
    arguments = parser.parse_args()
    return asyncio.run(measure(arguments.orders, arguments.seconds))


if __name__ == "__main__":
    sys.exit(main())
