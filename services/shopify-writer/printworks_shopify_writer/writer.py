"""Who is written next: every shop has a queue of its own, and no more of it is under way than it has points for.

Orders wait in the database and not in line for points, so that what is urgent overtakes and what is overtaken is never
written.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from printworks_common import tracing
from printworks_common.errors import GroundMissingError, PoisonError, PrintworksError, TransientError
from printworks_common.logs import get_logger
from printworks_common.shopify.admin import AdminClient
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import Shop, Shops

from printworks_shopify_writer import metrics
from printworks_shopify_writer.convergence import Convergence
from printworks_shopify_writer.definitions import Definitions
from printworks_shopify_writer.failures import NO_ANSWER, SHOP_REFUSALS, ShopHealth, Waits
from printworks_shopify_writer.orders import Claimed, Orders

log = get_logger(__name__)

RENEW_SECONDS = 5.0

MEASURE_SECONDS = 5.0

AHEAD_SECONDS = 1.0
"""Orders are taken out of a shop's queue when there will be points for them within this time."""

ORDER_COST = 30.0
"""Points of a usual write."""

DEFINITIONS_PAUSE_SECONDS = 60.0
"""Until a shop's definitions are tried again after no answer came."""


class _Queue:
    """One shop, as this process sees it."""

    def __init__(self, waits: Waits) -> None:
        self.health = ShopHealth(waits)
        self.under_way = 0
        self.told_well = False
        self.definitions_from = 0.0
        """Monotonic moment from which the definitions may be looked at."""

    def slots(self, client: AdminClient, most: int, now: float) -> int:
        room = client.points.room(AHEAD_SECONDS)
        by_points = most if room is None else max(1, int(room / ORDER_COST))
        return max(0, min(self.health.slots(most, now), by_points) - self.under_way)


class Writer:
    def __init__(
        self,
        orders: Orders,
        shops: Shops,
        clients: AdminClients,
        convergence: Convergence,
        definitions: Definitions,
        *,
        writes_per_shop: int,
        waits: Waits | None = None,
    ) -> None:
        self._orders = orders
        self._shops = shops
        self._clients = clients
        self._convergence = convergence
        self._definitions = definitions
        self._per_shop = writes_per_shop
        self._waits = waits or Waits()
        self._queues: dict[str, _Queue] = {}
        self._writes: dict[asyncio.Task[None], tuple[str, str]] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._renewed = self._measured = 0.0
        self._wake: Callable[[], None] = lambda: None

    def on_work(self, wake: Callable[[], None]) -> None:
        """Called whenever there may be something to dispatch."""
        self._wake = wake

    async def dispatch(self) -> int:
        """Start the writes that may start now. Returns their number. Raises `GroundMissingError`."""
        now = time.monotonic()
        await self._renew(now)
        await self._measure(now)
        slots: dict[str, int] = {}
        for shop in self._shops:
            free = self._queue(shop.domain).slots(self._clients.of(shop), self._per_shop, now)
            if free:
                slots[shop.domain] = free
        claimed = await self._orders.claim(slots) if slots else []
        for one in claimed:
            self._start(one)
        return len(claimed)

    async def drain(self) -> None:
        """Wait for what is under way."""
        while under_way := [*self._writes, *self._others]:
            await asyncio.wait(under_way)

    def paused(self, domain: str) -> bool:
        """Whether a shop is left alone for now."""
        return self._queue(domain).health.code is not None

    def _start(self, claimed: Claimed) -> None:
        shop = self._shops.get(claimed.shop)
        if shop is None:
            return
        queue = self._queue(shop.domain)
        queue.under_way += 1
        task = asyncio.create_task(self._write(shop, queue, claimed))
        self._writes[task] = (claimed.shop, claimed.order_id)
        task.add_done_callback(self._finished)
        if time.monotonic() >= queue.definitions_from:
            queue.definitions_from = float("inf")
            self._beside(self._define(shop, queue))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        shop, _ = self._writes.pop(task)
        self._queue(shop).under_way -= 1
        self._wake()

    async def _write(self, shop: Shop, queue: _Queue, claimed: Claimed) -> None:
        parent = {"traceparent": claimed.traceparent} if claimed.traceparent else None
        try:
            with tracing.span("write", parent_headers=parent, shop=shop.domain, order_id=claimed.order_id):
                await self._try(shop, queue, claimed.order_id)
        except GroundMissingError as error:
            # The claim runs out and the order is taken up again.
            log.warning("writer_waits", code=error.code)

    async def _try(self, shop: Shop, queue: _Queue, order_id: str) -> None:
        try:
            await self._convergence.converge(self._clients.of(shop), order_id)
        except TransientError as error:
            await self._later(shop.domain, queue, order_id, error.code, error.retry_after)
        except PoisonError as error:
            if error.code in SHOP_REFUSALS:
                await self._shop_refuses(shop.domain, queue, order_id, error.code)
            else:
                log.error("order_not_written", shop=shop.domain, order_id=order_id, code=error.code)
                await self._later(shop.domain, queue, order_id, error.code, None)
        except GroundMissingError:
            raise
        except Exception:
            log.exception("order_not_written", shop=shop.domain, order_id=order_id, code="internal_error")
            await self._later(shop.domain, queue, order_id, "internal_error", None)
        else:
            await self._well(shop.domain, queue)

    async def _later(self, domain: str, queue: _Queue, order_id: str, code: str, said: float | None) -> None:
        """The order stays in the queue, with what kept it from being written and a time."""
        metrics.WRITES.labels(outcome=code).inc()
        if code in NO_ANSWER:
            queue.health.failed(code, time.monotonic())
        else:
            await self._well(domain, queue)
        tries = await self._orders.tries(domain, order_id)
        # Used-up points say nothing about the order.
        counts = code != "shopify_throttled"
        await self._orders.later(domain, order_id, code, self._waits.order(code, tries, said), counts=counts)

    async def _shop_refuses(self, domain: str, queue: _Queue, order_id: str, code: str) -> None:
        """Nothing of this shop can be written: all of its orders wait, and one of them tries from time to time."""
        metrics.WRITES.labels(outcome=code).inc()
        log.error("shop_refuses", shop=domain, order_id=order_id, code=code)
        queue.health.failed(code, time.monotonic())
        queue.told_well = False
        new = await self._orders.shop_failing(domain, code)
        await self._orders.let_go(domain, order_id, code if new else None)

    async def _well(self, domain: str, queue: _Queue) -> None:
        queue.health.answered()
        if not queue.told_well:
            await self._orders.shop_well(domain)
            queue.told_well = True

    async def _define(self, shop: Shop, queue: _Queue) -> None:
        try:
            await self._definitions.ensure(self._clients.of(shop))
        except PrintworksError as error:
            queue.definitions_from = time.monotonic() + DEFINITIONS_PAUSE_SECONDS
            log.warning("definitions_wait", shop=shop.domain, code=error.code)

    async def _renew(self, now: float) -> None:
        if self._writes and now - self._renewed >= RENEW_SECONDS:
            self._renewed = now
            await self._orders.renew(list(self._writes.values()))

    async def _measure(self, now: float) -> None:
        if now - self._measured < MEASURE_SECONDS:
            return
        self._measured = now
        waiting, by_code = await self._orders.waiting()
        metrics.WAITING.set(waiting)
        metrics.FAILING.clear()
        for code, orders in by_code.items():
            metrics.FAILING.labels(code=code).set(orders)
        metrics.SHOPS_PAUSED.clear()
        for queue in self._queues.values():
            if queue.health.code is not None:
                metrics.SHOPS_PAUSED.labels(code=queue.health.code).inc()

    def _queue(self, domain: str) -> _Queue:
        return self._queues.setdefault(domain, _Queue(self._waits))
