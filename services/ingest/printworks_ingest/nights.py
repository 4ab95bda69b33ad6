"""When shops are counted: every night, by the reconciler at its hour or by `printworks-ingest count` on a schedule.

Both claim a shop's count in Postgres, so that it is never done by two at once, and note when it ended: the reconciler
tells how long the oldest is ago, whoever has done it.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors
from printworks_common.shopify.shops import Shop, Shops

from printworks_ingest import metrics
from printworks_ingest.counting import Counts
from printworks_ingest.rounds import SQL, Round, Rounds
from printworks_ingest.sweeps import Sweeps

log = get_logger(__name__)

COUNTS_AT_ONCE = 4
PAUSE = timedelta(minutes=15)
"""After a count that failed, in the reconciler. It has all night."""

SAME_NIGHT = timedelta(hours=3)
"""What was counted so shortly before is not counted again: a run that was broken off is gone on with."""

TRIES = 3
SHORT_PAUSE = timedelta(seconds=20)
"""In a run of its own a shop is tried again so soon, and so often in all."""

LOOK_SECONDS = 0.5


def count_round(counts: Counts, sweeps: Sweeps, hour: int) -> Round:
    """The count of a shop, at this hour (UTC)."""

    async def count(shop: Shop) -> bool:
        await counts.count(shop, await sweeps.known_since(shop))
        return True

    def night(now: datetime) -> datetime:
        return next_hour(now, hour)

    return Round("count", count, night, night, PAUSE, COUNTS_AT_ONCE)


def next_hour(now: datetime, hour: int) -> datetime:
    """The next moment at which this hour of the day begins, in the zone of `now`."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


class Nights:
    """How long ago the counts are."""

    def __init__(self, pool: Pool, clock: Clock, first_reach: timedelta) -> None:
        self._pool = pool
        self._clock = clock
        self._first_reach = first_reach

    async def measure(self, domains: list[str]) -> None:
        """Set the gauge of the shop whose last whole count is longest ago."""
        with ground_errors():
            oldest = await self._pool.fetchval(SQL["oldest_count"], domains, self._first_reach)
        metrics.OLDEST_COUNT.set((self._clock.now() - oldest).total_seconds() if oldest else 0)


class Night:
    """One run over all shops, which comes to an end."""

    def __init__(
        self, count: Round, *, pool: Pool, shops: Shops, clock: Clock, short_pause: timedelta = SHORT_PAUSE
    ) -> None:
        self._count = count
        self._pool = pool
        self._shops = shops
        self._clock = clock
        self._tries: dict[str, int] = {}
        at_once = replace(count, work=self._try, first_due=lambda now: now, failed_pause=short_pause)
        self.rounds = Rounds(at_once, pool=pool, shops=shops, clock=clock)
        """Has to be dispatched while `run` lasts."""

    async def run(self, stopping: asyncio.Event) -> list[str]:
        """Wait until every shop is counted, or was tried in vain. Returns the domains of those that are not."""
        since = self._clock.now() - SAME_NIGHT
        domains = [shop.domain for shop in self._shops]
        left, called = domains, False
        while not stopping.is_set():
            with suppress(GroundMissingError), ground_errors():
                if not called:
                    await self._pool.execute(SQL["call_rounds"], self._count.kind, domains, since, self._clock.now())
                    called = True
                rows = await self._pool.fetch(SQL["rounds_left"], self._count.kind, domains, since)
                left = [row["shop"] for row in rows]
                if all(self._tries.get(domain, 0) >= TRIES for domain in left):
                    break
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stopping.wait()
        for domain in left:
            log.error("not_counted", shop=domain, attempts=self._tries.get(domain, 0))
        log.info("night_ended", count=len(domains) - len(left))
        return left

    async def _try(self, shop: Shop) -> bool:
        try:
            return await self._count.work(shop)
        except Exception:
            self._tries[shop.domain] = self._tries.get(shop.domain, 0) + 1
            raise
