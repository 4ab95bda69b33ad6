"""What Shopify asks about a person or a shop: tombstones first, then links and texts go from the table, and then from
the orders on Shopify. Those of a shop that has left stay as they are there: its token is gone."""

from printworks_common import ids, tombstones
from printworks_common.clock import Clock
from printworks_common.errors import PoisonError
from printworks_common.events.control import PrivacyRequested
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.events.privacy import WRITER, PrivacyAnswered, PrivacyKind
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.shopify.shops import Shops

from printworks_shopify_writer import attributes
from printworks_shopify_writer.intake import Intake

log = get_logger(__name__)

SOURCE = "printworks/shopify-writer"

SQL = load_queries("printworks_shopify_writer", "sql/erasure.sql")


class Erasure:
    def __init__(self, pool: Pool, shops: Shops, producer: KafkaProducer, clock: Clock) -> None:
        self._pool = pool
        self._shops = shops
        self._producer = producer
        self._clock = clock

    async def requested(self, request: PrivacyRequested) -> None:
        """Take a request in. That of a customer is answered by `dispatch`, once Shopify has it. A repeat changes
        nothing."""
        if request.kind == PrivacyKind.EXPORT_CUSTOMER:
            return
        await tombstones.bury(self._pool, request)
        if request.kind == PrivacyKind.ERASE_SHOP:
            await self._forget_shop(request)
            return
        wanted = tombstones.order_ids(request)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(SQL["erase_orders"], request.shop, wanted)
                await connection.execute(SQL["note_erasure"], request.shop, request.request_id, wanted)

    async def dispatch(self) -> int:
        """Answer the requests whose orders are as they have to be on Shopify. Always 0: nothing is urgent."""
        live = [shop.domain for shop in self._shops]
        with ground_errors():
            rows = await self._pool.fetch(SQL["erased_on_shopify"], attributes.fingerprint(()), live)
        for row in rows:
            shop, request_id = row["shop"], row["request_id"]
            await self._tell(shop, PrivacyKind.ERASE_CUSTOMER, request_id, row["orders"])
            with ground_errors():
                await self._pool.execute(SQL["forget_erasure"], shop, request_id)
        return 0

    async def _forget_shop(self, request: PrivacyRequested) -> None:
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                orders = await connection.fetchval(SQL["forget_orders"], request.shop)
                waiting = await connection.fetch(SQL["forget_erasures"], request.shop)
                await connection.execute(SQL["forget_shop"], request.shop)
        for row in waiting:
            await self._tell(request.shop, PrivacyKind.ERASE_CUSTOMER, row["request_id"], row["orders"])
        await self._tell(request.shop, request.kind, request.request_id, orders)

    async def _tell(self, shop: str, kind: str, request_id: str, orders: int) -> None:
        await self._producer.send(self._answer(shop, kind, request_id, orders))
        log.info("privacy_answered", shop=shop, kind=kind, count=orders)

    def _answer(self, shop: str, kind: str, request_id: str, orders: int) -> OutgoingRecord:
        now = self._clock.now()
        answer = PrivacyAnswered(
            shop=shop, kind=kind, request_id=request_id, service=WRITER, orders=orders, answered_at=now
        )
        event_id = ids.event_id(answer.type_name, answer.key(), kind, request_id, WRITER)
        return encode(answer, event_id=event_id, source=SOURCE, time=now)


class Records:
    """Hands each record of `print-jobs` and `privacy` to who takes it."""

    def __init__(self, intake: Intake, erasure: Erasure) -> None:
        self._intake = intake
        self._erasure = erasure

    async def handle(self, record: Record) -> None:
        """Raises PoisonError for what cannot be understood."""
        match record.event_type:
            case OrderSnapshot.type_name:
                await self._intake.keep(record)
            case PrivacyRequested.type_name:
                await self._erasure.requested(record.decode(PrivacyRequested))
            case PrivacyAnswered.type_name:
                return  # for those who keep the report
            case _:
                raise PoisonError("The event type is not known here.", code="unknown_event_type")
