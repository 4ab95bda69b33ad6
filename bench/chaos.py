"""`make bench-chaos`: 10,000 orders that are edited, refunded and cancelled while they are on their way.

One in ten of the webhooks of every topic is lost, one in five comes twice, all are mixed, some arrive hours late by
their own clock. Renders are real and small. At the end every order has to be right on Shopify and inside, and what was
lost has to have been found by a sweep. Ends with code 1 when an order is wrong.
"""

import argparse
import asyncio
import random
import sys

from printworks_local.chaos.run import Chaos
from printworks_local.pictures import PictureServer
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import SMALL, put_small_pictures
from printworks_local.up import UpOptions, start_printworks

FIRST_ORDER = 6_400_000_000_000
PICTURE_WIDTH = 480
"""Small pictures: what is tried is the way, not the printing."""


SWEEPS = {"PRINTWORKS_RECONCILE_EVERY_SECONDS": "120", "PRINTWORKS_RECONCILE_OVERLAP_SECONDS": "120"}
"""On a busy machine an order may appear on the stand-in many seconds after the time that its body has. Each sweep reads
what was updated meanwhile and in the overlap: with one sweep after the other the stand-in would do nothing else."""


async def measure(count: int, seed: int, rate: float, seconds: float) -> int:
    print(f"seed {seed}", flush=True)
    with PictureServer() as pictures:
        addresses = put_small_pictures(pictures, PICTURE_WIDTH)
        options = UpOptions(label="bench", environment=SWEEPS)
        async with start_printworks(options) as printworks, ShopFloor(printworks) as floor:
            await floor.sell(SMALL)
            chaos = Chaos(floor, addresses, seed)
            report = await chaos.run(FIRST_ORDER, count, rate=rate, seconds=seconds, tell=told)
    print(report.text())
    return 1 if report.wrong else 0


def told(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=28, help="orders a second")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--seconds", type=float, default=3600, help="give up so long after the last delivery")
    arguments = parser.parse_args()
    return asyncio.run(measure(arguments.orders, arguments.seed, arguments.rate, arguments.seconds))


if __name__ == "__main__":
    sys.exit(main())
