"""Clears the hosted files of the orders whose day has come, and nothing else.

    everything read? ── brakes ── mark what is due (dates and holds in the same statement) ── tell the coordinator
      ── wait ── list, note, delete, batch by batch ── tell ── done and audited in one transaction

It can be killed at any point and run again, on several pods too: one of them works, a mark stays until its order is
done. A merchant's own bucket is out of reach: this process has no credentials for any but the hosted one.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

import asyncpg
from printworks_common import ids
from printworks_common.clock import Clock, utc_date
from printworks_common.events.control import RetentionBegun, RetentionPurged
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries

from printworks_retention import audit, metrics
from printworks_retention.brakes import Balance, Cap, over_cap
from printworks_retention.calendar import clocks_agree, is_due, keep_until
from printworks_retention.clearing import ClearedBatch, Clearing, Gone, MarkedOrder, Objects

log = get_logger(__name__)

SQL = load_queries("printworks_retention", "sql/queries.sql")

SOURCE = "printworks/retention"

BATCH = 500
"""Orders looked at, or cleared, in one go."""

RUN_LOCK = 7_203_002


Clocks = Callable[[], Awaitable[Sequence[datetime]]]
"""What the clocks of others say now: the database's, the object store's."""


class Events(Protocol):
    """What publishes; `KafkaProducer` is it."""

    async def send_many(self, records: Sequence[OutgoingRecord]) -> None: ...


@dataclass(frozen=True)
class PurgeOptions:
    cap: Cap
    enabled: bool = True
    pause_seconds: float = 10.0
    """Between telling that orders are closed and deleting their files: renders under way are turned away meanwhile."""
    by: str = "loop"
    """Who runs it, for the audit."""


@dataclass
class RunReport:
    """What a run did, or why it refused."""

    run_id: UUID
    orders: int = 0
    objects: int = 0
    bytes: int = 0
    left: int = 0
    """Orders of which something could not be deleted: the next run goes on with them."""
    refused: str | None = None
    errors: Counter[str] = field(default_factory=Counter[str])


class Purge:
    def __init__(
        self,
        pool: Pool,
        *,
        objects: Objects,
        events: Events,
        clock: Clock,
        clocks: Clocks,
        parallel: int,
        options: PurgeOptions,
    ) -> None:
        self._pool = pool
        self._clocks = clocks
        self._clearing = Clearing(pool, objects, parallel=parallel)
        self._events = events
        self._clock = clock
        self._options = options

    async def run(self, stopping: asyncio.Event, *, approved: int = 0) -> RunReport:
        """Purge every due order, or refuse. `approved`: so many orders may go although the cap would stop it.

        Raises GroundMissingError when database, store or broker are away: what was begun is finished by the next run.
        """
        report = RunReport(uuid4())
        async with alone_in(self._pool) as alone:
            report.refused = await self.reason_to_refuse(approved=approved) if alone else "another_run"
            if report.refused is not None:
                await self._refused(report)
                return report
            await self._report_suspects()
            async for orders in self._marked():
                # Of a run that was cut off, perhaps between mark and telling: a repeat is recognised.
                await self._tell_begun(orders, report.run_id)
            if await self._mark(report.run_id, stopping) and self._options.pause_seconds:
                await _wait(stopping, self._options.pause_seconds)
            async for orders in self._marked():
                if stopping.is_set():
                    break
                await self._clear(orders, report)
        metrics.LAST_RUN.set_to_current_time()
        log.info(
            "purge_done", run_id=str(report.run_id), count=report.orders, records=report.objects, bytes=report.bytes
        )
        return report

    async def reason_to_refuse(self, *, approved: int = 0) -> str | None:
        """`switched_off`, `clock`, `cap`, or None. Nothing is changed."""
        if not self._options.enabled:
            return "switched_off"
        now = self._clock.now()
        others = await self._clocks()
        if not all(clocks_agree(now, other) for other in others):
            return "clock"
        balance = await self.balance()
        metrics.DUE.set(balance.due)
        if balance.due > approved and over_cap(balance, self._options.cap):
            return "cap"
        return None

    async def balance(self) -> Balance:
        """What is due beside what there is."""
        with ground_errors():
            due = await self._pool.fetchval(SQL["count_due"], utc_date(self._clock.now()))
            row = await self._pool.fetchrow(SQL["balance"], self._clock.now())
        return Balance(due, row["live"], row["usual_day"], row["days_since"] or 0) if row else Balance(due, 0, None, 0)

    async def due(self) -> AsyncIterator[list[MarkedOrder]]:
        """Orders that are due now, in batches. Nothing is changed."""
        now = self._clock.now()
        after: tuple[date, str, int] = (date.min, "", 0)
        while True:
            with ground_errors():
                rows = await self._pool.fetch(SQL["due"], utc_date(now), *after, BATCH)
            if not rows:
                return
            after = (rows[-1]["retention_date"], rows[-1]["shop"], int(rows[-1]["order_id"]))
            # The statement has judged already; that both agree is worth more than the time it takes.
            found = [_order(row) for row in rows]
            yield [one for one in found if is_due(one.keep_until, one.order_date, now)]

    async def _refused(self, report: RunReport) -> None:
        reason = report.refused or ""
        metrics.REFUSED.labels(reason=reason).inc()
        log.error("purge_refused", run_id=str(report.run_id), reason=reason)
        if reason == "cap":
            facts = {"run_id": str(report.run_id), "by": self._options.by, "reason": reason}
            with ground_errors():
                async with self._pool.acquire() as connection, connection.transaction():
                    await audit.append(connection, "refused", self._clock.now(), facts)

    async def _report_suspects(self) -> None:
        with ground_errors():
            rows = await self._pool.fetch(SQL["suspects"], utc_date(self._clock.now()))
        metrics.SUSPECT.set(len(rows))
        for row in rows:
            log.error("order_date_suspect", shop=row["shop"], order_id=row["order_id"])

    async def _mark(self, run_id: UUID, stopping: asyncio.Event) -> int:
        """Mark everything that is due, and tell so. Returns how many orders were marked now."""
        marked = 0
        async for orders in self.due():
            if stopping.is_set():
                break
            now = self._clock.now()
            with ground_errors():
                rows = await self._pool.fetch(SQL["begin_purge"], *_columns(orders), utc_date(now), now)
            begun = {(row["shop"], row["order_id"]) for row in rows}
            await self._tell_begun([one for one in orders if (one.shop, one.order_id) in begun], run_id)
            marked += len(begun)
        return marked

    async def _marked(self) -> AsyncIterator[list[MarkedOrder]]:
        """Marked orders, those of a run that was cut off included, in batches."""
        after = ("", 0)
        while True:
            with ground_errors():
                rows = await self._pool.fetch(SQL["purging"], *after, BATCH)
            if not rows:
                return
            after = (rows[-1]["shop"], int(rows[-1]["order_id"]))
            yield [_order(row) for row in rows]

    async def _clear(self, orders: Sequence[MarkedOrder], report: RunReport) -> None:
        batch = await self._clearing.clear(orders)
        await self._events.send_many([self._purged(one, gone, report.run_id) for one, gone in batch.gone.items()])
        await self._done(batch, report)
        report.left += len(batch.left)
        report.errors += batch.errors

    async def _done(self, batch: ClearedBatch, report: RunReport) -> None:
        """Marks and audit, in one transaction."""
        columns = _columns(list(batch.gone))
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(SQL["purged"], *columns, self._clock.now())
                await connection.execute(SQL["forget_objects"], *columns)
                done = {(row["shop"], row["order_id"]) for row in rows}
                cleared = {one: gone for one, gone in batch.gone.items() if (one.shop, one.order_id) in done}
                if cleared or batch.errors:
                    facts = _audited(cleared, batch, report.run_id, self._options.by)
                    await audit.append(connection, "purge", self._clock.now(), facts)
        objects = [one for gone in cleared.values() for one in gone]
        report.orders += len(cleared)
        report.objects += len(objects)
        report.bytes += sum(one.bytes for one in objects)
        metrics.PURGED_ORDERS.inc(len(cleared))
        metrics.PURGED_OBJECTS.inc(len(objects))
        for one, gone in cleared.items():
            log.info("order_purged", shop=one.shop, order_id=one.order_id, count=len(gone))

    async def _tell_begun(self, orders: Sequence[MarkedOrder], run_id: UUID) -> None:
        now = self._clock.now()
        events = [
            RetentionBegun(shop=one.shop, order_id=one.order_id, run_id=run_id, keep_until=one.keep_until, begun_at=now)
            for one in orders
        ]
        await self._events.send_many(
            [
                encode(
                    event,
                    event_id=ids.event_id(event.type_name, event.key(), event.keep_until.isoformat()),
                    source=SOURCE,
                    time=now,
                )
                for event in events
            ]
        )

    def _purged(self, order: MarkedOrder, gone: Sequence[Gone], run_id: UUID) -> OutgoingRecord:
        now = self._clock.now()
        event = RetentionPurged(
            shop=order.shop,
            order_id=order.order_id,
            run_id=run_id,
            retention_date=order.keep_until,
            objects=len(gone),
            bytes=sum(one.bytes for one in gone),
            purged_at=now,
        )
        event_id = ids.event_id(event.type_name, event.key(), order.keep_until.isoformat())
        return encode(event, event_id=event_id, source=SOURCE, time=now)


@asynccontextmanager
async def alone_in(pool: Pool) -> AsyncGenerator[bool]:
    """Whether no other process deletes now; the lock ends with its connection."""
    with ground_errors():
        async with pool.acquire() as connection:
            alone = await connection.fetchval("SELECT pg_try_advisory_lock($1)", RUN_LOCK)
            try:
                yield alone
            finally:
                if alone:
                    await connection.execute("SELECT pg_advisory_unlock($1)", RUN_LOCK)


def _order(row: asyncpg.Record) -> MarkedOrder:
    last_day = keep_until(row["retention_date"], row["order_date"], row["first_paid_on"], row["days"])
    # A marked order whose date was taken away by a later snapshot is still begun.
    return MarkedOrder(row["shop"], row["order_id"], row["order_date"], last_day or row["order_date"])


def _columns(orders: Sequence[MarkedOrder]) -> tuple[list[str], list[int]]:
    return [one.shop for one in orders], [int(one.order_id) for one in orders]


def _audited(cleared: dict[MarkedOrder, list[Gone]], batch: ClearedBatch, run_id: UUID, by: str) -> dict[str, Any]:
    """Counts by shop and last day, and one digest over all keys."""
    days: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for order, gone in cleared.items():
        day = days[order.shop][order.keep_until.isoformat()]
        day[0] += 1
        day[1] += len(gone)
        day[2] += sum(one.bytes for one in gone)
    objects = [one for gone in cleared.values() for one in gone]
    return {
        "run_id": str(run_id),
        "by": by,
        "reason": "period_over",
        "orders": len(cleared),
        "objects": len(objects),
        "bytes": sum(one.bytes for one in objects),
        "keys_sha256": audit.keys_digest((one.key, one.version_id) for one in objects),
        "days": {
            shop: {day: dict(zip(("orders", "objects", "bytes"), counts, strict=True)) for day, counts in of.items()}
            for shop, of in days.items()
        },
        "errors": dict(batch.errors),
        "left": len(batch.left),
    }


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
