"""Seeded traffic: orders of several shops with stories of their own, told by webhooks that come twice, mixed and late.

The same seed gives the same orders, changes and fates of webhooks. None is lost for good: here the faults lie elsewhere
(`printworks_local.chaos` is about lost webhooks).
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from printworks_local.chaos.life import Life
from printworks_local.chaos.post import Accepted, Fates, Post
from printworks_local.chaos.stories import Stories, Story
from printworks_local.chaos.verdict import not_right_on_shopify
from printworks_local.shop_floor import ShopFloor

from tests.faults.system import PRODUCTS, System

SIZES = (1, 1, 1, 1, 1, 2, 2, 3, 5)
"""Customised line items of an order."""

LOOK_SECONDS = 1.0

USUAL_FATES = Fates(dropped=0.0, doubled=0.2, late=0.02, spread_seconds=2.0, give_up_seconds=900.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficOptions:
    """`orders` in all shops together, `rate` a second. `weights`: shares of the shops, else all the same."""

    orders: int
    rate: float
    sizes: Sequence[int] = SIZES
    weights: Sequence[float] = ()
    step_within_seconds: float = 8.0
    fates: Fates = USUAL_FATES


@dataclass
class Told:
    """What happened in one shop, by the one who told Printworks of it."""

    floor: ShopFloor
    stories: list[Story]
    accepted: set[Accepted]
    answers: Counter[int]

    @property
    def order_ids(self) -> list[int]:
        return [story.order_id for story in self.stories]


class Traffic:
    """Orders `first_order_id`, `first_order_id + 1`, … dealt out to the shops."""

    def __init__(self, system: System, seed: str, first_order_id: int, options: TrafficOptions) -> None:
        self._options = options
        self._lives: list[Life] = []
        self._plan: list[tuple[int, Story]] = []
        """Shop and story, in the order of their beginning."""
        self.told: list[Told] = []
        now = datetime.now(UTC)
        makers: list[Stories] = []
        for number, floor in enumerate(system.floors):
            name = f"{seed}/{number}"
            post = Post(floor, name, options.fates)
            makers.append(Stories(name, system.addresses, now, products=PRODUCTS, sizes=options.sizes, old_share=0.0))
            self._lives.append(Life(floor, post, options.step_within_seconds))
            self.told.append(Told(floor, [], post.accepted, post.answers))
        dealt = _deal(seed, options.weights or [1.0] * len(makers), options.orders)
        for place, shop in enumerate(dealt):
            story = makers[shop].make(first_order_id + place)
            self._plan.append((shop, story))
            self.told[shop].stories.append(story)
        self.begun = 0
        self._begun: set[int] = set()
        self._stopped = asyncio.Event()
        self.over = False
        """Everything has happened, and every webhook was answered 200."""

    @property
    def order_ids(self) -> list[int]:
        return [story.order_id for _, story in self._plan]

    async def live(self) -> None:
        """Until everything has happened and every webhook has been answered 200."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for place, (shop, story) in enumerate(self._plan):
                group.create_task(self._begin(shop, story, began + place / self._options.rate))
        for life in self._lives:
            await life.post.deliver_late_ones()
        self.over = True

    def stop(self) -> None:
        """No further order begins: those that have not are none of this traffic any more."""
        self._stopped.set()
        self._plan = [(shop, story) for shop, story in self._plan if story.order_id in self._begun]
        for told in self.told:
            told.stories[:] = [story for story in told.stories if story.order_id in self._begun]

    async def _begin(self, shop: int, story: Story, start: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(start - time.monotonic()):
                await self._stopped.wait()
        if self._stopped.is_set():
            return
        self.begun += 1
        self._begun.add(story.order_id)
        await self._lives[shop].live(story, start)

    async def wait_until_right(self, seconds: float, tell: Callable[[str], None]) -> dict[int, str]:
        """Until every order is as it has to be on Shopify; after `seconds`, what is wrong with the others."""
        deadline, told = time.monotonic() + seconds, time.monotonic()
        while True:
            wrong = {number: reason async for number, reason in self._not_right()}
            if not wrong or time.monotonic() > deadline:
                return wrong
            if time.monotonic() - told > 15:
                told = time.monotonic()
                tell(f"{len(self._plan) - len(wrong)} of {len(self._plan)} orders are right")
            await asyncio.sleep(LOOK_SECONDS)

    async def _not_right(self) -> AsyncIterator[tuple[int, str]]:
        for told in self.told:
            wanted = set(told.order_ids)
            if not wanted:
                continue
            async for order in told.floor.shopify.orders(after=min(wanted) - 1):
                if int(order["id"]) in wanted and (reason := not_right_on_shopify(order)) is not None:
                    yield int(order["id"]), reason


def _deal(seed: str, weights: Sequence[float], orders: int) -> list[int]:
    """Which shop each order is of."""
    return random.Random(f"{seed}/shops").choices(range(len(weights)), weights, k=orders)
