"""What the coordinator does beside its work: tell how much waits, and forget repeats that can no longer come."""

import asyncio
import time
from datetime import timedelta

from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError
from printworks_common.inbox import forget_before
from printworks_common.postgres import Pool, ground_errors

from printworks_render.coordinator import metrics
from printworks_render.coordinator.model import Step
from printworks_render.coordinator.store import SQL

COUNT_SECONDS = 5.0
TIDY_SECONDS = 3600.0

REPEATS = timedelta(days=14)
"""Twice as long as the topics keep their records."""


class Upkeep:
    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._tidied = float("-inf")

    async def run(self, stopping: asyncio.Event) -> None:
        """Go on until `stopping` is set; without the database the figures stay as they were."""
        while not stopping.is_set():
            try:
                await self.count()
                if time.monotonic() - self._tidied > TIDY_SECONDS:
                    await self._tidy()
                    self._tidied = time.monotonic()
            except GroundMissingError:
                metrics.JOBS_WAITING.clear()
            try:
                async with asyncio.timeout(COUNT_SECONDS):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def count(self) -> None:
        """Set the gauges of what waits, by step; a step in which nothing waits is told as 0."""
        with ground_errors():
            rows = {row["step"]: row for row in await self._pool.fetch(SQL["waiting"])}
        now = self._clock.now()
        for step in (Step.PINNING, Step.QUEUED, Step.RENDERING, Step.DELIVERING):
            row = rows.get(step)
            metrics.JOBS_WAITING.labels(step=step).set(row["n"] if row else 0)
            metrics.OLDEST_WAITING.labels(step=step).set((now - row["oldest"]).total_seconds() if row else 0)

    async def _tidy(self) -> None:
        with ground_errors():
            async with self._pool.acquire() as connection:
                await forget_before(connection, self._clock.now() - REPEATS)
                await connection.execute(SQL["forget_old_counts"], self._clock.now() - REPEATS)
