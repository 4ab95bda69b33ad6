"""A sweep: the orders of a shop that were updated since the last one are read and published, whatever webhooks said.

Webhooks are delivered at least once, out of order, late, and sometimes never. The coordinator recognises what it knows
already; what is news to it was missed. A sweep reaches back behind the one before, so it reads many orders that an
earlier sweep has published as they still are: those are not published again, lest the orders of a shop that has many
wait before the coordinator in front of everybody else's.
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from printworks_common.clock import Clock
from printworks_common.events.orders import OrderReceived
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import Shop

from printworks_ingest import metrics
from printworks_ingest.admin_orders import orders_updated_since
from printworks_ingest.publishing import OrderPublisher
from printworks_ingest.recent import Recent

log = get_logger(__name__)

SQL = load_queries("printworks_ingest", "sql/queries.sql")

CAUSE = "sweep"
FIRST_CAUSE = "first_sweep"
"""Nothing was missed that a shop's first sweep finds: before it we did not listen."""

TURN_SECONDS = 60.0
"""A longer sweep lets the other shops have their turn, and then goes on where it was."""


@dataclass(frozen=True)
class Mark:
    """Where a sweep begins: `began` is when it did, for what the next one has to look behind."""

    since: datetime
    began: datetime
    cause: str


class Sweeps:
    def __init__(
        self,
        *,
        pool: Pool,
        clients: AdminClients,
        publisher: OrderPublisher,
        clock: Clock,
        overlap: timedelta,
        first_reach: timedelta,
        stopping: asyncio.Event,
        turn_seconds: float = TURN_SECONDS,
    ) -> None:
        self._pool = pool
        self._clients = clients
        self._publisher = publisher
        self._clock = clock
        self._overlap = overlap
        self._first_reach = first_reach
        self._stopping = stopping
        self._turn_seconds = turn_seconds
        self._published = Recent()

    async def sweep(self, shop: Shop) -> bool:
        """One turn of a shop's sweep. Returns whether it came to its end.

        Raises as `AdminClient.execute`, or GroundMissingError: the next turn goes on after the last page that was
        published.
        """
        mark = await self._mark(shop)
        deadline = time.monotonic() + self._turn_seconds
        count = 0
        async for page in orders_updated_since(self._clients.of(shop), mark.since, cause=mark.cause):
            count += await self._publish(page.orders)
            metrics.SWEPT.inc(len(page.orders))
            with ground_errors():
                await self._pool.execute(SQL["sweep_reached"], shop.domain, mark.began, page.through)
            if not page.last and (self._stopping.is_set() or time.monotonic() > deadline):
                log.info("sweep_goes_on", shop=shop.domain, count=count)
                return False
        with ground_errors():
            await self._pool.execute(SQL["sweep_ended"], shop.domain, mark.began)
        log.info("swept", shop=shop.domain, count=count)
        metrics.LAST_SWEEP.set_to_current_time()
        return True

    async def _publish(self, orders: Sequence[OrderReceived]) -> int:
        """Publish those that are not as they were published last. Returns their number."""
        news = {_name(order): order for order in orders}
        news = {name: order for name, order in news.items() if not self._published.has(name)}
        count = await self._publisher.publish_all(list(news.values()))
        self._published.add(*news)
        return count

    async def known_since(self, shop: Shop) -> datetime | None:
        """Where the first sweep of the shop began; None before it."""
        with ground_errors():
            row = await self._pool.fetchrow(SQL["watermark"], shop.domain)
        return row["known_since"] if row else None

    async def measure(self, domains: list[str]) -> None:
        """Set the gauge of the shop whose last whole sweep is longest ago."""
        with ground_errors():
            oldest = await self._pool.fetchval(SQL["oldest_sweep"], domains)
        metrics.OLDEST_SWEEP.set((self._clock.now() - oldest).total_seconds() if oldest else 0)

    async def _mark(self, shop: Shop) -> Mark:
        now = self._clock.now()
        with ground_errors():
            row = await self._pool.fetchrow(SQL["watermark"], shop.domain)
            if row is None:
                since = now - self._first_reach
                await self._pool.execute(SQL["open_watermark"], shop.domain, since + self._overlap, since)
                return Mark(since, now, FIRST_CAUSE)
        last = row["swept_at"] - self._overlap
        known_since = row["known_since"]
        cause = FIRST_CAUSE if known_since is not None and last <= known_since else CAUSE
        if row["resume_at"] is not None:
            return Mark(row["resume_at"], row["began_at"], cause)
        return Mark(last, now, cause)


def _name(order: OrderReceived) -> tuple[str, str, str]:
    """An order as it was read, whyever. Its `updated_at` alone would not do: it has seconds, and two changes may share
    one."""
    content = order.model_dump_json(exclude={"cause"})
    return order.shop, order.order_id, hashlib.sha256(content.encode()).hexdigest()
