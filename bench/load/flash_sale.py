"""`make bench-flash`: a flash sale. 5,000 orders within 180 seconds, a fifth of the webhooks twice, on a machine that
renders meanwhile. Renders give way (nice 10, as everywhere), and to the door all services behind the topics do (nice
5), as on a cluster the receiver's share of CPU is its own. Every answer of the webhook door is timed from the moment at
which the webhook was to be sent, so that waiting of the sender counts too.

Then all orders are waited for, and every promise is checked from outside. Ends with code 1 when an answer was late or
not 200, or an order is lost or wrong.
"""

import argparse
import asyncio
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from printworks_local.evidence import collect, dead_letters
from printworks_local.invariants import broken_promises
from printworks_local.pictures import PictureServer
from printworks_local.services import RECEIVER, Service
from printworks_local.shop_floor import ShopFloor
from printworks_local.shopify.webhooks import WebhookRequest
from printworks_local.stack.process import Command
from printworks_local.traffic import SMALL, Sent, make_orders, put_small_pictures, wait_until_tagged
from printworks_local.up import UpOptions, start_printworks

FIRST_ORDER = 6_200_000_000_000
DOUBLED = 0.2
DOUBLE_WITHIN_SECONDS = 5.0
SLOWEST_AIM_S = 5.0
P99_AIM_MS = 250.0
SHOWN = 20
SHOWN_FROM_S = 0.05
NICENESS = 5
OK = 200
BUCKET = re.compile(r'^printworks_ingest_webhook_seconds_bucket\{le="([0-9.]+)"\} ([0-9.]+)$', re.MULTILINE)


@dataclass
class Door:
    """What the webhook door answered: statuses (0: nothing), and milliseconds from when it was to be asked."""

    floor: ShopFloor
    answers: Counter[int] = field(default_factory=Counter[int])
    milliseconds: list[float] = field(default_factory=list[float])

    async def knock(self, request: WebhookRequest, due: float) -> bool:
        try:
            status = (await self.floor.send(request)).status_code
        except httpx.HTTPError:
            status = 0
        self.answers[status] += 1
        self.milliseconds.append((time.monotonic() - due) * 1000)
        return status == OK


async def sale(
    floor: ShopFloor, bodies: Sequence[dict[str, Any]], seconds: float, seed: int
) -> tuple[Door, list[Sent]]:
    """Send all webhooks at their times; one that is not answered 200 is sent again, as Shopify does."""
    chance, door = random.Random(seed), Door(floor)
    times = sorted(chance.uniform(0, seconds) for _ in bodies)
    doubled = [chance.random() < DOUBLED for _ in bodies]
    began = time.monotonic()

    async def one(body: dict[str, Any], due: float, *, twice: bool) -> Sent:
        await asyncio.sleep(due - time.monotonic())
        request = floor.webhook("orders/paid", body)
        sent_at, tries = time.monotonic(), 1
        while not await door.knock(request, time.monotonic() if tries > 1 else sent_at):
            tries += 1
            await asyncio.sleep(1)
        accepted_at = time.monotonic()
        if twice:
            await asyncio.sleep(chance.uniform(0, DOUBLE_WITHIN_SECONDS))
            await door.knock(request, time.monotonic())
        tags = tuple(body["tags"].split(", ")) if body["tags"] else ()
        webhook_id = request.headers["X-Shopify-Webhook-Id"]
        return Sent(int(body["id"]), webhook_id, len(body["line_items"]), sent_at, accepted_at, tries, tags)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(one(body, began + at, twice=twice))
            for body, at, twice in zip(bodies, times, doubled, strict=True)
        ]
    return door, [task.result() for task in tasks]


def verdict(door: Door) -> list[str]:
    """Prints how the door did; returns what was not as it should be."""
    times = sorted(door.milliseconds)
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"{len(times)} webhooks: p50 {p50:.1f} ms, p99 {p99:.1f} ms, slowest {times[-1]:.0f} ms, {dict(door.answers)}"
    )
    missed: list[str] = []
    if p99 > P99_AIM_MS:
        missed.append(f"p99 is {p99:.0f} ms, aim {P99_AIM_MS:g} ms")
    if times[-1] > SLOWEST_AIM_S * 1000:
        missed.append(f"an answer took {times[-1] / 1000:.1f} s, aim {SLOWEST_AIM_S:g} s")
    if set(door.answers) != {OK}:
        missed.append(f"answers were {dict(door.answers)}")
    return missed


async def own_figures(url: str) -> str:
    """What share of webhooks the receiver answered within which time, by its metric: without what the sender waits for
    on the same cores."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"{url}/metrics")).text
    buckets = {float(limit): float(count) for limit, count in BUCKET.findall(text)}
    return ", ".join(
        f"{count / max(buckets.values()):.2%} within {limit * 1000:g} ms"
        for limit, count in buckets.items()
        if SHOWN_FROM_S <= limit <= SLOWEST_AIM_S
    )


def giving_way(service: Service, command: Command) -> Command:
    """All but the receiver at a lower priority."""
    if service is RECEIVER:
        return command
    return replace(command, arguments=[shutil.which("nice") or "nice", "-n", str(NICENESS), *command.arguments])


async def measure(orders: int, seconds: float, patience: float, seed: int) -> int:
    print(f"seed {seed}: {orders} orders in {seconds:g} s, {DOUBLED:.0%} of the webhooks twice", flush=True)
    with PictureServer() as pictures:
        addresses = put_small_pictures(pictures)
        async with (
            start_printworks(UpOptions(label="bench", launch=giving_way)) as printworks,
            ShopFloor(printworks) as floor,
        ):
            await floor.sell(SMALL)
            await floor.shopify.configure(plan="enterprise")  # Shopify's rate limit is not what is measured
            bodies = make_orders(FIRST_ORDER, orders, addresses, lambda _: 1)
            # Before the sale: to fill Shopify's side is not the work of the two cores that are measured.
            for body in bodies:
                await floor.shopify.put_order(body)
            print(f"{orders} orders are on Shopify; the sale begins", flush=True)
            began = time.monotonic()
            door, sent = await sale(floor, bodies, seconds, seed)
            problems = verdict(door)
            print(f"by the receiver's own clock: {await own_figures(printworks.ingest_url)}", flush=True)
            ids = [one.order_id for one in sent]
            ready = Progress(began)
            states = await wait_until_tagged(floor, ids, seconds=patience, seen=ready.seen)
            print(
                f"all {orders} orders were ready {time.monotonic() - began - seconds:.0f} s after the sale", flush=True
            )
            problems += broken_promises(sent, states, await collect(floor, ids))
            letters = await dead_letters(printworks.info.kafka_bootstrap)
            problems += [f"{name} holds {count}" for name, count in letters.items()]
    print("\n".join(problems[:SHOWN]) or "none lost, every promise is kept")
    return 1 if problems else 0


class Progress:
    """Tells twice a minute how far it is."""

    def __init__(self, began: float) -> None:
        self._began = self._told = began

    def seen(self, done: int, of: int) -> None:
        if time.monotonic() - self._told > 30:
            self._told = time.monotonic()
            print(f"{done} of {of} orders are ready after {self._told - self._began:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=180.0, help="within which they come")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds until all have to be ready")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    return asyncio.run(measure(arguments.orders, arguments.seconds, arguments.patience, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
