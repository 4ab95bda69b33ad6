"""Rows of many orders in one statement per table: what a row costs is then the row, and not the way to the database."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.postgres import Connection, load_queries

from printworks_jobs_api.rows import FileRow, JobRow, order_row

SQL = load_queries("printworks_jobs_api", "sql/batches.sql")


async def save_orders(connection: Connection, snapshots: Sequence[OrderSnapshot]) -> list[OrderSnapshot]:
    """Write the rows of orders, at most one snapshot of each. Gives those that were new or newer, in their order."""
    # In one order everywhere: two transactions that want the same rows then wait, and never for each other.
    rows = sorted(order_row(snapshot) for snapshot in snapshots)
    applied = {(row["shop"], row["order_id"]) for row in await connection.fetch(SQL["save_orders"], *_columns(rows))}
    return [one for one in snapshots if (one.shop, int(one.order_id)) in applied]


async def save_files(connection: Connection, snapshots: Sequence[OrderSnapshot], files: Sequence[FileRow]) -> None:
    """Write the files that the snapshots list; others of the same orders are cleared."""
    await connection.execute(SQL["clear_other_files"], *_orders(snapshots), [file.file_id for file in files])
    if files:
        await connection.execute(SQL["save_files"], *_columns(files))


async def want_written(connection: Connection, snapshots: Sequence[OrderSnapshot]) -> None:
    """Note what is to be on the orders on Shopify."""
    rows = [(one.shop, int(one.order_id), one.artwork_status, one.occurred_at) for one in snapshots]
    await connection.execute(SQL["want_written"], *_columns(rows))


async def stored_jobs(connection: Connection, snapshots: Sequence[OrderSnapshot]) -> Sequence[Any]:
    """Id, version and number of the newest change of each job that these orders have."""
    return await connection.fetch(SQL["stored_jobs"], *_orders(snapshots))


async def drop_other_jobs(connection: Connection, snapshots: Sequence[OrderSnapshot], jobs: Sequence[JobRow]) -> None:
    """A snapshot is the whole order: a job of these orders that is not among `jobs` is no job any more."""
    await connection.execute(SQL["drop_other_jobs"], *_orders(snapshots), [job.job_id for job in jobs])


async def save_jobs(connection: Connection, jobs: Sequence[JobRow], numbers: Mapping[UUID, int]) -> None:
    """Write the jobs, each with the number of its newest change."""
    if jobs:
        await connection.execute(SQL["save_jobs"], *_columns(jobs), [numbers[job.job_id] for job in jobs])


async def next_changes(connection: Connection, wanted: Mapping[str, int]) -> dict[str, int]:
    """The last of so many new numbers of each shop. Their counters stay locked to the end of the transaction: a reader
    that has seen a number has seen all before it."""
    rows = await connection.fetch(SQL["next_changes"], list(wanted), list(wanted.values()))
    return {row["shop"]: row["seq"] for row in rows}


async def add_changes(connection: Connection, changes: Sequence[Sequence[Any]]) -> None:
    """Columns of `changes` in their order."""
    if changes:
        await connection.execute(SQL["add_changes"], *_columns(changes))


def _orders(snapshots: Iterable[OrderSnapshot]) -> tuple[list[str], list[int]]:
    ids = [(one.shop, int(one.order_id)) for one in snapshots]
    return [shop for shop, _ in ids], [order_id for _, order_id in ids]


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
