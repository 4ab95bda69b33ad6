"""The same asked of many print jobs, by id or by filter: counted first, carried out in the background, abortable."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from printworks_common.clock import Clock
from printworks_common.events.control import CommandKind
from printworks_common.logs import get_logger
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries

from printworks_jobs_api.commands import Commands, check_possible, nothing_to_do
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found
from printworks_jobs_api.selection import Selection
from printworks_jobs_api.shops import ShopBook
from printworks_jobs_api.tenancy import step_down

SQL = load_queries("printworks_jobs_api", "sql/bulk.sql")

STEP_JOBS = 25
KEPT = timedelta(days=30)

_log = get_logger(__name__)


class BulkAction(StrEnum):
    RETRY = CommandKind.RETRY.value
    RERENDER = CommandKind.RERENDER.value
    CANCEL = CommandKind.CANCEL.value
    REDELIVER = CommandKind.REDELIVER.value


class BulkIn(Selection):
    """What is asked of which print jobs."""

    action: BulkAction


@dataclass(frozen=True)
class Count:
    """What an action would meet: print jobs under the selection, those that it would be sent to, those by status."""

    matched: int
    possible: int
    by_status: dict[str, int]


class BulkActions:
    def __init__(self, pool: Pool, requests: Pool, clock: Clock, commands: Commands, shops: ShopBook) -> None:
        """`pool` sees the actions of all shops, of which one is chosen to go on with."""
        self._pool = pool
        self._requests = requests
        self._shops = shops
        self._clock = clock
        self._commands = commands

    async def count(self, connection: Connection, shop: str, wanted: BulkIn) -> Count:
        """What an action would meet now. Nothing is done."""
        clauses = wanted.clauses(shop, await self._shops.facts(shop, on=connection), self._clock.now())
        rows = await connection.fetch(clauses.into(SQL["count_jobs"], "jobs"), *clauses.values)
        by_status = {row["status"]: row["jobs"] for row in rows}
        kind = CommandKind(wanted.action)
        possible = sum(jobs for status, jobs in by_status.items() if _is_possible(kind, status))
        return Count(sum(by_status.values()), possible, by_status)

    async def begin(self, principal: Principal, wanted: BulkIn) -> None:
        """As `start`, in a transaction of its own."""
        with ground_errors():
            async with self._requests.acquire() as connection, connection.transaction():
                await self.start(connection, principal, wanted)

    async def start(self, connection: Connection, principal: Principal, wanted: BulkIn) -> Any:
        """Ask for it, inside a transaction; the row of `bulk_actions`."""
        now = self._clock.now()
        clauses = wanted.clauses(principal.shop, await self._shops.facts(principal.shop, on=connection), now)
        rows = await connection.fetch(clauses.into(SQL["count_jobs"], "jobs"), *clauses.values)
        bulk_id = uuid4()
        await connection.execute(
            SQL["create_action"],
            principal.shop, bulk_id, wanted.action.value, wanted.model_dump(mode="json"), principal.actor, now,
            sum(row["jobs"] for row in rows),
        )  # fmt: skip
        return await connection.fetchrow(SQL["find_action"], principal.shop, bulk_id)

    async def action(self, shop: str, bulk_id: UUID) -> Any:
        """Raises ProblemError 404."""
        with ground_errors():
            row = await self._requests.fetchrow(SQL["find_action"], shop, bulk_id)
        if row is None:
            raise not_found("bulk action")
        return row

    async def actions(self, shop: str, limit: int) -> list[Any]:
        """The newest first; they are kept for 30 days."""
        with ground_errors():
            return list(await self._requests.fetch(SQL["list_actions"], shop, limit))

    async def abort(self, connection: Connection, shop: str, bulk_id: UUID) -> Any:
        """Ask no further print jobs; what was asked goes on. One that has ended stays as it is. Raises 404."""
        await connection.execute(SQL["abort_action"], shop, bulk_id, self._clock.now())
        row = await connection.fetchrow(SQL["find_action"], shop, bulk_id)
        if row is None:
            raise not_found("bulk action")
        return row

    async def forget_old(self) -> None:
        """Drop what ended long ago."""
        with ground_errors():
            await self._pool.execute(SQL["forget_actions"], self._clock.now() - KEPT)

    async def step(self) -> bool:
        """Ask the next print jobs of the action that waits longest, in one transaction; false when there is none."""
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                action = await connection.fetchrow(SQL["take_action"])
                if action is None:
                    return False
                shop, bulk_id = action["shop"], action["bulk_id"]
                await step_down(connection, shop)
                try:
                    async with connection.transaction():
                        ended = await self._ask(connection, action)
                except ValueError as error:
                    # Asked for in a form that this version does not know: its owner sees that it has ended.
                    _log.error("bulk_action_failed", bulk_id=str(bulk_id), exc_info=error)
                    await connection.execute(SQL["end_action"], shop, bulk_id, "failed", self._clock.now())
                    return True
                if ended:
                    await connection.execute(SQL["end_action"], shop, bulk_id, "done", self._clock.now())
        return True

    async def _ask(self, connection: Connection, action: Any) -> bool:
        """Whether these were the last ones."""
        shop = action["shop"]
        wanted = BulkIn.model_validate(action["selection"])
        clauses = wanted.clauses(shop, await self._shops.facts(shop, on=connection), action["created_at"])
        if action["after_job"] is not None:
            clauses.add("(created_at, job_id) > ({}, {})", action["after_created"], action["after_job"])
        query = clauses.into(SQL["jobs_to_ask"], "jobs", limit=STEP_JOBS)
        jobs = await connection.fetch(query, *clauses.values)
        outcomes = Counter[str](action["outcomes"])
        for job in jobs:
            try:
                answer = await self._commands.ask(
                    connection, shop, action["created_by"], job["job_id"], CommandKind(wanted.action)
                )
                outcomes[answer.body["outcome"]] += 1
            except ProblemError as refusal:
                outcomes[refusal.code] += 1
        if jobs:
            await connection.execute(
                SQL["advance_action"],
                shop, action["bulk_id"], len(jobs), dict(outcomes), jobs[-1]["created_at"], jobs[-1]["job_id"],
            )  # fmt: skip
        return len(jobs) < STEP_JOBS


def _is_possible(kind: CommandKind, status: str) -> bool:
    try:
        check_possible(kind, status)
    except ProblemError:
        return False
    return nothing_to_do(kind, status) is None
