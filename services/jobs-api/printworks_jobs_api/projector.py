"""Projector: orders' snapshots come in, their rows are written, those of several orders in one transaction.

A snapshot is the whole order, and a higher version replaces a lower one: duplicates, replays and old snapshots change
nothing, in whatever order they come.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from printworks_common.clock import Clock
from printworks_common.errors import PoisonError
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.record import Record
from printworks_common.postgres import Connection, Pool, ground_errors
from printworks_common.tombstones import tombstones_of

from printworks_jobs_api import batches
from printworks_jobs_api.gathering import Gathering
from printworks_jobs_api.metrics import PROJECTION_LAG, SNAPSHOTS
from printworks_jobs_api.rows import JobRow, file_rows, job_row

MAX_BIGINT = 2**63 - 1

TOGETHER = 64
"""Most orders of one transaction: what they lock is locked for its time."""


class Projector:
    """Writes snapshots into the read model."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._gathering = Gathering(self._write, key=OrderSnapshot.key, most=TOGETHER)

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
        return await self._gathering.add(snapshot)

    async def _write(self, snapshots: Sequence[OrderSnapshot]) -> list[bool]:
        """Which of them were applied."""
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                kept = await not_erased(connection, snapshots)
                applied = await batches.save_orders(connection, kept) if kept else []
                if applied:
                    await batches.want_written(connection, applied)
                    await batches.save_files(connection, applied, [row for one in applied for row in file_rows(one)])
                    await _save_jobs(connection, applied)
        done = {one.key() for one in applied}
        return [one.key() in done for one in snapshots]


async def not_erased(connection: Connection, snapshots: Sequence[OrderSnapshot]) -> list[OrderSnapshot]:
    """Without the snapshots that would bring back what was erased. Call it in the transaction that writes them."""
    found = await tombstones_of(connection, [(one.shop, int(one.order_id), one.created_at) for one in snapshots])
    return [
        one
        for one, buried in zip(snapshots, found, strict=True)
        if buried is None or (buried == "order" and one.erased_at is not None)
    ]


async def _save_jobs(connection: Connection, snapshots: Sequence[OrderSnapshot]) -> None:
    rows = [(job_row(one, job), one) for one in snapshots for job in one.jobs]
    stored: Mapping[UUID, Any] = {row["job_id"]: row for row in await batches.stored_jobs(connection, snapshots)}
    changed = [
        (row, one) for row, one in rows if row.job_id not in stored or stored[row.job_id]["version"] < row.version
    ]
    await batches.drop_other_jobs(connection, snapshots, [row for row, _ in rows])
    # Last of all locks, and held only for the writes below: it makes the shop's projections wait for each other.
    last = await batches.next_changes(connection, Counter(row.shop for row, _ in changed)) if changed else {}
    numbers = {job_id: row["change_seq"] for job_id, row in stored.items()} | _numbered(
        [row for row, _ in changed], last
    )
    await batches.save_jobs(connection, [row for row, _ in rows], numbers)
    await batches.add_changes(connection, [_change(row, numbers[row.job_id], one) for row, one in changed])


def _numbered(changed: Sequence[JobRow], last: Mapping[str, int]) -> dict[UUID, int]:
    """Each change gets a number; those of a shop end with `last`."""
    numbers: dict[UUID, int] = {}
    left = dict(last)
    for row in reversed(changed):
        numbers[row.job_id] = left[row.shop]
        left[row.shop] -= 1
    return numbers


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
    if any(int(one) > MAX_BIGINT for one in ids):
        raise PoisonError("The snapshot has an id that is no 64-bit number.", code="unreadable_event")
