"""The reconciler: reads again what carried no whole order, and asks every shop what we may have missed.

Read `rereads.py` (a touched order is read again), `sweeps.py` (what was updated), `counting.py` (what exists) and
`subscriptions.py` (who tells us), in this order. `rounds.py` is when, `nights.py` when counts are.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.shopify.shops import Shops

from printworks_ingest.counting import Counts
from printworks_ingest.nights import Nights, count_round
from printworks_ingest.profiles import Profiles
from printworks_ingest.rereads import Rereads
from printworks_ingest.rounds import Round
from printworks_ingest.settings import ReconcilerSettings
from printworks_ingest.subscriptions import Audit
from printworks_ingest.sweeps import Sweeps

SWEEPS_AT_ONCE = 32
AUDITS_AT_ONCE = 4

AUDIT_EVERY = timedelta(hours=1)
PROFILE_EVERY = timedelta(days=1)
LONGEST_PAUSE = timedelta(minutes=1)
PAUSE = timedelta(minutes=15)

MEASURE_SECONDS = 5.0


def rounds_of(
    settings: ReconcilerSettings, sweeps: Sweeps, counts: Counts, audit: Audit, profiles: Profiles
) -> list[Round]:
    """What is done for every shop, and when."""
    every = timedelta(seconds=settings.reconcile_every_seconds)
    return [
        Round("sweep", sweeps.sweep, _at_once, lambda began: began + every, min(every, LONGEST_PAUSE), SWEEPS_AT_ONCE),
        *([count_round(counts, sweeps, settings.reconcile_count_hour)] if settings.reconcile_counts else []),
        Round("audit", audit.audit, _at_once, lambda began: began + AUDIT_EVERY, PAUSE, AUDITS_AT_ONCE),
        Round("profile", profiles.publish, _at_once, lambda began: began + PROFILE_EVERY, PAUSE, AUDITS_AT_ONCE),
    ]


def _at_once(now: datetime) -> datetime:
    return now


async def measure(
    shops: Shops, rereads: Rereads, sweeps: Sweeps, nights: Nights, audit: Audit, stopping: asyncio.Event
) -> None:
    """Keep the gauges up to date until `stopping`; without the database they stay as they were."""
    while not stopping.is_set():
        domains = [shop.domain for shop in shops]
        with suppress(GroundMissingError, TransientError):
            await rereads.count()
            await sweeps.measure(domains)
            await nights.measure(domains)
            await audit.measure(domains)
        with suppress(TimeoutError):
            async with asyncio.timeout(MEASURE_SECONDS):
                await stopping.wait()
