"""`make soak`: two orders a second for an hour, with small real renders. Memory and open files of every process, and
the time from the `orders/paid` webhook to the ready tag, stay where they are: slopes are printed per service.

    make soak ARGS="--minutes 10"

The first fifth is warm-up and not counted. A run of at least half an hour ends with code 1 when something grows; in
shorter ones caches that still fill cannot be told from a leak, so that their slopes are printed and not judged.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psutil
from printworks_local.evidence import dead_letters
from printworks_local.pace import p95, seconds_to_ready, send_at
from printworks_local.pictures import PictureServer
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import SMALL, make_orders, put_small_pictures, wait_until_tagged
from printworks_local.up import Printworks, UpOptions, start_printworks

FIRST_ORDER = 6_300_000_000_000
MIB = 1024 * 1024
SAMPLE_SECONDS = 10.0
WARM_UP = 0.2
JUDGED_MINUTES = 30.0
MEMORY_AIM = 0.01
"""Share of its memory by which a service may grow in an hour; below `MEMORY_NOISE_MIB` it counts as none."""
MEMORY_NOISE_MIB = 4.0
FILES_AIM = 4.0
"""Open files by which a service may grow in an hour: pools open and close connections."""
LATENCY_AIM = 1.2
"""p95 of the last third, in times that of the first."""


@dataclass
class Series:
    """Samples of one process: seconds since the beginning, resident bytes, open files, bytes of its children."""

    at: list[float] = field(default_factory=list[float])
    memory: list[float] = field(default_factory=list[float])
    files: list[float] = field(default_factory=list[float])
    children: list[float] = field(default_factory=list[float])

    def since(self, seconds: float) -> "Series":
        first = next((place for place, at in enumerate(self.at) if at >= seconds), len(self.at))
        return Series(self.at[first:], self.memory[first:], self.files[first:], self.children[first:])

    def per_hour(self, values: Sequence[float]) -> float:
        """The slope of a straight line through the values."""
        return statistics.linear_regression(self.at, values).slope * 3600 if len(self.at) > 2 else 0.0


async def watch(printworks: Printworks, began: float, series: dict[str, Series]) -> None:
    while True:
        for name, one in printworks.supervised.items():
            if one.pid is not None:
                _sample(psutil.Process(one.pid), time.monotonic() - began, series[name])
        await asyncio.sleep(SAMPLE_SECONDS)


def _sample(process: psutil.Process, at: float, series: Series) -> None:
    series.at.append(at)
    series.memory.append(process.memory_info().rss)
    series.files.append(process.num_fds())
    children = 0
    for child in process.children(recursive=True):
        try:
            children += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue  # a render process was replaced in this moment
    series.children.append(children)


def report(series: Mapping[str, Series], minutes: float) -> list[str]:
    """Prints a line per service; returns what has grown."""
    grown: list[str] = []
    print(f"{'service':<20} {'MiB':>13} {'a hour':>8} {'files':>9} {'an hour':>8} {'children MiB':>15}")
    for name, whole in series.items():
        one = whole.since(minutes * 60 * WARM_UP)
        memory, files = one.per_hour(one.memory) / MIB, one.per_hour(one.files)
        print(
            f"{name:<20} {one.memory[0] / MIB:5.0f} → {one.memory[-1] / MIB:5.0f} {memory:+8.1f} "
            f"{one.files[0]:3.0f} → {one.files[-1]:3.0f} {files:+8.1f} "
            f"{one.children[0] / MIB:6.0f} → {one.children[-1] / MIB:6.0f}"
        )
        if memory > max(MEMORY_NOISE_MIB, MEMORY_AIM * one.memory[0] / MIB):
            grown.append(f"{name} grows by {memory:.1f} MiB an hour")
        if files > FILES_AIM:
            grown.append(f"{name} grows by {files:.1f} open files an hour")
    return grown


def latency(seconds: Mapping[int, float], order_ids: Sequence[int]) -> list[str]:
    """Prints p50 and p95 of each third; returns what is wrong with them."""
    size = len(order_ids) // 3
    thirds = [[seconds[number] for number in order_ids[place * size : (place + 1) * size]] for place in range(3)]
    highs = [p95(third) for third in thirds]
    for name, third, high in zip(("first", "second", "last"), thirds, highs, strict=True):
        print(f"paid to ready, {name} third: p50 {statistics.median(third):.2f} s, p95 {high:.2f} s of {len(third)}")
    ratio = highs[2] / highs[0]
    return [f"p95 of the last third is {ratio:.2f} times that of the first"] if ratio > LATENCY_AIM else []


async def measure(minutes: float, rate: float) -> int:
    orders = round(minutes * 60 * rate)
    print(f"{orders} orders, {rate:g} a second, {minutes:g} minutes", flush=True)
    series: dict[str, Series] = defaultdict(Series)
    with PictureServer() as pictures:
        addresses = put_small_pictures(pictures)
        async with start_printworks(UpOptions(label="soak")) as printworks, ShopFloor(printworks) as floor:
            await floor.sell(SMALL)
            await floor.shopify.configure(plan="enterprise")
            bodies = make_orders(FIRST_ORDER, orders, addresses, lambda _: 1)
            began = time.monotonic()
            watching = asyncio.create_task(watch(printworks, began, series))
            paid = await send_at(floor, bodies, [began + number / rate for number in range(orders)])
            watching.cancel()
            ids = [int(body["id"]) for body in bodies]
            await wait_until_tagged(floor, ids, seconds=600)
            seconds = await seconds_to_ready(floor, paid)
            letters = await dead_letters(printworks.info.kafka_bootstrap)
            restarts = sum(one.restarts for one in printworks.supervised.values())
    print(f"all {orders} orders are ready")
    grown = report(series, minutes)
    grown += latency(seconds, ids[round(orders * WARM_UP) :])
    broken = [f"{name} holds {count}" for name, count in letters.items()]
    broken += [f"{restarts} processes have ended"] if restarts else []
    judged = minutes >= JUDGED_MINUTES
    print("\n".join([*broken, *grown]) or "flat")
    if grown and not judged:
        print(f"(not judged: slopes need {JUDGED_MINUTES:g} minutes)")
    return 1 if broken or (grown and judged) else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=2.0, help="orders a second")
    arguments = parser.parse_args()
    return asyncio.run(measure(arguments.minutes, arguments.rate))


if __name__ == "__main__":
    sys.exit(main())
