"""The way of a snapshot from the topic into the writer's table."""

from collections.abc import Callable

from printworks_common import tracing
from printworks_common.errors import PoisonError
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.record import Record

from printworks_shopify_writer import metrics, snapshots
from printworks_shopify_writer.orders import Orders


class Intake:
    def __init__(self, orders: Orders, wake: Callable[[], None]) -> None:
        self._orders = orders
        self._wake = wake

    async def keep(self, record: Record) -> None:
        """Keep an order's snapshot if it is newer than what is known. Raises `PoisonError` for what is none."""
        if record.event_type != OrderSnapshot.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        snapshot = snapshots.read(record.decode(OrderSnapshot))
        to_write = await self._orders.keep(snapshot, tracing.current_traceparent())
        if to_write is None:
            metrics.SNAPSHOTS.labels(outcome="older").inc()
            return
        metrics.SNAPSHOTS.labels(outcome="kept" if to_write else "same").inc()
        if to_write:
            self._wake()
