"""The writer's tables: the newest snapshot of each order, how far Shopify has it, and what keeps it away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from printworks_common.events.control import ShopifyWriteOutcome
from printworks_common.outbox import enqueue
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from printworks_common.tombstones import tombstone

from printworks_shopify_writer.attributes import Line
from printworks_shopify_writer.reports import report
from printworks_shopify_writer.target import Status

SQL = load_queries("printworks_shopify_writer", "sql/queries.sql")

CLAIM = timedelta(seconds=15)
"""A claim is renewed while its order is written; those of a crashed writer are taken over after it."""

FRESH_PRIORITY = 0
PENDING_PRIORITY = 1


@dataclass(frozen=True)
class Snapshot:
    """What a snapshot asks of Shopify. `lines`: those whose artwork is ready, with ready alone. `erased`: the snapshot
    says that the customer's data was erased."""

    shop: str
    order_id: str
    version: int
    created_at: datetime
    erased: bool
    status: Status | None
    files: tuple[str, ...]
    files_url: str | None
    lines: tuple[Line, ...]
    content_hash: str


@dataclass(frozen=True)
class Claimed:
    shop: str
    order_id: str
    traceparent: str | None


@dataclass(frozen=True)
class Newest:
    """What is to be on Shopify, and what is remembered of it. `lines` None: written and forgotten."""

    version: int
    status: Status | None
    files: tuple[str, ...]
    files_url: str | None
    lines: tuple[Line, ...] | None
    attributes_hash: str | None
    seen: Mapping[str, Any] | None
    look: bool
    repair: bool
    held: tuple[str, ...]
    erased: bool
    """Nothing of ours but its status is to be on the order."""
    age: float
    """Seconds since the snapshot came."""


@dataclass(frozen=True)
class Written:
    """What is remembered of an order once Shopify has it. `attributes_hash` None: nothing new about them."""

    version: int
    status: Status | None
    seen: Mapping[str, Any] | None
    gone: bool = False
    attributes_hash: str | None = None
    attributes_error: str | None = None
    hold_error: str | None = None


@dataclass(frozen=True)
class Checked:
    """An order that is written, to be compared with what Shopify has."""

    order_id: str
    version: int
    status: Status | None
    files: tuple[str, ...]
    files_url: str | None


class Orders:
    """Every method raises `GroundMissingError` while the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, snapshot: Snapshot, traceparent: str | None) -> bool | None:
        """Keep a snapshot. None: one as new is known, or the order was erased; else whether something is to be
        written."""
        lines = [
            {"number": one.number, "title": one.title, "url": one.url, "texts": one.texts} for one in snapshot.lines
        ]
        shop, order_id = snapshot.shop, int(snapshot.order_id)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                buried = await tombstone(connection, shop, order_id, snapshot.created_at)
                if buried == "shop" or (buried == "order" and not snapshot.erased):
                    return None
                return await connection.fetchval(
                    SQL["keep_newest"],
                    shop,
                    order_id,
                    snapshot.version,
                    snapshot.status,
                    list(snapshot.files),
                    snapshot.files_url,
                    lines or None,
                    snapshot.content_hash,
                    PENDING_PRIORITY if snapshot.status == "pending" else FRESH_PRIORITY,
                    traceparent,
                    snapshot.erased,
                )

    async def claim(self, slots: Mapping[str, int]) -> list[Claimed]:
        """Take orders that Shopify does not have yet, so many of each shop."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["claim"], list(slots), list(slots.values()), CLAIM)
        return [Claimed(row["shop"], row["order_id"], row["traceparent"]) for row in rows]

    async def renew(self, mine: Sequence[tuple[str, str]]) -> None:
        with ground_errors():
            await self._pool.execute(SQL["renew"], [shop for shop, _ in mine], [int(order) for _, order in mine], CLAIM)

    async def newest(self, shop: str, order_id: str) -> Newest | None:
        with ground_errors():
            row = await self._pool.fetchrow(SQL["newest"], shop, int(order_id))
        if row is None:
            return None
        lines = None if row["lines"] is None else tuple(_line(one) for one in row["lines"])
        return Newest(
            version=row["version"],
            status=row["status"],
            files=tuple(row["files"]),
            files_url=row["files_url"],
            lines=lines,
            attributes_hash=row["attributes_hash"],
            seen=row["seen"],
            look=row["look"],
            repair=row["priority"] > PENDING_PRIORITY,
            held=tuple(row["held"]),
            erased=row["erased"],
            age=row["age"],
        )

    async def written(self, shop: str, order_id: str, done: Written) -> None:
        """Note it, and report it in the same transaction."""
        outcome = ShopifyWriteOutcome.ORDER_GONE if done.gone else ShopifyWriteOutcome.WRITTEN
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                at = await connection.fetchval(
                    SQL["written"],
                    shop,
                    int(order_id),
                    done.version,
                    done.seen,
                    done.gone,
                    done.attributes_hash,
                    done.attributes_error,
                    done.hold_error,
                )
                if at is not None:
                    told = report(shop, order_id, version=done.version, status=done.status, outcome=outcome, at=at)
                    await enqueue(connection, [told])

    async def holding(self, shop: str, order_id: str, fulfilment_orders: Sequence[str]) -> None:
        """These are about to be held back."""
        with ground_errors():
            await self._pool.execute(SQL["holding"], shop, int(order_id), list(fulfilment_orders))

    async def let_free(self, shop: str, order_id: str) -> None:
        """Nothing of the order is held back by us any more."""
        with ground_errors():
            await self._pool.execute(SQL["let_free"], shop, int(order_id))

    async def tries(self, shop: str, order_id: str) -> int:
        with ground_errors():
            return await self._pool.fetchval(SQL["tries"], shop, int(order_id)) or 0

    async def later(self, shop: str, order_id: str, code: str, seconds: float, *, counts: bool = True) -> None:
        """The order was tried in vain: again in so many seconds. `counts`: whether that was a try of this order. A
        reason that is new is reported."""
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(
                    SQL["later"], shop, int(order_id), timedelta(seconds=seconds), code, 1 if counts else 0
                )
                if counts and row is not None and row["error_before"] != code:
                    await self._report_waiting(connection, shop, order_id, row, code)

    async def let_go(self, shop: str, order_id: str, reason: str | None) -> None:
        """Somebody may take the order up again. `reason`: to be reported."""
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(SQL["let_go"], shop, int(order_id))
                if reason is not None and row is not None:
                    await self._report_waiting(connection, shop, order_id, row, reason)

    async def _report_waiting(self, connection: Connection, shop: str, order_id: str, row: Any, reason: str) -> None:
        told = report(
            shop,
            order_id,
            version=row["version"],
            status=row["status"],
            outcome=ShopifyWriteOutcome.WAITING,
            reason=reason,
            at=row["at"],
        )
        await enqueue(connection, [told])

    async def waiting(self) -> tuple[int, dict[str, int]]:
        """Orders that wait for being written, and those of them that were tried in vain, by reason."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["waiting"])
        by_code = {row["error_code"]: row["orders"] for row in rows if row["error_code"] is not None}
        return sum(row["orders"] for row in rows), by_code

    async def to_check(self, shop: str, within: timedelta, unseen_for: timedelta, limit: int) -> list[Checked]:
        """Written orders that nobody looked at for long. They count as looked at from now on."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["to_check"], shop, within, unseen_for, limit)
        return [
            Checked(row["order_id"], row["version"], row["status"], tuple(row["files"]), row["files_url"])
            for row in rows
        ]

    async def write_again(self, shop: str, orders: Sequence[Checked]) -> list[str]:
        """Let these be looked at and written anew. Returns those that are still as they were when they were checked."""
        with ground_errors():
            rows = await self._pool.fetch(
                SQL["write_again"], shop, [int(one.order_id) for one in orders], [one.version for one in orders]
            )
        return [row["order_id"] for row in rows]

    async def still_due(self, shop: str, order_ids: Sequence[str]) -> None:
        """They were not looked at after all."""
        with ground_errors():
            await self._pool.execute(SQL["still_due"], shop, [int(one) for one in order_ids])

    async def gone(self, shop: str, order_ids: Sequence[str]) -> None:
        with ground_errors():
            await self._pool.execute(SQL["gone"], shop, [int(one) for one in order_ids])

    async def shop_failing(self, shop: str, code: str) -> bool:
        """Returns whether that is new."""
        with ground_errors():
            return await self._pool.fetchval(SQL["shop_failing"], shop, code) or False

    async def shop_well(self, shop: str) -> None:
        with ground_errors():
            await self._pool.execute(SQL["shop_well"], shop)

    async def definitions_age(self, shop: str) -> timedelta | None:
        """How long ago a shop's definitions were looked at; None: never."""
        with ground_errors():
            return await self._pool.fetchval(SQL["definitions_age"], shop)

    async def definitions_seen(self, shop: str, trouble: str | None) -> None:
        with ground_errors():
            await self._pool.execute(SQL["definitions_seen"], shop, trouble)


def _line(raw: Mapping[str, Any]) -> Line:
    return Line(raw["number"], raw["title"], raw["url"], tuple((name, value) for name, value in raw["texts"]))
