"""Kills processes at their fail-points while orders are on their way: `python -m tests.faults.failpoints [--times 20]`.

Prints the seed first. Ends with code 1 when a promise is broken, a process does not come back, or a point is not met;
the services' logs are kept then.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from printworks_local.stack import StackError
from printworks_local.stack.model import checkout_root

from tests.faults.failpoints.points import POINTS, Point, chosen
from tests.faults.failpoints.running import OPTIONS, Wish, crash
from tests.faults.running import FIRST_ORDER, Context, Form
from tests.faults.system import SystemOptions, start_system


async def run(points: Sequence[Point], options: SystemOptions, wish: Wish, seed: int) -> int:
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"[failpoints {time.monotonic() - began:4.0f} s] {text}", flush=True)

    async with start_system(options) as system:
        context = Context("failpoints", system, seed, Form.LONG, FIRST_ORDER, tell)
        figures, deaths = await crash(context, points, wish)
        for point in points if wish.times else ():
            tell(f"{deaths.by_point[point]:4} times {point.name}")
        tell(figures.text())
        if figures.broken:
            kept = checkout_root() / ".printworks" / "faults" / f"failpoints-{seed}"
            system.keep_logs(kept)
            tell(f"logs: {kept}")
    replay = f"replay with --seed {seed} --times {wish.times}"
    print(f"{len(figures.broken)} promises are broken: {replay}" if figures.broken else "every promise is kept")
    return 1 if figures.broken else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.failpoints", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--only", metavar="TEXTS", help="points whose names contain one of these, separated by commas")
    parser.add_argument("--times", type=int, default=20, help="how often each point is met")
    parser.add_argument("--orders", type=int, default=20, help="at least so many come meanwhile")
    parser.add_argument("--rate", type=float, default=0.75, help="orders a second; starting the dead costs cores too")
    parser.add_argument("--within", type=float, default=300.0, help="seconds until every order has to be right")
    parser.add_argument("--source", type=Path, help="a checkout whose services run instead of this one's")
    parser.add_argument("--list", action="store_true", help="print the points and end")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(point.name for point in POINTS))
        return 0
    try:
        points = chosen(arguments.only)
    except ValueError as error:
        parser.error(f"{error}; --list prints them")
    print(f"seed {arguments.seed}, {len(points)} points, {arguments.times} times each", flush=True)
    try:
        wish = Wish(arguments.times, arguments.orders, arguments.rate, arguments.within)
        return asyncio.run(run(points, replace(OPTIONS, source=arguments.source), wish, arguments.seed))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
