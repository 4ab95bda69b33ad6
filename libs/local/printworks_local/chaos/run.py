"""The whole of it: stories are lived at a steady rate, webhooks go through the post, then everything is judged."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from printworks_common.events.topics import Topic

from printworks_local.chaos.life import Change, Life
from printworks_local.chaos.post import Post
from printworks_local.chaos.stories import Kind, Stories, Story
from printworks_local.chaos.verdict import not_right_on_shopify, rendered_unpaid, wrong_jobs
from printworks_local.evidence import dead_letters, stream_topic
from printworks_local.invariants import SNAPSHOT
from printworks_local.shop_floor import ShopFloor

LOOK_EVERY_SECONDS = 2.0
SHOWN = 20


@dataclass
class Report:
    kinds: Counter[str]
    fates: Counter[str]
    silent: int
    """Changes of which every webhook was lost."""
    found_by_sweep: int
    """Of these, those that a sweep told first; of the others a later webhook did."""
    longest_seconds: float
    """From a silent change to the event that told it."""
    seconds: float
    wrong: list[str] = field(default_factory=list[str])

    def text(self) -> str:
        lines = [
            f"{self.kinds.total()} orders: " + ", ".join(f"{count} {kind}" for kind, count in self.kinds.most_common()),
            "webhooks: " + ", ".join(f"{count} {fate}" for fate, count in self.fates.most_common()),
            f"{self.silent} changes of which every webhook was lost: {self.found_by_sweep} told by a sweep, the others "
            f"by a later webhook, all within {self.longest_seconds:.0f} s",
            f"all right after {self.seconds:.0f} s" if not self.wrong else f"{len(self.wrong)} are wrong:",
            *self.wrong[:SHOWN],
        ]
        return "\n".join(lines)


class Chaos:
    def __init__(self, floor: ShopFloor, addresses: Sequence[str], seed: int) -> None:
        self._floor = floor
        self._post = Post(floor, seed)
        self._stories = Stories(seed, addresses, datetime.now(UTC))
        self._life = Life(floor, self._post)

    async def run(
        self, first_order_id: int, count: int, *, rate: float, seconds: float, tell: Callable[[str], None]
    ) -> Report:
        """Live `count` stories at `rate` a second, and wait at most `seconds` after the last until all is right."""
        began = time.monotonic()
        bootstrap = self._floor.printworks.info.kafka_bootstrap
        letters_before = await dead_letters(bootstrap)
        # The rate limit is not what is tried here.
        await self._floor.shopify.configure(plan="enterprise")
        stories = [self._stories.make(first_order_id + number) for number in range(count)]
        async with asyncio.TaskGroup() as group:
            for number, story in enumerate(stories):
                group.create_task(self._life.live(story, began + number / rate))
        await self._post.deliver_late_ones()
        tell(f"everything has happened after {time.monotonic() - began:.0f} s")
        orders, wrong = await self._until_right(stories, seconds, tell)
        took = time.monotonic() - began
        wrong += await self._wrong_inside(stories, orders)
        letters = await dead_letters(bootstrap)
        if letters != letters_before:
            wrong.append(f"dead letters: {letters}, before: {letters_before}")
        found, longest, untold = await self._told()
        return Report(
            kinds=Counter(story.kind.value for story in stories),
            fates=self._post.fates,
            silent=len(self._life.silent),
            found_by_sweep=found,
            longest_seconds=longest,
            seconds=took,
            wrong=wrong + untold,
        )

    async def _until_right(
        self, stories: Sequence[Story], seconds: float, tell: Callable[[str], None]
    ) -> tuple[dict[int, dict[str, Any]], list[str]]:
        """The orders as Shopify has them at the end, and what is wrong with them."""
        first, last = stories[0].order_id, stories[-1].order_id
        deadline, told = time.monotonic() + seconds, time.monotonic()
        while True:
            begun = time.monotonic()
            orders = {int(one["id"]): one async for one in self._floor.shopify.orders(after=first - 1)}
            reasons = {number: not_right_on_shopify(one) for number, one in orders.items() if number <= last}
            wrong = [f"order {number}: {reason}" for number, reason in reasons.items() if reason is not None]
            if not wrong or time.monotonic() > deadline:
                return orders, wrong
            if time.monotonic() - told > 10:
                told = time.monotonic()
                tell(f"{len(reasons) - len(wrong)} of {len(reasons)} orders are right")
            # Ten thousand orders take the stand-in seconds to tell, which it needs for the writer.
            await asyncio.sleep(max(LOOK_EVERY_SECONDS, 10 * (time.monotonic() - begun)))

    async def _wrong_inside(self, stories: Sequence[Story], orders: dict[int, dict[str, Any]]) -> list[str]:
        """Print jobs that do not fit Shopify's order, and renders that nobody has paid for."""
        bootstrap = self._floor.printworks.info.kafka_bootstrap
        newest: dict[int, dict[str, Any]] = {}
        async for event in stream_topic(bootstrap, Topic.PRINT_JOBS):
            if event.type == SNAPSHOT:
                number = int(event.data["order_id"])
                if number not in newest or newest[number]["version"] < event.data["version"]:
                    newest[number] = _needed(event.data)
        never = {story.order_id for story in stories if story.kind is Kind.NEVER_PAID}
        requests = [{"order_id": one.data["order_id"]} async for one in stream_topic(bootstrap, Topic.RENDER_REQUESTS)]
        reasons = {one.order_id: wrong_jobs(orders[one.order_id], newest.get(one.order_id)) for one in stories}
        wrong = [f"order {number}: {reason}" for number, reason in reasons.items() if reason is not None]
        return wrong + rendered_unpaid(requests, never)

    async def _told(self) -> tuple[int, float, list[str]]:
        """Of the changes of which every webhook was lost: how many a sweep told, the longest time until one was told,
        and those that nothing has told."""
        waiting: dict[int, list[Change]] = {}
        for change in self._life.silent:
            waiting.setdefault(change.order_id, []).append(change)
        found, longest = 0, 0.0
        bootstrap = self._floor.printworks.info.kafka_bootstrap
        async for event in stream_topic(bootstrap, Topic.ORDERS):
            number = int(event.data["order_id"])
            updated = datetime.fromisoformat(event.data["updated_at"])
            for change in [one for one in waiting.get(number, []) if one.at <= updated]:
                waiting[number].remove(change)
                found += event.data["read_from"] == "admin_api"
                longest = max(longest, (datetime.fromisoformat(event.headers["ce_time"]) - change.at).total_seconds())
        untold = [change for changes in waiting.values() for change in changes]
        return found, longest, [f"order {one.order_id}: its change at {one.at} was told by nothing" for one in untold]


def _needed(snapshot: dict[str, Any]) -> dict[str, Any]:
    """The part of a snapshot that is judged: thousands are kept."""
    jobs = [
        {
            "line_item_id": job["line_item_id"],
            "status": job["status"],
            "artwork_version": job["artwork_version"],
            "artwork": [
                {"artwork_version": one["artwork_version"], "current": one["current"]} for one in job["artwork"]
            ],
        }
        for job in snapshot["jobs"]
    ]
    return {"version": snapshot["version"], "jobs": jobs}
