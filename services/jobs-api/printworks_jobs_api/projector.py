"""Projector: an order's snapshot comes in, its rows are written in one transaction.

A snapshot is the whole order, and a higher version replaces a lower one: duplicates, replays and old snapshots change
nothing, in whatever order they come.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from printworks_common.clock import Clock
from printworks_common.errors import PoisonError
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.record import Record
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from printworks_common.tombstones import tombstones_of

from printworks_jobs_api.metrics import PROJECTION_LAG, SNAPSHOTS
from printworks_jobs_api.rows import JobRow, file_rows, job_row, order_row

SQL = load_queries("printworks_jobs_api", "sql/projector.sql")

_MAX_BIGINT = 2**63 - 1


class Projector:
    """Writes snapshots into the read model."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def handle(self, record: Record) -> None:
        """One snapshot. Raises PoisonError for what cannot be read as one, GroundMissingError when the database is
        away."""
        snapshot = record.decode(OrderSnapshot)
        applied = await self.apply(snapshot)
        SNAPSHOTS.labels("applied" if applied else "old").inc()
        if applied:
            PROJECTION_LAG.observe(max(0.0, (self._clock.now() - snapshot.occurred_at).total_seconds()))

    async def apply(self, snapshot: OrderSnapshot) -> bool:
        """Write the snapshot. False: a snapshot as new was there already, or the order was erased."""
        check_ids(snapshot)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                if not await not_erased(connection, [snapshot]):
                    return False
                if await connection.fetchval(SQL["save_order"], *order_row(snapshot)) is None:
                    return False
                await _save_files(connection, snapshot)
                await _save_jobs(connection, snapshot)
                return True


async def not_erased(connection: Connection, snapshots: Sequence[OrderSnapshot]) -> list[OrderSnapshot]:
    """Without the snapshots that would bring back what was erased. Call it in the transaction that writes them."""
    found = await tombstones_of(connection, [(one.shop, int(one.order_id), one.created_at) for one in snapshots])
    return [
        one
        for one, buried in zip(snapshots, found, strict=True)
        if buried is None or (buried == "order" and one.erased_at is not None)
    ]


async def _save_files(connection: Connection, snapshot: OrderSnapshot) -> None:
    files = list(file_rows(snapshot))
    listed = [file.file_id for file in files]
    await connection.execute(SQL["clear_files"], snapshot.shop, int(snapshot.order_id), listed)
    await connection.executemany(SQL["save_file"], files)


async def _save_jobs(connection: Connection, snapshot: OrderSnapshot) -> None:
    order_id = int(snapshot.order_id)
    rows = [job_row(snapshot, job) for job in snapshot.jobs]
    stored: Mapping[UUID, Any] = {
        row["job_id"]: row for row in await connection.fetch(SQL["stored_jobs"], snapshot.shop, order_id)
    }
    await connection.execute(SQL["drop_jobs"], snapshot.shop, order_id, [row.job_id for row in rows])
    changed = [row for row in rows if row.job_id not in stored or stored[row.job_id]["version"] < row.version]
    numbers: dict[UUID, int] = {}
    if changed:
        # Last of all locks, and held only for the writes below: it makes the shop's projections wait for each other.
        last: int = await connection.fetchval(SQL["next_changes"], snapshot.shop, len(changed))
        numbers = {row.job_id: last - len(changed) + place for place, row in enumerate(changed, start=1)}
    await connection.executemany(
        SQL["save_job"],
        [(*row, numbers.get(row.job_id) or stored[row.job_id]["change_seq"]) for row in rows],
    )
    await connection.executemany(SQL["add_change"], [_change(row, numbers[row.job_id], snapshot) for row in changed])


def _change(row: JobRow, number: int, snapshot: OrderSnapshot) -> tuple[Any, ...]:
    return (
        row.shop, number, row.order_id, row.job_id, row.version, row.status, row.step, row.reason_code,
        row.artwork_version, snapshot.occurred_at,
    )  # fmt: skip


def check_ids(snapshot: OrderSnapshot) -> None:
    """Raises PoisonError for an id that no column takes."""
    ids = [snapshot.order_id]
    for job in snapshot.jobs:
        ids += [one for one in (job.line_item_id, job.product_id, job.variant_id) if one is not None]
    if any(int(one) > _MAX_BIGINT for one in ids):
        raise PoisonError("The snapshot has an id that is no 64-bit number.", code="unreadable_event")
