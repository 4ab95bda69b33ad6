"""The read model made anew from the topic of print jobs, while the API goes on answering from the old one.

Snapshots fill a second set of tables (`shadow.py`); at the end writers wait for a moment, the set takes in what is left
on the topic, and one transaction puts it in the place of the old. What was told of a job keeps its number in the
sequence of changes; a job that turns out to be otherwise is told again. So every cursor that a client holds stays good.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from printworks_common.errors import PoisonError
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.connection import KafkaConnection
from printworks_common.kafka.record import Record
from printworks_common.postgres import Connection, Pool, ground_errors

from printworks_jobs_api import batches
from printworks_jobs_api.projector import check_ids, not_erased
from printworks_jobs_api.rows import JobRow, file_rows, job_row
from printworks_jobs_api.settings import SCHEMA
from printworks_jobs_api.shadow import ALL_TABLES_SECONDS, SHADOW, SQL, TABLES, RebuildError, Shadow, use
from printworks_jobs_api.snapshot_topic import SnapshotTopic

_LOCK = "printworks.rebuild"
CLOSE = 500
"""So few records behind the end of the topic, writers can be made to wait for the rest."""


@dataclass(frozen=True)
class Wanted:
    """`since`: when publishing again began, None: all that the topic has. `orders`: how many there have to be."""

    since: datetime | None = None
    orders: int = 0
    drop_missing: bool = False
    anew: bool = False


@dataclass
class Rebuilt:
    """How far it is. `unreadable` records are those that the projector has buried as dead letters."""

    records: int = 0
    orders: int = 0
    unreadable: int = 0
    resumed: bool = False
    swapped: bool = False
    told_again: int = 0
    behind: int = 0


async def rebuild(
    pool: Pool, kafka: KafkaConnection, wanted: Wanted, *, told: Callable[[str, Rebuilt], None]
) -> Rebuilt:
    """Make the read model anew; `told` is called with a step and how far it is.

    Broken off, it goes on where it was when it is run again. Raises RebuildError when the result would be less than
    what is there, GroundMissingError when broker or database are away.
    """
    done = Rebuilt()
    shadow = Shadow(pool)
    with ground_errors():
        async with pool.acquire() as guard:
            if not await guard.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", _LOCK):
                raise RebuildError("Another rebuild is under way.", code="rebuild_running")
            done.resumed = await shadow.begin(anew=wanted.anew)
            async with SnapshotTopic.open(kafka, wanted.since, await shadow.positions()) as topic:
                filling = _Filling(pool, topic, done, told)
                await filling.until_close()
                told("indexes", done)
                await shadow.finish()
                await filling.until_close()
                await _swap(pool, shadow, filling, wanted)
    return done


class _Filling:
    """Takes snapshots from the topic into the set."""

    def __init__(self, pool: Pool, topic: SnapshotTopic, done: Rebuilt, told: Callable[[str, Rebuilt], None]) -> None:
        self._pool = pool
        self._topic = topic
        self.done = done
        self._told = told

    async def until_close(self) -> None:
        while (behind := await self._topic.behind()) > CLOSE:
            await self._take(behind)

    async def to_the_end(self) -> None:
        """All that is on the topic by now."""
        ends = await self._topic.ends()
        while (behind := self._topic.missing(ends)) > 0:
            await self._take(behind)

    async def _take(self, behind: int) -> None:
        self.done.behind = behind
        records = await self._topic.next_records()
        newest: dict[str, OrderSnapshot] = {}
        for record in records:
            snapshot = self._read(record)
            if snapshot is not None:
                known = newest.get(snapshot.key())
                if known is None or known.version < snapshot.version:
                    newest[snapshot.key()] = snapshot
        snapshots = list(newest.values())
        try:
            await self._write(snapshots)
        except asyncpg.DataError:
            # One of them has a value that no column takes: the projector has met it alone, and buried it.
            await self._write_singly(snapshots)
        self.done.records += len(records)
        self._told("filling", self.done)

    def _read(self, record: Record) -> OrderSnapshot | None:
        try:
            if record.event_type != OrderSnapshot.type_name:
                raise PoisonError("The event type is not known here.", code="unknown_event_type")
            snapshot = record.decode(OrderSnapshot)
            check_ids(snapshot)
        except PoisonError:
            self.done.unreadable += 1
            return None
        return snapshot

    async def _write(self, snapshots: Sequence[OrderSnapshot]) -> None:
        """Rows and the place on the topic, in one transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            kept = await not_erased(connection, snapshots)
            await use(connection)
            await _save(connection, kept)
            places = self._topic.positions()
            await connection.execute(SQL["save_position"], list(places), list(places.values()))

    async def _write_singly(self, snapshots: Sequence[OrderSnapshot]) -> None:
        async with self._pool.acquire() as connection:
            for one in snapshots:
                try:
                    async with connection.transaction():
                        kept = await not_erased(connection, [one])
                        await use(connection)
                        await _save(connection, kept)
                except asyncpg.DataError:
                    self.done.unreadable += 1
        await self._write([])


async def _save(connection: Connection, snapshots: Sequence[OrderSnapshot]) -> None:
    applied = await batches.save_orders(connection, snapshots) if snapshots else []
    if not applied:
        return
    await batches.save_files(connection, applied, [row for one in applied for row in file_rows(one)])
    jobs = [job_row(one, job) for one in applied for job in one.jobs]
    await batches.drop_other_jobs(connection, applied, jobs)
    await batches.save_jobs(connection, jobs, await _numbers(connection, applied, jobs))


async def _numbers(
    connection: Connection, snapshots: Sequence[OrderSnapshot], jobs: Sequence[JobRow]
) -> dict[UUID, int]:
    """Number of the change by which each job was told as it is; 0 for what nobody was told."""
    rows = await connection.fetch(
        SQL["known_numbers"], [one.shop for one in snapshots], [int(one.order_id) for one in snapshots]
    )
    told = {row["job_id"]: row for row in rows}
    return {job.job_id: told[job.job_id]["seq"] if _as_told(job, told.get(job.job_id)) else 0 for job in jobs}


def _as_told(job: JobRow, change: Any) -> bool:
    names = ("version", "status", "step", "reason_code", "artwork_version")
    return change is not None and all(getattr(job, name) == change[name] for name in names)


async def _swap(pool: Pool, shadow: Shadow, filling: _Filling, wanted: Wanted) -> None:
    done = filling.done
    async with pool.acquire() as connection, connection.transaction():
        # Whoever writes the read model waits from here on; what was written until now lies on the topic.
        names = ", ".join(f"{SCHEMA}.{table}" for table in TABLES)
        await connection.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
        await filling.to_the_end()
        done.orders = await shadow.orders()
        await _check(connection, done.orders, wanted)
        for name in ("keep_cleared_files", "want_written", "adopt_numbers"):
            await _over_all(connection, name)
        done.told_again = int((await _over_all(connection, "number_the_untold")).rpartition(" ")[2])
        await shadow.swap(connection)
    done.swapped = True


async def _check(connection: Connection, orders: int, wanted: Wanted) -> None:
    if orders < wanted.orders:
        raise RebuildError(
            f"The topic has {orders} orders, {wanted.orders} are wanted. Was everything published again, and is "
            "--since early enough? Nothing was changed.",
            code="orders_missing",
        )
    if wanted.drop_missing:
        return
    query = SQL["missing_orders"].format(live=SCHEMA, shadow=SHADOW)
    missing = await connection.fetch(query, timeout=ALL_TABLES_SECONDS)
    if missing:
        some = ", ".join(f"{row['shop']}/{row['order_id']}" for row in missing[:3])
        raise RebuildError(
            f"Orders that are shown now are not on the topic: {some}{' and more' if len(missing) > 3 else ''}. Publish "
            "again without --after and --shop, or say --drop-missing. Nothing was changed.",
            code="orders_missing",
        )


async def _over_all(connection: Connection, name: str) -> str:
    return await connection.execute(SQL[name].format(live=SCHEMA, shadow=SHADOW), timeout=ALL_TABLES_SECONDS)
