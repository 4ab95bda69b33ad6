"""What Shopify asks about a person or a shop. To erase: tombstones first, then everything personal goes from orders and
outbox. To tell what is held: a document of each order, beside its files.

An order of a customer stays as a closed order without name, texts, design or pictures, told so in a new snapshot. The
orders of a shop go altogether, after their end was told.
"""

from datetime import datetime
from typing import Protocol

from printworks_common import ids, tombstones
from printworks_common.clock import Clock
from printworks_common.events.control import PrivacyRequested
from printworks_common.events.envelope import encode
from printworks_common.events.privacy import COORDINATOR, KnownOrder, PrivacyAnswered, held_document_key
from printworks_common.logs import get_logger
from printworks_common.outbox import enqueue
from printworks_common.postgres import Pool, ground_errors

from printworks_render.coordinator import transitions
from printworks_render.coordinator.model import Order
from printworks_render.coordinator.snapshots import SOURCE
from printworks_render.coordinator.store import SQL, Change, OrderStore

log = get_logger(__name__)

BATCH = 200


class Documents(Protocol):
    """Where documents are laid down; `ObjectStore` is it."""

    async def put_bytes(self, key: str, content: bytes, media_type: str) -> object: ...


class Erasure:
    def __init__(self, store: OrderStore, pool: Pool, documents: Documents, clock: Clock) -> None:
        self._store = store
        self._pool = pool
        self._documents = documents
        self._clock = clock

    async def requested(self, request: PrivacyRequested) -> None:
        """Carry a request out and answer it. A repeat finds nothing left and gives the same answer again."""
        await tombstones.bury(self._pool, request)
        match request.kind:
            case "erase_customer":
                known = [
                    KnownOrder(order_id=order.order_id, order_date=order.order_date)
                    for one in tombstones.order_ids(request)
                    if (order := await self._erase(request.shop, one)) is not None
                ]
                await self._answer(request, len(known), tuple(known))
            case "erase_shop":
                await self._answer(request, await self._erase_shop(request.shop, request.requested_at), ())
            case _:
                known = await self._write_down(request)
                await self._answer(request, len(known), tuple(known))

    async def _write_down(self, request: PrivacyRequested) -> list[KnownOrder]:
        """Lay down what is held of each order, below its prefix: it goes with the order's files."""
        known: list[KnownOrder] = []
        for number in tombstones.order_ids(request):
            order = await self._store.order(request.shop, str(number))
            if order is None or order.erased_at is not None:
                continue
            key = held_document_key(request.shop, order.order_id, order.order_date, request.request_id)
            content = order.model_dump_json(exclude={"jobs": {"__all__": {"template"}}}, indent=1)
            await self._documents.put_bytes(key, content.encode(), "application/json")
            known.append(KnownOrder(order_id=order.order_id, order_date=order.order_date))
        return known

    async def _erase(self, shop: str, order_id: int) -> Order | None:
        """The order as it is afterwards; None when nothing of it was known."""
        now = self._clock.now()

        def decide(order: Order | None) -> Change | None:
            if order is None or order.erased_at is not None:
                return None
            return Change(transitions.erased(order, now), forget_waiting=True)

        return await self._store.change(shop, str(order_id), decide)

    async def _erase_shop(self, shop: str, until: datetime) -> int:
        """Returns how many orders there were."""
        erased = 0
        while True:
            with ground_errors():
                rows = await self._pool.fetch(SQL["orders_of_shop"], shop, until, BATCH)
            for row in rows:
                await self._erase(shop, row["order_id"])
            found = [row["order_id"] for row in rows]
            with ground_errors():
                async with self._pool.acquire() as connection, connection.transaction():
                    await connection.execute(SQL["drop_timelines"], shop, found)
                    await connection.execute(SQL["drop_jobs"], shop, found)
                    await connection.execute(SQL["drop_orders"], shop, found)
                    if len(rows) < BATCH:
                        await connection.execute(SQL["empty_catalog"], shop)
            erased += len(rows)
            if len(rows) < BATCH:
                return erased

    async def _answer(self, request: PrivacyRequested, orders: int, known: tuple[KnownOrder, ...]) -> None:
        now = self._clock.now()
        answer = PrivacyAnswered(
            shop=request.shop,
            kind=request.kind,
            request_id=request.request_id,
            service=COORDINATOR,
            orders=orders,
            known_orders=known,
            answered_at=now,
        )
        event_id = ids.event_id(answer.type_name, answer.key(), request.kind, request.request_id, COORDINATOR)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await enqueue(connection, [encode(answer, event_id=event_id, source=SOURCE, time=now)])
        log.info("privacy_answered", shop=request.shop, kind=request.kind, count=orders)
