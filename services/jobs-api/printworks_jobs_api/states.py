"""How many print jobs there are, by status and reason: told by every projector, of all shops together."""

import asyncio
import time
from collections import Counter
from contextlib import suppress

from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.failures import Reason
from printworks_common.postgres import Pool, ground_errors, load_queries

from printworks_jobs_api.metrics import PRINT_JOBS

SQL = load_queries("printworks_jobs_api", "sql/states.sql")

EVERY_SECONDS = 30.0

PAUSE_PER_SECOND = 100.0
"""A count of very many print jobs takes a while: it takes no more than a hundredth of the time."""

NO_REASON = "none"
OTHER = "other"
"""Reasons of a newer version, so that the values of the label stay few and known."""

_KNOWN = frozenset(Reason)


class States:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def measure(self, stopping: asyncio.Event) -> None:
        """Keep the gauge until `stopping` is set; without the database it stays as it was."""
        while not stopping.is_set():
            began = time.monotonic()
            with suppress(GroundMissingError, TransientError):
                await self.count()
            pause = max(EVERY_SECONDS, PAUSE_PER_SECOND * (time.monotonic() - began))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()

    async def count(self) -> None:
        """Set the gauge; a state that no print job has any more is not told."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["states"])
        jobs = Counter[tuple[str, str]]()
        for row in rows:
            jobs[row["status"], _label(row["reason_code"])] += row["jobs"]
        PRINT_JOBS.clear()
        for (status, reason), number in jobs.items():
            PRINT_JOBS.labels(status, reason).set(number)


def _label(reason: str | None) -> str:
    if reason is None:
        return NO_REASON
    return reason if reason in _KNOWN else OTHER
