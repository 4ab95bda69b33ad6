"""What the API and the pages read: every function takes the shop first and reads no other shop's rows."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from printworks_common.clock import Clock, utc_date
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries

from printworks_jobs_api.cursors import Cursor, decode
from printworks_jobs_api.filters import (
    JobFilter,
    JobSort,
    add_page,
    cursor_after,
    job_clauses,
    order_clauses,
)
from printworks_jobs_api.problems import ProblemError, not_found
from printworks_jobs_api.shops import ShopFacts

SQL = load_queries("printworks_jobs_api", "sql/reading.sql")

ASKED_IS_SHOWN = timedelta(minutes=2)
"""So long a command that has changed nothing yet counts as under way; then it may be asked again."""

_LISTED = (
    "job_id, order_id, line_item_id, version, status, step, order_name, customer_name, created_at, order_date, "
    "first_paid_at, test, product_title, variant_title, product_id, variant_id, sku, quantity, template_id, "
    "template_version, recipe, artwork_version, reason_code, reason_detail, queued_at, completed_at, since, change_seq"
)
_ORDER_SORT = "-created_at"


@dataclass(frozen=True)
class Job:
    """A job's row with what belongs to it. `asked` is a command that is under way."""

    row: Mapping[str, Any]
    files: Sequence[Any] = field(default_factory=tuple[Any, ...])
    asked: Mapping[str, Any] | None = None


class Reader:
    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def jobs(
        self, shop: str, wanted: JobFilter, *, sort: JobSort, cursor: str | None, limit: int
    ) -> tuple[list[Job], str | None]:
        """One page of print jobs with their files, and the cursor of the next page."""
        clauses = job_clauses(shop, wanted)
        page = add_page(clauses, sort=sort, cursor=cursor, limit=limit)
        query = clauses.into(SQL["list_jobs"], "jobs", columns=_LISTED, page=page)
        async with self._session(search=clauses.searched) as session:
            rows = await session.fetch(query, *clauses.values)
            more = len(rows) > limit
            rows = rows[:limit]
            jobs = await self._with_belongings(session, shop, rows)
        return jobs, cursor_after(rows[-1], sort) if more else None

    async def counts(self, shop: str, wanted: JobFilter) -> dict[str, int]:
        """Print jobs per status under a filter."""
        clauses = job_clauses(shop, wanted)
        rows = await self._rows(clauses.into(SQL["status_counts"], "jobs"), *clauses.values)
        return {row["status"]: row["jobs"] for row in rows}

    async def job(self, shop: str, job_id: UUID) -> Job:
        """Raises ProblemError 404 for another shop's job as for one that does not exist."""
        async with self._session() as session:
            row = await session.fetchrow(SQL["find_job"], shop, job_id)
            if row is None:
                raise not_found("print job")
            return (await self._with_belongings(session, shop, [row]))[0]

    async def orders(
        self, shop: str, wanted: JobFilter, *, cursor: str | None, limit: int
    ) -> tuple[list[tuple[Any, list[Job]]], str | None]:
        """One page of orders, newest first, each with its print jobs."""
        clauses = order_clauses(shop, wanted)
        if cursor is not None:
            place = decode(cursor, _ORDER_SORT)
            if not isinstance(place.value, datetime) or not place.row_id.isdigit() or len(place.row_id) > 18:
                raise ProblemError(400, "invalid_cursor", "The cursor cannot be used here. Begin again without it.")
            clauses.add("(created_at, order_id) < ({}, {})", place.value, int(place.row_id))
        page = f"ORDER BY created_at DESC, order_id DESC LIMIT {limit + 1}"
        query = clauses.into(SQL["list_orders"], "orders", columns="*", page=page)
        async with self._session(search=clauses.searched) as session:
            rows = await session.fetch(query, *clauses.values)
            more = len(rows) > limit
            rows = rows[:limit]
            jobs = await self._jobs_of(session, shop, [row["order_id"] for row in rows])
        following = None
        if more:
            following = Cursor(_ORDER_SORT, rows[-1]["created_at"], str(rows[-1]["order_id"])).encode()
        return [(row, jobs.get(row["order_id"], [])) for row in rows], following

    async def order(self, shop: str, order_id: int) -> tuple[Any, list[Job]]:
        """An order with its print jobs. Raises ProblemError 404."""
        async with self._session() as session:
            row = await session.fetchrow(SQL["find_order"], shop, order_id)
            if row is None:
                raise not_found("order")
            return row, (await self._jobs_of(session, shop, [order_id])).get(order_id, [])

    async def shopify_write(self, shop: str, order_id: int) -> Any | None:
        """Whether the order on Shopify is as its newest snapshot."""
        return await self._row(SQL["shopify_write"], shop, order_id)

    async def file(self, shop: str, file_id: UUID) -> Any | None:
        return await self._row(SQL["find_file"], shop, file_id)

    async def glance(self, shop: str, facts: ShopFacts) -> Any:
        """Health numbers: failed, pending, oldest waiting, and the times from paid to ready (seconds) of the jobs that
        became ready today, the shop's own day."""
        return await self._row(SQL["glance"], shop, facts.midnight(facts.today(self._clock.now())))

    async def expiring(self, shop: str, *, ahead: int, soon: int, most: int) -> Any:
        """How many orders' files are cleared in the next `ahead` and `soon` days, `most` at most; the first day, and
        the days on which they were ordered. Held ones are left out."""
        today = utc_date(self._clock.now())
        days = [today + timedelta(days=one) for one in (0, ahead, soon)]
        return await self._row(SQL["expiring"], shop, *days, most)

    async def changes(self, shop: str, after: int, limit: int) -> Sequence[Any]:
        return await self._rows(SQL["changes_after"], shop, after, limit)

    async def newest_change(self, shop: str) -> int:
        return await self._value(SQL["newest_change"], shop)

    async def newest_changes(self, shops: Iterable[str]) -> dict[str, int]:
        """Number of the newest change of several shops; a shop without changes is missing."""
        return {row["shop"]: row["seq"] for row in await self._rows(SQL["newest_changes"], list(shops))}

    async def changed_jobs(self, shop: str, after: int) -> int:
        """How many jobs have changed since."""
        return await self._value(SQL["changed_jobs"], shop, after)

    async def reconciliation(self, shop: str) -> Any | None:
        """The answer to the newest count; None before the first."""
        return await self._row(SQL["reconciliation"], shop)

    @asynccontextmanager
    async def _session(self, *, search: bool = False) -> AsyncGenerator[Connection]:
        """One connection for statements that belong together: the shop is set on it and reset once."""
        with ground_errors():
            async with self._pool.acquire() as connection:
                if search:
                    # A common name is found at once by date, a rare one by trigrams. After five executions Postgres
                    # would take one plan for both, ten times slower for one of them.
                    await connection.execute("SET plan_cache_mode = force_custom_plan")
                yield connection

    async def _rows(self, query: str, *values: Any) -> Sequence[Any]:
        with ground_errors():
            return await self._pool.fetch(query, *values)

    async def _row(self, query: str, *values: Any) -> Any | None:
        with ground_errors():
            return await self._pool.fetchrow(query, *values)

    async def _value(self, query: str, *values: Any) -> Any:
        with ground_errors():
            return await self._pool.fetchval(query, *values)

    async def _jobs_of(self, session: Connection, shop: str, order_ids: list[int]) -> dict[int, list[Job]]:
        rows = await session.fetch(SQL["jobs_of_orders"], shop, order_ids)
        found: dict[int, list[Job]] = {}
        for job in await self._with_belongings(session, shop, rows):
            found.setdefault(job.row["order_id"], []).append(job)
        return found

    async def _with_belongings(self, session: Connection, shop: str, rows: Sequence[Any]) -> list[Job]:
        if not rows:
            return []
        job_ids = [row["job_id"] for row in rows]
        files: dict[UUID, list[Any]] = {}
        for file in await session.fetch(SQL["files_of_jobs"], shop, job_ids):
            files.setdefault(file["job_id"], []).append(file)
        recent = self._clock.now() - ASKED_IS_SHOWN
        commands: Sequence[Any] = await session.fetch(SQL["open_commands"], shop, job_ids, recent)
        asked: dict[UUID, Any] = {row["job_id"]: row for row in commands}
        return [Job(row, files.get(row["job_id"], ()), asked.get(row["job_id"])) for row in rows]
