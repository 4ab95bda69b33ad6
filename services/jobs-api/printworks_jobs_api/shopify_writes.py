"""Projector of what the writer says: whether an order on Shopify is as its newest snapshot, or what keeps it away."""

from printworks_common.errors import PoisonError
from printworks_common.events.control import ShopifyWriteReported
from printworks_common.kafka.record import Record
from printworks_common.postgres import Pool, ground_errors, load_queries

from printworks_jobs_api.projector import MAX_BIGINT

SQL = load_queries("printworks_jobs_api", "sql/projector.sql")


class ShopifyWrites:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def handle(self, record: Record) -> None:
        """One report; an older one changes nothing. Raises PoisonError, and GroundMissingError when the database is
        away."""
        told = record.decode(ShopifyWriteReported)
        if int(told.order_id) > MAX_BIGINT:
            raise PoisonError("The report has an id that is no 64-bit number.", code="unreadable_event")
        with ground_errors():
            await self._pool.execute(
                SQL["save_write"],
                told.shop,
                int(told.order_id),
                told.version,
                told.artwork_status,
                told.outcome,
                told.reason,
                told.reported_at,
            )
