"""The reconciler: reads again what carried no whole order, and asks every shop what we may have missed.

Webhooks are delivered at least once, out of order, late, and sometimes never. A sweep reads the orders updated since
its watermark, with overlap; the coordinator recognises what it knows already.
"""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import httpx
from printworks_common import ids, tracing
from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.orders import OrderReceived, OrderTouched
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger
from printworks_common.postgres import ground_errors, load_queries
from printworks_common.shopify.admin import AdminClient
from printworks_common.shopify.installations import LiveShops
from printworks_common.shopify.shops import Shop

from printworks_ingest import metrics
from printworks_ingest.admin_orders import orders_updated_since, read_order
from printworks_ingest.settings import ReconcilerSettings

log = get_logger(__name__)

SOURCE = "printworks/ingest/reconciler"

SQL = load_queries("printworks_ingest", "sql/queries.sql")


class Reconciler:
    def __init__(
        self,
        settings: ReconcilerSettings,
        *,
        shops: LiveShops,
        http: httpx.AsyncClient,
        producer: KafkaProducer,
        pool: "asyncpg.Pool[asyncpg.Record]",
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._shops = shops
        self._http = http
        self._producer = producer
        self._pool = pool
        self._clock = clock
        self._clients: dict[str, tuple[Shop, AdminClient]] = {}

    async def handle(self, record: Record) -> None:
        """Read one touched order again and publish it whole."""
        if record.event_type != OrderTouched.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        touched = record.decode(OrderTouched)
        shop = self._shops.get(touched.shop)
        if shop is None:
            if self._shops.known.get(touched.shop) is None:
                raise PoisonError("This shop is not served here.", code="shop_unknown")
            metrics.REREADS.labels(outcome="uninstalled").inc()
            return
        order = await read_order(self._client(shop), touched.order_id)
        if order is None:
            metrics.REREADS.labels(outcome="gone").inc()
            return
        await self._producer.send(self._event(order))
        metrics.REREADS.labels(outcome="published").inc()

    async def run_sweeps(self, stopping: asyncio.Event) -> None:
        """Sweep every shop on schedule until `stopping` is set. One shop's trouble holds up no other."""
        while not stopping.is_set():
            await asyncio.gather(*(self._sweep_safely(shop) for shop in self._shops))
            metrics.LAST_SWEEP.set_to_current_time()
            try:
                async with asyncio.timeout(self._settings.reconcile_every_seconds):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def sweep(self, shop: Shop, since: datetime) -> int:
        """Publish every order of a shop updated since then. Returns their number."""
        count = 0
        async for order in orders_updated_since(self._client(shop), since):
            with tracing.span("sweep", shop=shop.domain, order_id=order.order_id):
                await self._producer.send(self._event(order))
            count += 1
        metrics.SWEPT.inc(count)
        return count

    async def _sweep_safely(self, shop: Shop) -> None:
        try:
            began = self._clock.now()
            since = await self._watermark(shop.domain)
            count = await self.sweep(shop, since - timedelta(seconds=self._settings.reconcile_overlap_seconds))
            with ground_errors():
                await self._pool.execute(SQL["set_watermark"], shop.domain, began)
            log.info("swept", shop=shop.domain, count=count)
        except (TransientError, PoisonError, GroundMissingError) as error:
            # The watermark stays where it is: the next sweep reads the same window again.
            log.error("sweep_failed", shop=shop.domain, code=error.code)

    async def _watermark(self, domain: str) -> datetime:
        with ground_errors():
            known = await self._pool.fetchval(SQL["watermark"], domain)
        return known or self._clock.now() - timedelta(hours=self._settings.reconcile_first_hours)

    def _client(self, shop: Shop) -> AdminClient:
        """The client of a shop; a changed entry in the shops file gets a new one."""
        known = self._clients.get(shop.domain)
        if known is None or known[0] != shop:
            known = (shop, AdminClient(shop, self._http))
            self._clients[shop.domain] = known
        return known[1]

    def _event(self, order: OrderReceived) -> OutgoingRecord:
        event_id = ids.event_id(order.type_name, order.key(), "read", order.model_dump_json())
        return encode(
            order,
            event_id=event_id,
            source=SOURCE,
            time=self._clock.now(),
            traceparent=tracing.current_traceparent(),
        )
