"""Stories are lived: orders are made and changed on Shopify, and the post is told of it."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from printworks_local.chaos.post import Letter, Post, as_late
from printworks_local.chaos.stories import Step, Story
from printworks_local.shop_floor import ShopFloor

STEP_WITHIN_SECONDS = 12.0
"""A change comes so soon after the order, so that it meets it waiting, rendering or ready."""


@dataclass(frozen=True)
class Change:
    """A change on Shopify of which every webhook was lost. `at`: Shopify's time of it, in whole seconds."""

    order_id: int
    at: datetime


@dataclass
class Life:
    """In one shop."""

    floor: ShopFloor
    post: Post
    step_within_seconds: float = STEP_WITHIN_SECONDS
    silent: list[Change] = field(default_factory=list[Change])

    async def live(self, story: Story, start: float) -> None:
        """Live a story from `start` (monotonic) on, to its last step; webhooks may still be on their way after it."""
        await asyncio.sleep(start - time.monotonic())
        body, now = story.body, datetime.now(UTC).replace(microsecond=0)
        if not story.old:
            body = body | dict.fromkeys(("created_at", "processed_at", "updated_at"), now.isoformat())
        await self.floor.shopify.put_order(body)
        created = datetime.fromisoformat(body["created_at"])
        letters = [Letter(story.order_id, topic, body, created) for topic in story.first_topics]
        self._send(Change(story.order_id, created), [as_late(one) if story.old else one for one in letters])
        for step in story.steps:
            await asyncio.sleep(self.step_within_seconds * ((story.order_id * 7919) % 1000) / 1000)
            await self._do(story.order_id, step)

    async def _do(self, order_id: int, step: Step) -> None:
        shopify = self.floor.shopify
        outcome = await getattr(shopify, step.method)(order_id, **step.arguments)
        body = await shopify.body(order_id)
        contents: dict[str, dict[str, Any]] = {
            "orders/edited": {"order_edit": {"id": order_id + 1, "order_id": order_id, "line_items": {}}},
            "refunds/create": outcome,
        }
        at = datetime.fromisoformat(body["updated_at"])
        letters = [Letter(order_id, topic, contents.get(topic, body), at) for topic in step.topics]
        self._send(Change(order_id, at), letters)

    def _send(self, change: Change, letters: Iterable[Letter]) -> None:
        lost = [self.post.take(letter) for letter in letters]
        if all(lost):
            self.silent.append(change)
