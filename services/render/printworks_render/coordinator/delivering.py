"""Asks for deliveries: from Postgres to `deliveries`, fairly over shops and never too many at once.

A bucket that does not answer holds up its own shop alone. What was delivered leaves the hosted bucket a while later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from printworks_common import ids
from printworks_common.clock import Clock
from printworks_common.errors import TransientError
from printworks_common.events.envelope import encode
from printworks_common.failures import Reason
from printworks_common.logs import get_logger
from printworks_common.postgres import ground_errors
from printworks_common.storage import ObjectStore

from printworks_render.coordinator import deliveries, metrics, transitions
from printworks_render.coordinator.ground import Ground
from printworks_render.coordinator.model import Job, Order
from printworks_render.coordinator.snapshots import SOURCE
from printworks_render.coordinator.store import SQL, Change, DispatcherLock, OrderStore

DELIVERY_LOCK = 0x70772D64656C69
"""Advisory lock of the delivery dispatcher: counting what is under way and adding to it is one thing."""

COPIES_PER_ROUND = 100

log = get_logger(__name__)


@dataclass(frozen=True)
class DeliveryLimits:
    """in_flight: deliveries without a result, in all; per_shop: of one shop; lease: how long a result may take."""

    in_flight: int = 32
    per_shop: int = 2
    lease: timedelta = timedelta(minutes=30)


class DeliveryDispatcher:
    def __init__(
        self,
        store: OrderStore,
        pool: "asyncpg.Pool[asyncpg.Record]",
        ground: Ground,
        clock: Clock,
        limits: DeliveryLimits,
    ) -> None:
        self._store = store
        self._ground = ground
        self._clock = clock
        self._limits = limits
        self._lock = DispatcherLock(pool, DELIVERY_LOCK)

    async def dispatch(self) -> int:
        """Ask for what there is room for. Returns the number of jobs that were looked at."""
        return await self._lock.run(self._round)

    async def _round(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> int:
        limits = self._limits
        with ground_errors():
            rows = await connection.fetch(SQL["claim_deliveries"], limits.in_flight, limits.per_shop, limits.lease)
        overdue = [row["job_id"] for row in rows if row["overdue"]]
        waiting = await self._ground.missing(connection, overdue)
        for row in rows:
            # Its claim has just been renewed.
            if not (row["overdue"] and waiting):
                await self._ask(row)
        return len(rows)

    async def _ask(self, row: asyncpg.Record) -> None:
        def decide(order: Order | None) -> Change | None:
            job = order.job(row["job_id"]) if order else None
            artwork = deliveries.waiting_files(job) if job else None
            if order is None or job is None or artwork is None:
                return None
            now = self._clock.now()
            if row["storage_version"] is None:
                return _changed(order, deliveries.stays_hosted(job, now))
            if row["overdue"]:
                return after_failure(
                    order, job, Reason.STORAGE_UNREACHABLE, "No deliverer told an end of this delivery.", self._clock
                )
            request = deliveries.request(order, job, artwork, row["storage_version"])
            record = encode(
                request,
                event_id=ids.event_id(request.type_name, job.job_id, artwork.artwork_version, request.attempt),
                source=SOURCE,
                time=now,
                traceparent=order.traceparent,
            )
            metrics.DELIVERIES_ASKED.inc()
            return Change(order, [record])

        await self._store.change(row["shop"], row["order_id"], decide)


def after_failure(order: Order, job: Job, reason: str, detail: str, clock: Clock) -> Change:
    """The order after a delivery that failed; nobody is told of one that is tried again."""
    after = deliveries.not_delivered(job, reason, detail, clock.now())
    if after.version == job.version:
        return Change(order.with_job(after), quiet=True)
    return _changed(order, after)


def _changed(order: Order, job: Job) -> Change:
    return Change(transitions.with_status(order.with_job(job)))


class DeliveredCopies:
    """Hosted copies of files that were delivered: kept until short-lived links to them have run out, then deleted."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", objects: ObjectStore, kept: timedelta) -> None:
        self._pool = pool
        self._objects = objects
        self._kept = kept

    async def dispatch(self) -> int:
        """Delete some of those whose time is over, with all their versions. Returns how many are gone."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["old_delivered_copies"], self._kept, COPIES_PER_ROUND)
        keys: list[str] = [row["key"] for row in rows]
        gone = [key for key in keys if await self._deleted(key)]
        if keys:
            with ground_errors():
                await self._pool.execute(SQL["forget_delivered_copies"], gone)
                await self._pool.execute(SQL["keep_delivered_copies"], keys)
        metrics.COPIES_DELETED.inc(len(gone))
        return len(gone)

    async def _deleted(self, key: str) -> bool:
        try:
            versions = [(one.key, one.version_id) async for one in self._objects.list_versions(key) if one.key == key]
            failures: Sequence[object] = await self._objects.delete_batch(versions)
        except TransientError as error:
            failures = [error]
        if failures:
            log.warning("delivered_copy_stays", failures=len(failures))
        return not failures
