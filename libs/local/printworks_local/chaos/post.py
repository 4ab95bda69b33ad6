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

AT_ONCE = 32
RETRY_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fates:
    """What becomes of webhooks, as shares of all."""

    dropped: float = 0.10
    doubled: float = 0.20
    late: float = 0.03
    """Of the webhooks of orders that are not old already."""
    spread_seconds: float = 4.0
    """Each delivery takes up to so long: a later change is often told first."""
    give_up_seconds: float = 120.0
    """How long one is sent again while it is not answered 200."""


@dataclass(frozen=True)
class Letter:
    """A webhook on its way. `late`: it arrives after everything else, whatever happened since."""

    order_id: int
    topic: str
    content: dict[str, Any]
    triggered_at: datetime
    late: bool = False
    may_be_lost: bool = True


@dataclass(frozen=True, slots=True)
class Accepted:
    """A webhook that was answered 200."""

    order_id: int
    topic: str
    webhook_id: str


class Post:
    def __init__(self, floor: ShopFloor, seed: int | str, fates: Fates | None = None) -> None:
        self._floor = floor
        self._chance = random.Random(seed)
        self._shares = fates or Fates()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()
        self._late: list[tuple[Letter, WebhookRequest]] = []
        self.fates: Counter[str] = Counter()
        self.accepted: set[Accepted] = set()
        self.answers: Counter[int] = Counter()
        """How often each status came; 0: no answer."""

    def take(self, letter: Letter) -> bool:
        """Decide the fate of a webhook, and deliver it in its time. Returns whether it is lost."""
        chance = self._chance
        if letter.may_be_lost and chance.random() < self._shares.dropped:
            self.fates["dropped"] += 1
            return True
        request = self._floor.webhook(letter.topic, letter.content, triggered_at=letter.triggered_at)
        copies = 2 if chance.random() < self._shares.doubled else 1
        self.fates["doubled" if copies == 2 else "once"] += 1
        for _ in range(copies):
            if letter.late or chance.random() < self._shares.late:
                self.fates["late"] += 1
                self._late.append((letter, request))
            else:
                self._start(self._deliver_after(chance.uniform(0, self._shares.spread_seconds), letter, request))
        return False

    async def deliver_late_ones(self) -> None:
        """When everything else has arrived: the late ones, mixed."""
        await self._settle()
        self._chance.shuffle(self._late)
        for letter, request in self._late:
            self._start(self._deliver(letter, request))
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

    async def _deliver_after(self, seconds: float, letter: Letter, request: WebhookRequest) -> None:
        await asyncio.sleep(seconds)
        await self._deliver(letter, request)

    async def _deliver(self, letter: Letter, request: WebhookRequest) -> None:
        """Until it is answered 200, as Shopify does. Raises TimeoutError."""
        async with self._room, asyncio.timeout(self._shares.give_up_seconds):
            while True:
                try:
                    answer = await self._floor.send(request)
                    self.answers[answer.status_code] += 1
                    if answer.is_success:
                        webhook_id = request.headers["X-Shopify-Webhook-Id"]
                        self.accepted.add(Accepted(letter.order_id, letter.topic, webhook_id))
                        return
                except httpx.HTTPError:
                    self.answers[0] += 1
                    self.fates["sent again"] += 1
                await asyncio.sleep(RETRY_SECONDS)


def as_late(letter: Letter) -> Letter:
    """Of an old order: no sweep looks back so far, so that it is late and never lost."""
    return replace(letter, late=True, may_be_lost=False)
