"""Orders that were touched are read again: edits and refunds carry no whole order, some bodies cannot be judged.

The consumer only takes the wish in, one row per order. A dispatcher reads the orders, each shop in a queue of its own,
so that a slow or throttled shop holds up no other; an order touched ten times is read once.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import asyncpg
from printworks_common import tracing
from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.events.orders import OrderTouched, TouchReason
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.installations import LiveShops
from printworks_common.shopify.shops import Shop

from printworks_ingest import metrics
from printworks_ingest.admin_orders import read_order
from printworks_ingest.publishing import OrderPublisher

log = get_logger(__name__)

SQL = load_queries("printworks_ingest", "sql/queries.sql")

CAUSES: dict[str, str] = {TouchReason.EDITED: "orders/edited", TouchReason.REFUNDED: "refunds/create"}
"""Touches that a webhook has announced, by the webhook's topic."""

BULK = frozenset({TouchReason.MAPPING_ADDED, TouchReason.MISSING, TouchReason.DIFFERENT})
"""Come by the thousand, and nobody waits for one of them."""

PARALLEL = 32
PER_SHOP = 4

CLAIM = timedelta(seconds=30)
RENEW_SECONDS = 5.0

BACK_OFF = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds until the next try after an answer that did not come; the last one from then on."""

REFUSED_PAUSE = 900.0
"""A shop that refuses is asked again so often: a person has to mend it first."""


class Rereads:
    def __init__(
        self, *, pool: Pool, shops: LiveShops, clients: AdminClients, publisher: OrderPublisher, clock: Clock
    ) -> None:
        self._pool = pool
        self._shops = shops
        self._clients = clients
        self._publisher = publisher
        self._clock = clock
        self._running: dict[asyncio.Task[None], tuple[str, int]] = {}
        self._renewed = time.monotonic()
        self._wake: Callable[[], None] = lambda: None

    def on_work(self, wake: Callable[[], None]) -> None:
        """Called whenever there may be something to dispatch."""
        self._wake = wake

    async def handle(self, record: Record) -> None:
        """Take one touch in. Raises PoisonError for what cannot be understood."""
        if record.event_type != OrderTouched.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        touched = record.decode(OrderTouched)
        if self._shops.get(touched.shop) is None:
            if self._shops.known.get(touched.shop) is None:
                raise PoisonError("This shop is not served here.", code="shop_unknown")
            metrics.REREADS.labels(outcome="uninstalled").inc()
            return
        with ground_errors():
            await self._pool.execute(
                SQL["ask_reread"],
                touched.shop,
                int(touched.order_id),
                touched.reason,
                touched.reason in BULK,
                self._clock.now(),
                tracing.current_traceparent(),
            )
        self._wake()

    async def dispatch(self) -> int:
        """Start the reads that may start now. Returns their number."""
        await self._renew()
        room = PARALLEL - len(self._running)
        if room <= 0:
            return 0
        domains = [shop.domain for shop in self._shops]
        with ground_errors():
            rows = await self._pool.fetch(SQL["claim_rereads"], room, PER_SHOP, CLAIM, domains, self._clock.now())
        for row in rows:
            task = asyncio.create_task(self._read(row))
            self._running[task] = (row["shop"], int(row["order_id"]))
            task.add_done_callback(self._finished)
        return len(rows)

    async def count(self) -> None:
        """Set the gauges of what waits."""
        now = self._clock.now()
        with ground_errors():
            row = await self._pool.fetchrow(SQL["waiting_rereads"], [shop.domain for shop in self._shops])
        metrics.REREADS_WAITING.set(row["n"] if row else 0)
        oldest = row["oldest"] if row else None
        metrics.OLDEST_REREAD.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0)

    async def drain(self) -> None:
        """Wait for the reads that are under way."""
        if self._running:
            await asyncio.wait(self._running)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._running.pop(task, None)
        self._wake()

    async def _renew(self) -> None:
        if not self._running or time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        shops, orders = zip(*self._running.values(), strict=True)
        with ground_errors():
            await self._pool.execute(SQL["renew_rereads"], list(shops), list(orders), CLAIM)

    async def _read(self, row: asyncpg.Record) -> None:
        shop = self._shops.get(row["shop"])
        if shop is None:
            return  # it left between the claim and now; the claim runs out
        parent = {"traceparent": row["traceparent"]} if row["traceparent"] else None
        try:
            with tracing.span("reread", parent_headers=parent, shop=shop.domain, order_id=row["order_id"]):
                outcome = await self._read_and_publish(shop, row)
            await self._done(row)
        except TransientError as error:
            pause = error.retry_after or BACK_OFF[min(row["tries"], len(BACK_OFF) - 1)]
            outcome = await self._later(row, error.code, pause)
        except PoisonError as error:
            log.error("order_not_read", shop=shop.domain, order_id=row["order_id"], code=error.code)
            outcome = await self._later(row, error.code, REFUSED_PAUSE)
        except GroundMissingError as error:
            # The claim runs out and the order is taken up again.
            outcome = error.code
        except Exception as error:
            # A fault of ours with one order: it is seen, and it does not come round with every claim.
            log.error("order_not_read", shop=shop.domain, order_id=row["order_id"], exc_info=error)
            outcome = await self._later(row, "unexpected_error", REFUSED_PAUSE)
        metrics.REREADS.labels(outcome=outcome).inc()

    async def _read_and_publish(self, shop: Shop, row: asyncpg.Record) -> str:
        order = await read_order(
            self._clients.of(shop),
            row["order_id"],
            cause=CAUSES.get(str(row["reason"]), str(row["reason"])),
            gives_way=row["bulk"],
        )
        if order is None:
            return "gone"
        await self._publisher.publish(order)
        return "published"

    async def _done(self, row: asyncpg.Record) -> None:
        shop, order_id = row["shop"], int(row["order_id"])
        with ground_errors():
            if await self._pool.execute(SQL["reread_done"], shop, order_id, row["asked"]) == "DELETE 0":
                # Touched again while it was read: once more.
                await self._pool.execute(SQL["release_reread"], shop, order_id)

    async def _later(self, row: asyncpg.Record, code: str, seconds: float) -> str:
        due = self._clock.now() + timedelta(seconds=seconds)
        try:
            with ground_errors():
                await self._pool.execute(SQL["reread_later"], row["shop"], int(row["order_id"]), due, code)
        except GroundMissingError as error:
            return error.code
        return code
