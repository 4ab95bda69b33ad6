"""The one way to change an order: under its row's lock, with jobs, timeline and outbox in the same transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from printworks_common import ids, tracing
from printworks_common.catalog import OwnStorage
from printworks_common.clock import Clock
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.events.topics import Topic
from printworks_common.inbox import first_time
from printworks_common.outbox import enqueue
from printworks_common.postgres import ground_errors, load_queries
from printworks_common.tombstones import tombstone

from printworks_render.coordinator import snapshots
from printworks_render.coordinator.model import CatalogTemplate, Order, ShopCatalog

SQL = load_queries("printworks_render.coordinator", "sql/queries.sql")

Decide = Callable[[Order | None], "Change | None"]

TELLING = [Topic.PRINT_JOBS.value, Topic.RENDER_REQUESTS.value, Topic.DELIVERIES.value]
"""Topics that tell what is in an order, or where its files lie."""


@dataclass(frozen=True)
class Change:
    """The order as it is from now on, and what else goes out in the same transaction."""

    order: Order
    records: Sequence[OutgoingRecord] = ()
    quiet: bool = False
    """Nothing that anybody acts on has changed: no new version, no snapshot."""
    delivered_copies: Sequence[str] = ()
    """Keys in the hosted bucket of files that lie in the shop's own storage now: they are deleted in a while."""
    forget_waiting: bool = False
    """What waits to be published about the order, and could be personal, is not published any more."""


class OrderStore:
    """Orders and their jobs in Postgres. A change wakes the dispatchers of this process that it concerns."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", links: snapshots.Links, clock: Clock, default_retention_days: int
    ) -> None:
        self._pool = pool
        self._links = links
        self._clock = clock
        self._default_retention_days = default_retention_days
        self._listeners: list[tuple[frozenset[str], Callable[[], None]]] = []

    def on_change(self, listener: Callable[[], None], *steps: str) -> None:
        """Call `listener` after each change by which a job comes to one of these steps, leaves it, or changes in it."""
        self._listeners.append((frozenset(steps), listener))

    async def change(
        self, shop: str, order_id: str, decide: Decide, *, once: str | None = None, created_at: datetime | None = None
    ) -> Order | None:
        """Apply a pure decision to an order. Returns the order as it is afterwards.

        `once` names a cause that must count only once, such as a command: a repeat changes nothing. `created_at`, of
        the order, comes with what could bring an erased order back: if it was erased, nothing is decided and None is
        returned.

        `decide` gets the order as it is, or None, and gives the change, or None to leave everything as it is. It runs
        under the order's lock, so no two decisions about one order ever see the same state.

        Raises `GroundMissingError` when the database is away.
        """
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                if created_at is not None and await tombstone(connection, shop, int(order_id), created_at) is not None:
                    return None
                before = await self._lock(connection, shop, int(order_id))
                if once is not None and not await first_time(connection, once):
                    return before
                change = decide(before)
                if change is None or change.order is before:
                    if change is not None and change.records:
                        await enqueue(connection, change.records)
                    return before
                if change.quiet:
                    await self._save(connection, before, change.order)
                    return change.order
                after = _next_version(before, change.order)
                if change.forget_waiting:
                    keys = [ids.order_key(shop, order_id), *(str(job.job_id) for job in after.jobs)]
                    await connection.execute(SQL["drop_waiting"], keys, TELLING)
                await self._save(connection, before, after)
                # Dispatchers work outside of any span: what they publish belongs to the trace of the order.
                traceparent = tracing.current_traceparent() or after.traceparent
                published = snapshots.records(before, after, self._links, self._clock.now(), traceparent)
                await enqueue(connection, [*published, *change.records])
                if change.delivered_copies:
                    await connection.execute(SQL["add_delivered_copies"], list(change.delivered_copies))
        touched = _steps_touched(before, after)
        for steps, listener in self._listeners:
            if steps & touched:
                listener()
        return after

    async def order(self, shop: str, order_id: str) -> Order | None:
        """The order as it is now, without a lock: for work that checks again before it changes anything."""
        with ground_errors():
            text = await self._pool.fetchval(SQL["read_order"], shop, int(order_id))
        return None if text in {None, "null"} else Order.model_validate_json(text)

    async def _lock(
        self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", shop: str, order_id: int
    ) -> Order | None:
        text = await connection.fetchval(SQL["lock_order"], shop, order_id)
        if text is None:
            await connection.execute(SQL["reserve_order"], shop, order_id)
            text = await connection.fetchval(SQL["lock_order"], shop, order_id)
        return None if text == "null" else Order.model_validate_json(text)

    async def _save(
        self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", before: Order | None, after: Order
    ) -> None:
        order_id = int(after.order_id)
        await connection.execute(SQL["save_order"], after.shop, order_id, after.version, after.model_dump_json())
        known = {job.job_id: job for job in before.jobs} if before else {}
        for job in after.jobs:
            earlier = known.get(job.job_id)
            if earlier == job:
                continue
            await connection.execute(
                SQL["save_job"],
                job.job_id,
                after.shop,
                order_id,
                job.status,
                job.step,
                job.urgent,
                job.queued_at,
                job.not_before,
            )
            entries = job.timeline[len(earlier.timeline) if earlier else 0 :]
            start = len(earlier.timeline) if earlier else 0
            await connection.executemany(
                SQL["add_timeline"],
                [
                    (job.job_id, start + index, one.at, one.event, one.detail, one.artwork_version, one.actor)
                    for index, one in enumerate(entries)
                ],
            )

    async def catalog(self, shop: str) -> ShopCatalog:
        """Templates, mappings, storage and retention period of a shop."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["catalog_of"], shop)
        return read_catalog(rows, self._default_retention_days)

    async def asset(self, shop: str, asset_id: str) -> dict[str, object] | None:
        """An asset of a shop's library (key, sha256, bytes, media_type), or None when it was deleted."""
        with ground_errors():
            return await self._pool.fetchval(SQL["catalog_entry"], shop, CatalogKind.ASSET, asset_id)

    async def put_catalog(self, entry: CatalogEntry) -> None:
        """Keep the newest version of a catalog entry; an older one changes nothing."""
        with ground_errors():
            await self._pool.execute(
                SQL["put_catalog"],
                entry.shop,
                entry.kind,
                entry.entry_id,
                entry.version,
                entry.deleted,
                entry.body,
            )


def _steps_touched(before: Order | None, after: Order) -> frozenset[str]:
    """Where jobs that the change has touched were before it and are after it."""
    old = {job.job_id: job for job in before.jobs} if before else {}
    new = {job.job_id: job for job in after.jobs}
    changed = [key for key in old.keys() | new.keys() if old.get(key) != new.get(key)]
    touched = [job for key in changed for job in (old.get(key), new.get(key)) if job is not None]
    return frozenset(job.step for job in touched if job.step is not None)


def read_catalog(rows: "Sequence[asyncpg.Record]", default_retention_days: int) -> ShopCatalog:
    """A shop's catalog from the rows of its entries."""
    templates: dict[str, CatalogTemplate] = {}
    mappings: list[dict[str, object]] = []
    days, own_storage = default_retention_days, False
    for row in rows:
        match row["kind"]:
            case CatalogKind.TEMPLATE:
                templates[row["entry_id"]] = CatalogTemplate(
                    template_id=row["entry_id"], version=row["version"], body=row["body"]
                )
            case CatalogKind.MAPPING:
                mappings.append(row["body"])
            case CatalogKind.STORAGE:
                own_storage = OwnStorage.model_validate(row["body"]).active
            case _:
                days = int(row["body"].get("days", days))
    return ShopCatalog(templates=templates, mappings=tuple(mappings), own_storage=own_storage, retention_days=days)


def _next_version(before: Order | None, after: Order) -> Order:
    """The order with its version counted up. It stays 0 as long as nothing in the order was ever customised."""
    if not after.jobs:
        return after
    return after.model_copy(update={"version": (before.version if before else 0) + 1})


LOCK_IDLE_SECONDS = 15
"""A round takes milliseconds; a session that says nothing for so long belongs to a process that stands still."""

_LOCK = "SELECT pg_try_advisory_lock($1), set_config('idle_session_timeout', $2, false)"


class DispatcherLock:
    """One dispatcher of a kind at a time over all replicas: a session-level advisory lock, held for one round.

    The server ends the session of a process that hangs or is stopped (SIGSTOP) in its round, so that another goes on.
    Two rounds at once at worst release more than their limit: each change is decided again under its order's lock.
    """

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", number: int, *, idle_seconds: int = LOCK_IDLE_SECONDS
    ) -> None:
        self._pool = pool
        self._number = number
        self._idle = f"{idle_seconds}s"

    async def run(self, work: Callable[["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"], Awaitable[int]]) -> int:
        """Run `work` if the lock is free. Returns what it returns, 0 when another replica has the lock."""
        with ground_errors():
            async with self._pool.acquire() as connection:
                if not await connection.fetchval(_LOCK, self._number, self._idle):
                    return 0
                try:
                    return await work(connection)
                finally:
                    await connection.execute("SELECT pg_advisory_unlock($1)", self._number)
