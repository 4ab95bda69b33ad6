"""What has to go from the bucket because Shopify asks for it, whatever dates and holds say: the files of a customer's
orders, or everything of a shop.

    tombstones ── the coordinator has closed the orders ── list, note, delete ── done and audited in one transaction
      ── answer ── once more a while later, for what was being rendered

It goes by the same prefixes as a purge and never at the same time as one. A merchant's own bucket is out of reach.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Protocol

from printworks_common import ids, tombstones
from printworks_common.clock import Clock, utc_date
from printworks_common.errors import PoisonError
from printworks_common.events.control import PrivacyRequested
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.events.privacy import COORDINATOR, RETENTION, PrivacyAnswered, PrivacyKind
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.storage import Cleared

from printworks_retention import audit, metrics
from printworks_retention.calendar import shop_prefix
from printworks_retention.clearing import ClearedBatch, Clearing, Gone, MarkedOrder, Objects
from printworks_retention.ledger import SQL as LEDGER
from printworks_retention.ledger import Ledger
from printworks_retention.purge import SOURCE, Events, alone_in
from printworks_retention.walk import ROOT, day_of, last_part

log = get_logger(__name__)

SQL = load_queries("printworks_retention", "sql/erasures.sql")

BATCH = 500

WHOLE_SHOP = 0
"""Stands for an order id where everything of the shop has to go."""


class ErasedStore(Objects, Protocol):
    async def folders(self, prefix: str) -> Sequence[str]: ...

    async def delete_prefix(self, prefix: str) -> Cleared: ...


@dataclass(frozen=True)
class _Request:
    shop: str
    kind: str
    request_id: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.shop, self.kind, self.request_id


class Erasures:
    def __init__(
        self,
        pool: Pool,
        *,
        objects: ErasedStore,
        events: Events,
        clock: Clock,
        parallel: int,
        again: timedelta,
        enabled: bool,
        by: str,
    ) -> None:
        """`again`: how long after its files an order is looked at once more."""
        self._pool = pool
        self._objects = objects
        self._clearing = Clearing(pool, objects, parallel=parallel)
        self._events = events
        self._clock = clock
        self._again = again
        self._enabled = enabled
        self._by = by

    async def requested(self, request: PrivacyRequested) -> None:
        """Note a request. Nothing is deleted before the coordinator has closed the orders."""
        if request.kind == PrivacyKind.EXPORT_CUSTOMER:
            return
        await tombstones.bury(self._pool, request)
        wanted = tombstones.order_ids(request)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    SQL["note_request"], request.shop, request.kind, request.request_id, wanted, request.requested_at
                )
                if request.kind == PrivacyKind.ERASE_SHOP:
                    await connection.execute(SQL["forget_orders"], request.shop, utc_date(request.requested_at))
                    await connection.execute(SQL["forget_period"], request.shop)
                    await connection.execute(SQL["forget_holds"], request.shop)

    async def answered(self, answer: PrivacyAnswered) -> None:
        """The coordinator has closed the orders of a request and says which they are; others' answers change
        nothing."""
        if answer.service != COORDINATOR or answer.kind == PrivacyKind.EXPORT_CUSTOMER:
            return
        request = _Request(answer.shop, answer.kind, answer.request_id)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(SQL["close_request"], *request.key)
                if row is None:
                    return
                if request.kind == PrivacyKind.ERASE_SHOP:
                    dates: dict[int, date] = {WHOLE_SHOP: row["requested_on"]}
                else:
                    known = await connection.fetch(SQL["dates_of"], request.shop, row["order_ids"])
                    dates = {one["order_id"]: one["order_date"] for one in known}
                    dates |= {int(one.order_id): one.order_date for one in answer.known_orders}
                await connection.execute(SQL["add_erasures"], *request.key, list(dates), list(dates.values()))

    async def run(self) -> int:
        """Delete what is to be erased now and answer what is done. Returns how many objects went.

        Raises GroundMissingError when database, store or broker are away: the next run goes on. While a purge is under
        way, or switched off, nothing happens.
        """
        if not self._enabled:
            return 0
        gone = 0
        async with alone_in(self._pool) as alone:
            if not alone:
                return 0
            now = self._clock.now()
            while True:
                with ground_errors():
                    rows = await self._pool.fetch(SQL["erasures_to_do"], now, BATCH)
                left = 0
                for key, found in groupby(rows, lambda row: (row["shop"], row["kind"], row["request_id"])):
                    objects, missed = await self._erase(_Request(*key), list(found))
                    gone, left = gone + objects, left + missed
                if not rows or left:
                    break
            await self._tell_done()
        return gone

    async def _erase(self, request: _Request, rows: Sequence[Any]) -> tuple[int, int]:
        """Returns how many objects of a request went, and of how many orders something is left."""
        if rows[0]["order_id"] == WHOLE_SHOP:
            return await self._erase_shop(request, rows[0])
        orders = [MarkedOrder(request.shop, str(row["order_id"]), row["order_date"], row["order_date"]) for row in rows]
        batch = await self._clearing.clear(orders)
        done = [int(one.order_id) for one in batch.gone]
        await self._done(request, batch, done, first=any(row["done_at"] is None for row in rows))
        return sum(len(gone) for gone in batch.gone.values()), len(batch.left)

    async def _erase_shop(self, request: _Request, row: Any) -> tuple[int, int]:
        """Every order of the shop, day by day, and its library."""
        first, until = row["done_at"] is None, row["order_date"]
        objects = left = 0
        async for orders in self._orders_of(request.shop, until):
            batch = await self._clearing.clear(orders)
            await self._done(request, batch, [], first=first)
            objects += sum(len(gone) for gone in batch.gone.values())
            left += len(batch.left)
        library = await self._objects.delete_prefix(f"assets/{request.shop}/")
        await self._done(request, ClearedBatch(), [] if left else [WHOLE_SHOP], first=first, library=library)
        return objects + library.objects, left

    async def _orders_of(self, shop: str, until: date) -> AsyncIterator[list[MarkedOrder]]:
        """What lies in the bucket, known or not. On the last day orders of a shop that is back are left alone."""
        for folder in await self._objects.folders(ROOT):
            day = day_of(folder)
            if day is None or day > until:
                continue
            kept: set[str] = set()
            if day == until:
                with ground_errors():
                    kept = {row["order_id"] for row in await self._pool.fetch(SQL["kept_on"], shop, day)}
            numbers = [last_part(one) for one in await self._objects.folders(shop_prefix(day, shop))]
            orders = [MarkedOrder(shop, one, day, day) for one in numbers if one.isdigit() and one not in kept]
            for start in range(0, len(orders), BATCH):
                yield orders[start : start + BATCH]

    async def _done(
        self,
        request: _Request,
        batch: ClearedBatch,
        order_ids: Sequence[int],
        *,
        first: bool,
        library: Cleared | None = None,
    ) -> None:
        """Marks and audit, in one transaction."""
        gone = [one for objects in batch.gone.values() for one in objects]
        orders = sum(bool(objects) for objects in batch.gone.values())
        count = len(gone) + (library.objects if library else 0)
        now = self._clock.now()
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(SQL["erased"], *request.key, now, self._again, list(order_ids))
                await connection.execute(SQL["count_erased"], *request.key, orders, count)
                await connection.execute(LEDGER["end_orders"], request.shop, list(order_ids), now)
                await connection.execute(
                    LEDGER["forget_objects"],
                    [one.shop for one in batch.gone],
                    [int(one.order_id) for one in batch.gone],
                )
                if count or batch.errors or (first and order_ids):
                    facts = _audited(request, batch, gone, orders, library, self._by)
                    await audit.append(connection, "erasure", now, facts)
        metrics.ERASED_OBJECTS.inc(count)
        log.info("erased", shop=request.shop, kind=request.kind, count=orders, records=count)

    async def _tell_done(self) -> None:
        with ground_errors():
            rows = await self._pool.fetch(SQL["to_answer"])
        for row in rows:
            now = self._clock.now()
            await self._events.send_many([_answer(row, now)])
            with ground_errors():
                await self._pool.execute(SQL["answered"], row["shop"], row["kind"], row["request_id"], now)


def _answer(row: Any, now: datetime) -> OutgoingRecord:
    answer = PrivacyAnswered(
        shop=row["shop"],
        kind=row["kind"],
        request_id=row["request_id"],
        service=RETENTION,
        orders=row["orders"],
        objects=row["objects"],
        answered_at=now,
    )
    event_id = ids.event_id(answer.type_name, answer.key(), answer.kind, answer.request_id, RETENTION)
    return encode(answer, event_id=event_id, source=SOURCE, time=now)


def _audited(
    request: _Request, batch: ClearedBatch, gone: Sequence[Gone], orders: int, library: Cleared | None, by: str
) -> dict[str, Any]:
    return {
        "by": by,
        "reason": request.kind,
        "shop": request.shop,
        "request_id": request.request_id,
        "orders": orders,
        "objects": len(gone) + (library.objects if library else 0),
        "bytes": sum(one.bytes for one in gone) + (library.bytes if library else 0),
        "keys_sha256": audit.keys_digest((one.key, one.version_id) for one in gone),
        "errors": dict(batch.errors),
        "left": len(batch.left),
    }


class Records:
    """Hands each record of `print-jobs` and `privacy` to who takes it."""

    def __init__(self, ledger: Ledger, erasures: Erasures) -> None:
        self._ledger = ledger
        self._erasures = erasures

    async def handle(self, record: Record) -> None:
        """Raises PoisonError for what cannot be understood."""
        match record.event_type:
            case OrderSnapshot.type_name:
                await self._ledger.keep(record)
            case PrivacyRequested.type_name:
                await self._erasures.requested(record.decode(PrivacyRequested))
            case PrivacyAnswered.type_name:
                await self._erasures.answered(record.decode(PrivacyAnswered))
            case _:
                raise PoisonError("The event type is not known here.", code="unknown_event_type")
