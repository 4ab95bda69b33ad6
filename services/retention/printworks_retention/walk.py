"""The weekly walk over the day prefixes of the bucket: finds what the ledger does not know of.

A cleared order may have got a file afterwards, from a render that was under way: such strays are deleted. Files of
orders that the ledger has never heard of are reported and never deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol
from uuid import UUID, uuid4

from printworks_common.clock import Clock, utc_date
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries

from printworks_retention import audit, metrics
from printworks_retention.calendar import order_prefix
from printworks_retention.clearing import Clearing, MarkedOrder, Objects
from printworks_retention.purge import Purge

log = get_logger(__name__)

SQL = load_queries("printworks_retention", "sql/queries.sql")

ROOT = "orders/"

SETTLED = timedelta(days=2)
"""Younger days are left out: the snapshots of their orders may not have been read yet."""


class WalkedStore(Objects, Protocol):
    async def folders(self, prefix: str) -> Sequence[str]: ...


@dataclass
class WalkReport:
    run_id: UUID = field(default_factory=uuid4)
    days: int = 0
    orders: int = 0
    unknown: int = 0
    strays: int = 0
    """Objects of cleared orders that were deleted."""
    bytes: int = 0
    refused: str | None = None


class Walk:
    def __init__(self, pool: Pool, *, objects: WalkedStore, purge: Purge, clock: Clock, parallel: int, by: str) -> None:
        self._pool = pool
        self._objects = objects
        self._clearing = Clearing(pool, objects, parallel=parallel)
        self._purge = purge
        self._clock = clock
        self._by = by

    async def run(self) -> WalkReport:
        """Walk over all days that are settled. Raises GroundMissingError: the next walk begins anew."""
        report = WalkReport(refused=await self._purge.reason_to_refuse())
        if report.refused is not None:
            log.error("walk_refused", reason=report.refused)
            metrics.REFUSED.labels(reason=report.refused).inc()
            return report
        last = utc_date(self._clock.now()) - SETTLED
        for folder in await self._objects.folders(ROOT):
            day = day_of(folder)
            if day is not None and day <= last:
                report.days += 1
                for shop_folder in await self._objects.folders(folder):
                    await self._look(day, shop_folder, report)
        metrics.UNKNOWN.set(report.unknown)
        metrics.LAST_WALK.set_to_current_time()
        await self._audit(report)
        log.info("walked", count=report.orders, records=report.strays)
        return report

    async def _look(self, day: date, shop_folder: str, report: WalkReport) -> None:
        shop = last_part(shop_folder)
        found = [part for folder in await self._objects.folders(shop_folder) if (part := last_part(folder)).isdigit()]
        if not found:
            return
        with ground_errors():
            rows = await self._pool.fetch(SQL["of_a_day"], day, shop, [int(one) for one in found])
        known = {row["order_id"]: row["purged"] for row in rows}
        report.orders += len(found)
        unknown = [one for one in found if one not in known]
        # A store may show the folder of what is gone: only one that holds an object counts.
        for order_id in unknown:
            if await self._holds_anything(order_prefix(day, shop, order_id)):
                report.unknown += 1
                log.error("order_unknown", shop=shop, order_id=order_id, day=day.isoformat())
        strays = [MarkedOrder(shop, one, day, day) for one in found if known.get(one)]
        if strays:
            await self._clear(strays, report)

    async def _holds_anything(self, prefix: str) -> bool:
        async for _ in self._objects.list_versions(prefix):
            return True
        return False

    async def _clear(self, orders: list[MarkedOrder], report: WalkReport) -> None:
        batch = await self._clearing.clear(orders)
        gone = [one for objects in batch.gone.values() for one in objects]
        if gone or batch.errors:
            facts = {
                "run_id": str(report.run_id),
                "by": self._by,
                "reason": "stray",
                "orders": sum(bool(objects) for objects in batch.gone.values()),
                "objects": len(gone),
                "bytes": sum(one.bytes for one in gone),
                "keys_sha256": audit.keys_digest((one.key, one.version_id) for one in gone),
                "errors": dict(batch.errors),
                "left": len(batch.left),
            }
            with ground_errors():
                async with self._pool.acquire() as connection, connection.transaction():
                    await connection.execute(
                        SQL["forget_objects"],
                        [one.shop for one in batch.gone],
                        [int(one.order_id) for one in batch.gone],
                    )
                    await audit.append(connection, "stray", self._clock.now(), facts)
        report.strays += len(gone)
        report.bytes += sum(one.bytes for one in gone)
        metrics.STRAYS.inc(len(gone))

    async def _audit(self, report: WalkReport) -> None:
        facts = {
            "run_id": str(report.run_id),
            "by": self._by,
            "days_seen": report.days,
            "orders_seen": report.orders,
            "strays": report.strays,
            "unknown": report.unknown,
        }
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await audit.append(connection, "walk", self._clock.now(), facts)


def last_part(folder: str) -> str:
    return folder.rstrip("/").rsplit("/", 1)[-1]


def day_of(folder: str) -> date | None:
    try:
        return date.fromisoformat(last_part(folder))
    except ValueError:
        return None
