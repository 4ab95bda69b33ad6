"""How Shopify's webhooks arrive: one in ten never, one in five twice, all out of order, some after everything else."""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx

from printworks_local.shop_floor import ShopFloor
from printworks_local.shopify.webhooks import WebhookRequest

DROPPED = 0.10
DOUBLED = 0.20
LATE = 0.03
"""Of the webhooks of orders that are not old already."""

SPREAD_SECONDS = 4.0
"""Each delivery takes up to so long: a later change is often told first."""

AT_ONCE = 32
GIVE_UP_SECONDS = 120.0
RETRY_SECONDS = 0.3


@dataclass(frozen=True)
class Letter:
    """A webhook on its way. `late`: it arrives after everything else, whatever happened since."""

    order_id: int
    topic: str
    content: dict[str, Any]
    triggered_at: datetime
    late: bool = False
    may_be_lost: bool = True


class Post:
    def __init__(self, floor: ShopFloor, seed: int) -> None:
        self._floor = floor
        self._chance = random.Random(seed)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()
        self._late: list[WebhookRequest] = []
        self.fates: Counter[str] = Counter()

    def take(self, letter: Letter) -> bool:
        """Decide the fate of a webhook, and deliver it in its time. Returns whether it is lost."""
        chance = self._chance
        if letter.may_be_lost and chance.random() < DROPPED:
            self.fates["dropped"] += 1
            return True
        request = self._floor.webhook(letter.topic, letter.content, triggered_at=letter.triggered_at)
        copies = 2 if chance.random() < DOUBLED else 1
        self.fates["doubled" if copies == 2 else "once"] += 1
        for _ in range(copies):
            if letter.late or chance.random() < LATE:
                self.fates["late"] += 1
                self._late.append(request)
            else:
                self._start(self._deliver_after(chance.uniform(0, SPREAD_SECONDS), request))
        return False

    async def deliver_late_ones(self) -> None:
        """When everything else has arrived: the late ones, mixed."""
        await self._settle()
        self._chance.shuffle(self._late)
        for request in self._late:
            self._start(self._deliver(request))
        self._late.clear()
        await self._settle()

    async def _settle(self) -> None:
        while self._under_way:
            done, _ = await asyncio.wait(self._under_way)
            for task in done:
                task.result()

    def _start(self, delivery: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(delivery)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver_after(self, seconds: float, request: WebhookRequest) -> None:
        await asyncio.sleep(seconds)
        await self._deliver(request)

    async def _deliver(self, request: WebhookRequest) -> None:
        """Until it is answered 200, as Shopify does. Raises TimeoutError."""
        async with self._room, asyncio.timeout(GIVE_UP_SECONDS):
            while True:
                try:
                    if (await self._floor.send(request)).is_success:
                        return
                except httpx.HTTPError:
                    self.fates["sent again"] += 1
                await asyncio.sleep(RETRY_SECONDS)


def as_late(letter: Letter) -> Letter:
    """Of an old order: no sweep looks back so far, so that it is late and never lost."""
    return replace(letter, late=True, may_be_lost=False)
