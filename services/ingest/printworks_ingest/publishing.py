"""Orders that were read through the Admin API become events."""

from collections.abc import Awaitable, Callable, Sequence

from printworks_common import ids, tracing
from printworks_common.clock import Clock
from printworks_common.errors import PoisonError
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.orders import OrderReceived
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.logs import get_logger

from printworks_ingest import metrics

log = get_logger(__name__)

SOURCE = "printworks/ingest/reconciler"


Kept = Callable[[Sequence[OrderReceived]], Awaitable[Sequence[OrderReceived]]]
"""Those of some orders that may be published."""


async def all_of_them(orders: Sequence[OrderReceived]) -> Sequence[OrderReceived]:
    """For who has no tombstones at hand: the coordinator has its own."""
    return orders


class OrderPublisher:
    """`kept` leaves out what was erased on request."""

    def __init__(self, producer: KafkaProducer, clock: Clock, kept: Kept = all_of_them) -> None:
        self._producer = producer
        self._clock = clock
        self._kept = kept

    async def publish(self, order: OrderReceived) -> None:
        """Returns when the order is durable. Raises GroundMissingError, or PoisonError (`record_too_large`)."""
        for one in await self._kept([order]):
            await self._producer.send(self._event(one))

    async def publish_all(self, orders: Sequence[OrderReceived]) -> int:
        """Publish what can be published, and tell how many that were. Raises GroundMissingError.

        An order that no record can hold is logged and counted: the others must not wait for it.
        """
        orders = await self._kept(orders)
        try:
            await self._producer.send_many([self._event(order) for order in orders])
        except PoisonError:
            return sum([await self._publish_if_possible(order) for order in orders])
        return len(orders)

    async def _publish_if_possible(self, order: OrderReceived) -> bool:
        try:
            await self.publish(order)
        except PoisonError as error:
            metrics.UNREADABLE.labels(topic="sweep").inc()
            log.error("order_not_published", shop=order.shop, order_id=order.order_id, code=error.code)
            return False
        return True

    def _event(self, order: OrderReceived) -> OutgoingRecord:
        with tracing.span("read order", shop=order.shop, order_id=order.order_id):
            return encode(
                order,
                event_id=ids.event_id(order.type_name, order.key(), "read", order.model_dump_json()),
                source=SOURCE,
                time=self._clock.now(),
                traceparent=tracing.current_traceparent(),
            )
