"""Keeps what has to go when, from the snapshots of the orders."""

import asyncpg
from printworks_common.errors import PoisonError
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.record import Record
from printworks_common.postgres import ground_errors, load_queries

SQL = load_queries("printworks_retention", "sql/queries.sql")


class Ledger:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def keep(self, record: Record) -> None:
        """Note the dates of an order; an older snapshot changes nothing."""
        if record.event_type != OrderSnapshot.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        order = record.decode(OrderSnapshot)
        with ground_errors():
            await self._pool.execute(
                SQL["keep_newest"],
                order.shop,
                int(order.order_id),
                order.version,
                order.order_date,
                order.retention_date,
            )
