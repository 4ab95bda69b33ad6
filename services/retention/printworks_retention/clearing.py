"""Deletes what lies below the prefixes of marked orders: listed first, noted, then deleted in large requests.

What is going to be deleted is in the database before the first deletion, so that a run that was killed anywhere is
accounted for in full. Orders of the same day and shop are listed together: the cost grows with what goes, not with what
stays.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from printworks_common.errors import TransientError
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.storage import DeleteFailure, ListedObject

from printworks_retention.calendar import order_prefix, shop_prefix

log = get_logger(__name__)

SQL = load_queries("printworks_retention", "sql/queries.sql")

TOGETHER = 4
"""From so many orders of one day and shop on, listing the whole shop's day takes fewer requests than each order."""

REQUEST = 1000
"""Keys per delete request: the most that S3 takes."""

TRIES = 5
PAUSE_SECONDS = 0.2
"""After the first try that left something; twice as long after each further one."""


class Objects(Protocol):
    """What clearing needs of the hosted bucket; `ObjectStore` is it."""

    def list_versions(self, prefix: str) -> AsyncIterator[ListedObject]: ...

    async def abort_uploads(self, prefix: str, wanted: Callable[[str], bool]) -> int: ...

    async def delete_batch(self, keys: Iterable[str | tuple[str, str | None]]) -> Sequence[DeleteFailure]: ...


@dataclass(frozen=True)
class MarkedOrder:
    """An order whose files go. `keep_until`: the last day on which they were kept."""

    shop: str
    order_id: str
    order_date: date
    keep_until: date

    @property
    def prefix(self) -> str:
        return order_prefix(self.order_date, self.shop, self.order_id)


@dataclass(frozen=True)
class Gone:
    """An object (one version of it) that was deleted."""

    key: str
    version_id: str
    bytes: int


@dataclass
class ClearedBatch:
    """What was deleted of which order, and of which orders something is left: they stay marked."""

    gone: dict[MarkedOrder, list[Gone]] = field(default_factory=dict[MarkedOrder, list[Gone]])
    left: set[MarkedOrder] = field(default_factory=set[MarkedOrder])
    errors: Counter[str] = field(default_factory=Counter[str])


class Clearing:
    def __init__(self, pool: Pool, objects: Objects, *, parallel: int) -> None:
        self._pool = pool
        self._objects = objects
        self._gate = asyncio.Semaphore(parallel)

    async def clear(self, orders: Sequence[MarkedOrder]) -> ClearedBatch:
        """Delete everything of these orders: all versions, delete markers, uploads that were never finished.

        Raises GroundMissingError while database or store are away; the orders stay marked then.
        """
        await self._note(orders)
        noted = await self._noted(orders)
        batch = ClearedBatch(gone={order: noted[order] for order in orders})
        failed = await self._delete([one for objects in noted.values() for one in objects], batch.errors)
        if failed:
            batch.left = {
                order for order, objects in noted.items() if any((o.key, o.version_id) in failed for o in objects)
            }
            for order in batch.left:
                del batch.gone[order]
                log.error("order_not_cleared", shop=order.shop, order_id=order.order_id)
        return batch

    async def _note(self, orders: Sequence[MarkedOrder]) -> None:
        """Write down what is there now."""
        groups: dict[str, dict[str, MarkedOrder]] = defaultdict(dict)
        for order in orders:
            groups[shop_prefix(order.order_date, order.shop)][order.order_id] = order
        listings = [
            listing
            for prefix, wanted in groups.items()
            for listing in (
                [(prefix, wanted)]
                if len(wanted) >= TOGETHER
                else [(order.prefix, {order_id: order}) for order_id, order in wanted.items()]
            )
        ]
        await asyncio.gather(*(self._list(prefix, wanted) for prefix, wanted in listings))

    async def _list(self, prefix: str, wanted: dict[str, MarkedOrder]) -> None:
        def order_of(key: str) -> MarkedOrder | None:
            return wanted.get(key.split("/", 4)[3])

        async with self._gate:
            await self._objects.abort_uploads(prefix, lambda key: order_of(key) is not None)
            found: list[tuple[str, int, str, str, int]] = []
            async for one in self._objects.list_versions(prefix):
                order = order_of(one.key)
                if order is not None:
                    found.append((order.shop, int(order.order_id), one.key, one.version_id or "", one.bytes))
                    if len(found) == REQUEST:
                        await self._add(found)
                        found = []
            if found:
                await self._add(found)

    async def _add(self, found: list[tuple[str, int, str, str, int]]) -> None:
        with ground_errors():
            await self._pool.execute(SQL["add_objects"], *(list(column) for column in zip(*found, strict=True)))

    async def _noted(self, orders: Sequence[MarkedOrder]) -> dict[MarkedOrder, list[Gone]]:
        """What was noted of each order, by this run or by one that was cut off."""
        by_id = {(order.shop, order.order_id): order for order in orders}
        noted: dict[MarkedOrder, list[Gone]] = {order: [] for order in orders}
        with ground_errors():
            rows = await self._pool.fetch(
                SQL["objects_of"], [one.shop for one in orders], [int(one.order_id) for one in orders]
            )
        for row in rows:
            noted[by_id[row["shop"], row["order_id"]]].append(Gone(row["key"], row["version_id"], row["bytes"]))
        return noted

    async def _delete(self, objects: Sequence[Gone], errors: Counter[str]) -> set[tuple[str, str]]:
        """Returns the keys and version ids that the store did not delete, in spite of several tries."""
        waiting = [(one.key, one.version_id) for one in objects]
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            requests = [waiting[start : start + REQUEST] for start in range(0, len(waiting), REQUEST)]
            answers = await asyncio.gather(*(self._delete_some(keys, errors) for keys in requests))
            waiting = [key for left in answers for key in left]
            if not waiting:
                break
        return set(waiting)

    async def _delete_some(self, keys: Sequence[tuple[str, str]], errors: Counter[str]) -> list[tuple[str, str]]:
        async with self._gate:
            try:
                failures = await self._objects.delete_batch((key, version_id or None) for key, version_id in keys)
            except TransientError as error:
                # Whether it was carried out is not known; to delete once more what is gone is harmless.
                errors[error.code] += 1
                return list(keys)
        errors.update(one.code for one in failures)
        failed = {one.key for one in failures}
        return [(key, version_id) for key, version_id in keys if key in failed]
