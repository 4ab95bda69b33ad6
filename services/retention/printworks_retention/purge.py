"""Clears the hosted files of the orders whose day has come, and nothing else.

Deletion goes by order prefix: everything below it, with all versions and open uploads. It can be killed at any point
and run again, on several pods too: an order is marked done only when its prefix is empty and the event is acknowledged.
A merchant's own bucket is out of reach: this process has no credentials for any but the hosted one.
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
from printworks_common import ids
from printworks_common.clock import Clock, utc_date
from printworks_common.events.control import RetentionPurged
from printworks_common.events.envelope import encode
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.logs import get_logger
from printworks_common.postgres import ground_errors
from printworks_common.storage import ObjectStore

from printworks_retention import metrics
from printworks_retention.calendar import clocks_agree, is_due, order_prefix
from printworks_retention.ledger import SQL

log = get_logger(__name__)

SOURCE = "printworks/retention"

BATCH = 500
"""Orders looked at in one go."""


@dataclass(frozen=True)
class RunReport:
    """What a run did, or why it refused."""

    run_id: UUID
    orders: int = 0
    objects: int = 0
    bytes: int = 0
    refused: str | None = None


class Purge:
    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        *,
        objects: ObjectStore,
        producer: KafkaProducer,
        clock: Clock,
        parallel: int,
        enabled: bool,
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._producer = producer
        self._clock = clock
        self._parallel = parallel
        self._enabled = enabled

    async def run(self, stopping: asyncio.Event) -> RunReport:
        """Purge every due order, or refuse. Raises `GroundMissingError` when database, store or broker is away."""
        report = RunReport(uuid4())
        reason = await self._reason_to_refuse()
        if reason is not None:
            metrics.REFUSED.labels(reason=reason).inc()
            log.error("purge_refused", run_id=str(report.run_id), reason=reason)
            return RunReport(report.run_id, refused=reason)
        done = [0, 0, 0]
        today = utc_date(self._clock.now())
        while not stopping.is_set():
            with ground_errors():
                rows = await self._pool.fetch(SQL["due"], today, BATCH)
            metrics.DUE.set(len(rows))
            if not rows:
                break
            gate = asyncio.Semaphore(self._parallel)
            counts = await asyncio.gather(*(self._purge_order(row, report.run_id, gate) for row in rows))
            done = [total + sum(part) for total, part in zip(done, zip(*counts, strict=True), strict=True)]
            if not any(count[0] for count in counts):
                break
        metrics.LAST_RUN.set_to_current_time()
        log.info("purge_done", run_id=str(report.run_id), count=done[0], records=done[1], bytes=done[2])
        return RunReport(report.run_id, orders=done[0], objects=done[1], bytes=done[2])

    async def _reason_to_refuse(self) -> str | None:
        if not self._enabled:
            return "switched_off"
        with ground_errors():
            database_time = await self._pool.fetchval(SQL["database_time"])
        if not clocks_agree(self._clock.now(), database_time):
            return "clock"
        return None

    async def _purge_order(self, row: asyncpg.Record, run_id: UUID, gate: asyncio.Semaphore) -> tuple[int, int, int]:
        """Purge one order. Returns orders, objects and bytes."""
        async with gate:
            now = self._clock.now()
            if not is_due(row["retention_date"], row["order_date"], now):
                return 0, 0, 0
            with ground_errors():
                day = await self._pool.fetchval(SQL["begin_purge"], row["shop"], int(row["order_id"]), utc_date(now))
            if day is None:
                return 0, 0, 0
            prefix = order_prefix(row["order_date"], row["shop"], row["order_id"])
            cleared = await self._objects.delete_prefix(prefix)
            event = RetentionPurged(
                shop=row["shop"],
                order_id=row["order_id"],
                run_id=run_id,
                retention_date=day,
                objects=cleared.objects,
                bytes=cleared.bytes,
                purged_at=now,
            )
            event_id = ids.event_id(event.type_name, event.key(), day.isoformat())
            await self._producer.send(encode(event, event_id=event_id, source=SOURCE, time=now))
            with ground_errors():
                await self._pool.execute(SQL["purged"], row["shop"], int(row["order_id"]))
            metrics.PURGED_ORDERS.inc()
            metrics.PURGED_OBJECTS.inc(cleared.objects)
            log.info("order_purged", shop=row["shop"], order_id=row["order_id"], count=cleared.objects)
            return 1, cleared.objects, cleared.bytes
