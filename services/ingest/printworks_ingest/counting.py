"""A count: which orders Shopify has, over the whole window that it lets us see. The coordinator answers what it holds.

Sweeps ask for what was updated; a count asks for what exists, so that it finds what every sweep has missed: a shop
that could not be read for days, an outage longer than a topic keeps its records, a fault of ours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from printworks_common import ids
from printworks_common.clock import Clock
from printworks_common.events.control import ReconciliationCounted
from printworks_common.events.envelope import encode
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.logs import get_logger
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import Shop

from printworks_ingest import metrics
from printworks_ingest.admin_orders import orders_created_between
from printworks_ingest.publishing import SOURCE

log = get_logger(__name__)

EDGE = timedelta(hours=1)
"""Orders so close to the end of Shopify's window may leave it while they are counted."""


@dataclass(frozen=True)
class Counted:
    run_id: UUID
    window_from: datetime
    window_to: datetime
    orders: int


class Counts:
    def __init__(
        self, *, clients: AdminClients, producer: KafkaProducer, clock: Clock, window: timedelta, settled: timedelta
    ) -> None:
        """`window`: how far back Shopify lets us see. `settled`: younger orders are left out, since their webhooks may
        still be on their way."""
        self._clients = clients
        self._producer = producer
        self._clock = clock
        self._window = window
        self._settled = settled

    async def count(self, shop: Shop, known_since: datetime | None) -> Counted:
        """Publish the ids of the shop's orders in pages. Orders before `known_since` are not ours.

        Raises as `AdminClient.execute`, or GroundMissingError. What was published until then is not answered: only a
        run with all its pages is.
        """
        # Shopify's times are whole seconds: at both ends what we ask for and what we tell must be the same.
        now = self._clock.now().replace(microsecond=0)
        start, end = now - self._window + EDGE, now - self._settled
        if known_since is not None:
            start = max(start, known_since.replace(microsecond=0))
        run_id, number, orders = uuid4(), 0, 0
        async for page in orders_created_between(self._clients.of(shop), start, end):
            number += 1
            orders += len(page.orders)
            event = ReconciliationCounted(
                shop=shop.domain,
                run_id=run_id,
                window_from=start,
                window_to=end,
                page=number,
                last_page=page.last,
                order_ids=tuple(one.order_id for one in page.orders),
                orders=tuple(page.orders),
            )
            event_id = ids.event_id(event.type_name, run_id, number)
            await self._producer.send(encode(event, event_id=event_id, source=SOURCE, time=self._clock.now()))
        metrics.COUNTED.inc(orders)
        log.info("counted", shop=shop.domain, run_id=str(run_id), count=orders)
        return Counted(run_id, start, end, orders)
