"""How long a shop's files are kept: its retention period, and holds that keep files beyond their day.

The period and what a hold covers go out through the catalog, to those who clear files. Who placed a hold and why stays
here: on the topic nothing is personal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from printworks_common.catalog import ONLY, Hold, RetentionPeriod
from printworks_common.clock import Clock
from printworks_common.events.control import CatalogKind
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries

from printworks_jobs_api.catalog import Catalog, IfMatch, check_match
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found

SQL = load_queries("printworks_jobs_api", "sql/keeping.sql")

MIN_DAYS = 1
MAX_DAYS = 3650


@dataclass(frozen=True)
class Period:
    """`days` from the order date or the first payment. version 0: the operator's, because the shop has set none."""

    days: int
    version: int


@dataclass(frozen=True)
class PlacedHold:
    """A hold of an order, or of the whole shop where `order_id` is None. `until` is its last day (UTC)."""

    hold_id: str
    order_id: int | None
    order_name: str | None
    until: date | None
    reason: str
    placed_by: str
    placed_at: datetime

    def is_over(self, today: date) -> bool:
        return self.until is not None and self.until < today


class Keeping:
    def __init__(self, pool: Pool, clock: Clock, catalog: Catalog, default_days: int) -> None:
        self._pool = pool
        self._clock = clock
        self._catalog = catalog
        self._default_days = default_days

    async def period(self, shop: str) -> Period:
        entry = await self._catalog.find(shop, CatalogKind.RETENTION, ONLY)
        if entry is None:
            return Period(self._default_days, 0)
        return Period(entry.body.get("days", self._default_days), entry.version)

    async def set_period(self, principal: Principal, days: int, *, if_match: IfMatch) -> Period:
        """A longer period counts for all orders that are not cleared, a shorter one for orders to come.

        Raises ProblemError 422 for days out of range, 412 and 428 as `check_match` does.
        """
        if not MIN_DAYS <= days <= MAX_DAYS:
            raise ProblemError(422, "invalid_request", f"days must be {MIN_DAYS} to {MAX_DAYS}.")
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                stored = await self._catalog.lock(connection, principal, CatalogKind.RETENTION, ONLY)
                check_match("*" if if_match == "*" else if_match, stored.version, exists=True)
                body = RetentionPeriod(days=days).model_dump(mode="json")
                if stored.version and stored.body == body:
                    return Period(days, stored.version)
                saved = await self._catalog.write(
                    connection, principal, CatalogKind.RETENTION, ONLY, stored.version + 1, body
                )
        return Period(days, saved.version)

    async def holds(self, shop: str, *, after: str = "", limit: int) -> tuple[Sequence[PlacedHold], str | None]:
        """Holds that were not lifted, by id, those that are over included, and where the next page begins."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["list_holds"], shop, after, limit + 1)
        found = [PlacedHold(**row) for row in rows[:limit]]
        return found, found[-1].hold_id if len(rows) > limit else None

    async def hold(self, shop: str, hold_id: str) -> PlacedHold:
        """Raises ProblemError 404."""
        with ground_errors():
            row = await self._pool.fetchrow(SQL["find_hold"], shop, hold_id)
        if row is None:
            raise not_found("hold")
        return PlacedHold(**row)

    async def place(
        self, connection: Connection, principal: Principal, *, order_id: int | None, reason: str, until: date | None
    ) -> PlacedHold:
        """Keep the files of an order, or of all, beyond their day; inside a transaction.

        Raises ProblemError 404 for an order that the shop does not have, 422 for a day that is over.
        """
        now = self._clock.now()
        if until is not None and until < now.date():
            raise ProblemError(422, "invalid_request", "until is over already.")
        order: Any = None
        if order_id is not None:
            order = await connection.fetchrow(SQL["order_name"], principal.shop, order_id)
            if order is None:
                raise not_found("order")
        hold_id = uuid4().hex
        await connection.execute(
            SQL["place_hold"], principal.shop, hold_id, order_id, until, reason, principal.actor, now
        )
        body = Hold(order_id=None if order_id is None else str(order_id), until=until).model_dump(mode="json")
        await self._catalog.put(connection, principal, CatalogKind.HOLD, hold_id, body, if_match=None)
        return PlacedHold(
            hold_id, order_id, order["order_name"] if order else None, until, reason, principal.actor, now
        )

    async def lift(self, principal: Principal, hold_id: str) -> None:
        """Files whose day has come meanwhile go with the next clearing. Raises ProblemError 404."""
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                lifted = await connection.fetchval(
                    SQL["lift_hold"], principal.shop, hold_id, principal.actor, self._clock.now()
                )
                if lifted is None:
                    raise not_found("hold")
                entry = await self._catalog.lock(connection, principal, CatalogKind.HOLD, hold_id)
                await self._catalog.write(connection, principal, CatalogKind.HOLD, hold_id, entry.version + 1, None)
