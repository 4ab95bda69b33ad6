"""`python -m tests.simulator`: many orders, or one seed again with its story. Ends with 1 when a promise was broken.

python -m tests.simulator --orders 1000000
python -m tests.simulator --seed 7/4711
"""

import argparse
import multiprocessing
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.simulator.many import TOGETHER, Seeds, live_through, prepare, prepare_process
from tests.simulator.run import simulate
from tests.simulator.world import PromiseBrokenError, World

TELL_SECONDS = 30.0
SHOWN = 3
"""Broken worlds whose stories are printed; after so many the run is given up."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--seed", help="of a run, a number; or of one world, as it is printed: 7/4711")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    chosen = parser.parse_args()
    if chosen.seed is not None and "/" in chosen.seed:
        return _one(chosen.seed)
    return _many(chosen.orders, chosen.seed or str(secrets.randbelow(10**6)), chosen.processes)


def _one(seed: str) -> int:
    """Live through one world again and tell it."""
    prepare()
    try:
        world, broken = simulate(seed, telling=True), None
    except PromiseBrokenError as error:
        world, broken = error.args[1], error.args[0]
    _tell(world)
    print(f"broken: {broken}" if broken else "every promise was kept")
    return 1 if broken else 0


def _many(orders: int, seed: str, processes: int) -> int:
    print(f"seed {seed}, {orders:,} orders, {processes} processes", flush=True)
    happened: Counter[str] = Counter()
    broken: list[tuple[str, str]] = []
    began = told = time.monotonic()
    worked = 0.0
    with multiprocessing.get_context("spawn").Pool(processes, initializer=prepare_process) as pool:
        for counted, found, seconds in pool.imap_unordered(live_through, _seeds(seed, orders)):
            happened.update(counted)
            broken += found
            worked += seconds
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                print(f"{happened['order']:,} orders, {happened['order'] / (told - began):.0f} a second", flush=True)
            if happened["order"] >= orders or len(broken) >= SHOWN:
                break
        pool.terminate()
    _figures(happened, time.monotonic() - began, worked)
    for where, what in broken[:SHOWN]:
        print(f"\n{what}\nits story, again with --seed {where}:")
        _one(where)
    print(f"{len(broken)} worlds broken" if broken else "every promise was kept")
    return 1 if broken else 0


def _seeds(seed: str, orders: int) -> Iterator[Seeds]:
    """More than are needed: how many orders a world has is a matter of its seed."""
    for first in range(0, orders, TOGETHER):
        yield seed, first


def _figures(happened: Counter[str], seconds: float, worked: float) -> None:
    """`worked`: seconds of processors. Beside other programs they tell more than the clock."""
    orders = happened.pop("order")
    print(
        f"{orders:,} orders in {seconds:.0f} s: {orders / seconds:.0f} a second, "
        f"{orders / worked:.0f} in a second of a processor"
    )
    for kind, count in sorted(happened.items()):
        print(f"  {count:>12,}  {kind}")


def _tell(world: World) -> None:
    print(f"weather: {world.weather}")
    print("\n".join(world.story or []))


if __name__ == "__main__":
    sys.exit(main())
