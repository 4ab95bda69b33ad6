"""Keeps what has to go when: dates from the snapshots of the orders, periods and holds from the catalog."""

from printworks_common.catalog import ONLY, Hold, RetentionPeriod
from printworks_common.clock import utc_date
from printworks_common.errors import PoisonError
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.record import Record, describe
from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.tombstones import tombstone
from pydantic import ValidationError

SQL = load_queries("printworks_retention", "sql/queries.sql")

UNFINISHED = ("pending", "failed")
"""Artwork statuses of orders whose files are still to be made, or to be delivered to the shop's own storage."""

KINDS = (CatalogKind.RETENTION, CatalogKind.HOLD)


class Ledger:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, record: Record) -> None:
        """Note the dates of an order; an older snapshot changes nothing, nor does one of an erased order."""
        if record.event_type != OrderSnapshot.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        order = record.decode(OrderSnapshot)
        shop, order_id = order.shop, int(order.order_id)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                buried = await tombstone(connection, shop, order_id, order.created_at)
                if buried == "shop" or (buried == "order" and order.erased_at is None):
                    return
                await connection.execute(
                    SQL["keep_newest"],
                    shop,
                    order_id,
                    order.version,
                    order.order_date,
                    utc_date(order.first_paid_at) if order.first_paid_at else None,
                    order.retention_date,
                    order.artwork_status in UNFINISHED,
                )
                if order.erased_at is not None:
                    await connection.execute(SQL["end_orders"], shop, [order_id], order.erased_at)

    async def keep_catalog(self, record: Record) -> None:
        """Note a shop's period or a hold; other kinds are passed over unread. Raises PoisonError."""
        _, kind, _ = (*record.key.split("/", 2), "", "")[:3]
        if record.tombstone or kind not in KINDS:
            return
        entry = record.decode(CatalogEntry)
        if entry.kind == CatalogKind.HOLD:
            await self._keep_hold(entry)
        elif entry.entry_id == ONLY:
            await self._keep_period(entry)

    async def _keep_period(self, entry: CatalogEntry) -> None:
        try:
            days = None if entry.deleted else RetentionPeriod.model_validate(entry.body).days
        except ValidationError as error:
            raise PoisonError(f"The period cannot be read: {describe(error)}.", code="unreadable_event") from error
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                kept = await connection.execute(SQL["keep_period"], entry.shop, entry.version, days)
                if kept != "INSERT 0 0":
                    await connection.execute(SQL["notice_again"], entry.shop)

    async def _keep_hold(self, entry: CatalogEntry) -> None:
        try:
            hold = Hold.model_validate(entry.body)
        except ValidationError:
            hold = Hold()  # who cannot read a hold keeps everything of the shop until it is lifted
        with ground_errors():
            await self._pool.execute(
                SQL["keep_hold"],
                entry.shop,
                entry.entry_id,
                entry.version,
                None if hold.order_id is None else int(hold.order_id),
                hold.until,
                entry.deleted,
            )
