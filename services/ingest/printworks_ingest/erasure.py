"""What Shopify asks about a person or a shop, as far as the reconciler keeps something: orders to be read again, and
how far a shop was swept. What was erased is not published again, whoever updates it on Shopify."""

from collections.abc import Sequence

from printworks_common import ids, tombstones
from printworks_common.clock import Clock
from printworks_common.errors import PoisonError
from printworks_common.events.control import PrivacyRequested
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.orders import OrderReceived, OrderTouched
from printworks_common.events.privacy import RECONCILER, PrivacyAnswered, PrivacyKind
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries

from printworks_ingest.publishing import SOURCE
from printworks_ingest.rereads import Rereads

log = get_logger(__name__)

SQL = load_queries("printworks_ingest", "sql/erasure.sql")


class Erasure:
    def __init__(self, pool: Pool, producer: KafkaProducer, clock: Clock) -> None:
        self._pool = pool
        self._producer = producer
        self._clock = clock

    async def kept(self, orders: Sequence[OrderReceived]) -> Sequence[OrderReceived]:
        """Those of the orders that were not erased. Raises GroundMissingError."""
        if not orders:
            return orders
        with ground_errors():
            async with self._pool.acquire() as connection:
                found = await tombstones.tombstones_of(
                    connection, [(one.shop, int(one.order_id), one.created_at) for one in orders]
                )
        return [one for one, buried in zip(orders, found, strict=True) if buried is None]

    async def requested(self, request: PrivacyRequested) -> None:
        """Carry a request out and answer it. A repeat finds nothing left and answers again."""
        if request.kind == PrivacyKind.EXPORT_CUSTOMER:
            return
        await tombstones.bury(self._pool, request)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                if request.kind == PrivacyKind.ERASE_SHOP:
                    orders = await connection.fetchval(SQL["forget_rereads_of_shop"], request.shop)
                    for name in ("forget_watermark", "forget_rounds", "forget_audit"):
                        await connection.execute(SQL[name], request.shop)
                else:
                    wanted = tombstones.order_ids(request)
                    orders = await connection.fetchval(SQL["forget_rereads"], request.shop, wanted)
        await self._producer.send(self._answer(request, orders))
        log.info("privacy_answered", shop=request.shop, kind=request.kind, count=orders)

    def _answer(self, request: PrivacyRequested, orders: int) -> OutgoingRecord:
        now = self._clock.now()
        answer = PrivacyAnswered(
            shop=request.shop,
            kind=request.kind,
            request_id=request.request_id,
            service=RECONCILER,
            orders=orders,
            answered_at=now,
        )
        event_id = ids.event_id(answer.type_name, answer.key(), request.kind, request.request_id, RECONCILER)
        return encode(answer, event_id=event_id, source=SOURCE, time=now)


class Intake:
    """Hands each record of `order-rereads` and `privacy` to who takes it."""

    def __init__(self, rereads: Rereads, erasure: Erasure) -> None:
        self._rereads = rereads
        self._erasure = erasure

    async def handle(self, record: Record) -> None:
        """Raises PoisonError for what cannot be understood."""
        match record.event_type:
            case OrderTouched.type_name:
                await self._rereads.handle(record)
            case PrivacyRequested.type_name:
                await self._erasure.requested(record.decode(PrivacyRequested))
            case PrivacyAnswered.type_name:
                return  # for those who keep the report
            case _:
                raise PoisonError("The event type is not known here.", code="unknown_event_type")
