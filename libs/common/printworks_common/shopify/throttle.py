"""Shopify's cost-based rate limit, per app and shop: a bucket that refills steadily. Points and seconds."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from printworks_common.errors import TransientError
from printworks_common.metrics import histogram

POINTS_LEFT = histogram(
    "printworks_shopify_points_left_ratio",
    "Share of a shop's points that an answer of Shopify told to be left.",
    buckets=(0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1),
)
POINTS_WAIT = histogram("printworks_shopify_points_wait_seconds", "Time that a request waited for a shop's points.")


@dataclass(frozen=True)
class Budget:
    """What is known of a shop's bucket, from the last answer's `throttleStatus`. Pure."""

    maximum: float
    available: float
    restore_rate: float
    """Points per second."""
    seen_at: float
    """Monotonic moment of that answer."""

    def at(self, now: float) -> float:
        """Points that should be there now."""
        return min(self.maximum, self.available + (now - self.seen_at) * self.restore_rate)

    def wait(self, cost: float, now: float) -> float:
        """Seconds until `cost` points are there; 0 when they are."""
        missing = min(cost, self.maximum) - self.at(now)
        return max(0.0, missing / self.restore_rate) if self.restore_rate > 0 else 0.0

    def spend(self, cost: float, now: float) -> "Budget":
        """The bucket after a request of ours has gone out, before its answer is here."""
        return replace(self, available=self.at(now) - cost, seen_at=now)


def read_status(body: Mapping[str, Any], now: float) -> Budget | None:
    """The bucket as an answer's `extensions.cost.throttleStatus` tells it; None when it does not."""
    status = ((body.get("extensions") or {}).get("cost") or {}).get("throttleStatus")
    if not status:
        return None
    return Budget(
        maximum=float(status["maximumAvailable"]),
        available=float(status["currentlyAvailable"]),
        restore_rate=float(status["restoreRate"]),
        seen_at=now,
    )


class PointGate:
    """Where all requests of this process to one shop queue for points, first come, first served.

    Before the first answer nothing is known, and everything passes: Shopify's own refusal then tells the budget.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._budget: Budget | None = None
        self._line = asyncio.Lock()
        self._on_the_way = 0.0
        """Points of requests whose answers are not here yet."""

    async def enter(self, cost: float, headroom: float, deadline: float) -> None:
        """Wait until there are points for a request and `headroom` more, and take those of the request.

        Raises `TransientError` (`shopify_throttled`) when that will not be before `deadline`.
        """
        began = self._clock()
        async with self._line:
            while self._budget is not None:
                wait = self._budget.wait(cost + headroom, self._clock())
                if wait <= 0:
                    self._budget = self._budget.spend(cost, self._clock())
                    break
                await self.sleep(wait, deadline)
            self._on_the_way += cost
        POINTS_WAIT.observe(self._clock() - began)

    async def leave_room(self, cost: float, share: float, longest: float) -> None:
        """Wait until so large a share of the bucket would be left to others, and no longer than `longest` seconds."""
        deadline = self._clock() + longest
        while self._budget is not None:
            wanted = min(cost + self._budget.maximum * share, self._budget.maximum)
            wait = min(self._budget.wait(wanted, self._clock()), deadline - self._clock())
            if wait <= 0:
                return
            await asyncio.sleep(wait)

    def leave(self, cost: float, told: Budget | None) -> None:
        """The request's answer is here, or will not come. `told`: the bucket as the answer tells it."""
        self._on_the_way -= cost
        if told is not None:
            if told.maximum > 0:
                POINTS_LEFT.observe(max(0.0, told.available) / told.maximum)
            # The answer does not know of requests that are still on the way, or has counted them: the lower number.
            self._budget = replace(told, available=told.available - self._on_the_way)

    def wait(self, cost: float) -> float:
        """Seconds until so many points should be there; 0 when nothing is known."""
        return self._budget.wait(cost, self._clock()) if self._budget else 0.0

    def room(self, ahead: float) -> float | None:
        """Points that will be free in `ahead` seconds; None while nothing is known of the bucket."""
        return self._budget.at(self._clock() + ahead) if self._budget else None

    def share(self) -> float:
        """How full the bucket is, 0 to 1; 1 while nothing is known. 0 while a request waits in line."""
        if self._line.locked():
            return 0.0
        return self._budget.at(self._clock()) / self._budget.maximum if self._budget else 1.0

    async def sleep(self, seconds: float, deadline: float) -> None:
        """Sleep, or raise `TransientError` (`shopify_throttled`) when that is longer than until `deadline`."""
        if self._clock() + seconds > deadline:
            raise TransientError("Shopify's rate limit is used up.", code="shopify_throttled", retry_after=seconds)
        await asyncio.sleep(seconds)
