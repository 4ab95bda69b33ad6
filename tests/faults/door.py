"""Somebody who knocks at the webhook door while a part is away, and notes each answer."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx
from printworks_local.shop_floor import ShopFloor
from printworks_local.shopify.webhooks import make_order

from tests.faults.running import Context

EVERY_SECONDS = 0.5
APART = 500_000
"""The knocks' order ids begin so far after those of the scenario's traffic."""


@dataclass
class Knocks:
    """`answers`: how often each status came; 0: none. `slowest`: seconds until an answer."""

    answers: Counter[int] = field(default_factory=Counter[int])
    slowest: float = 0.0

    def text(self) -> str:
        told = ", ".join(f"{times} times {status or 'nothing'}" for status, times in self.answers.most_common())
        return f"{told}, the slowest after {self.slowest:.1f} s"


@asynccontextmanager
async def knocking(context: Context) -> AsyncGenerator[Knocks]:
    """Meanwhile, webhooks of orders that are not paid: nothing comes of them but their answer."""
    knocks = Knocks()
    numbers = count(context.first_order_id + APART)
    floor = context.system.floors[0]
    task = asyncio.create_task(_knock(floor, knocks, numbers))
    try:
        yield knocks
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _knock(floor: ShopFloor, knocks: Knocks, numbers: "count[int]") -> None:
    while True:
        body = make_order(number := next(numbers), f"#{number}", line_items=[], financial_status="pending")
        began = time.monotonic()
        try:
            status = (await floor.send(floor.webhook("orders/create", body))).status_code
        except httpx.HTTPError:
            status = 0
        knocks.answers[status] += 1
        knocks.slowest = max(knocks.slowest, time.monotonic() - began)
        await asyncio.sleep(EVERY_SECONDS)
