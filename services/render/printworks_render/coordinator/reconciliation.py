"""The answer to a count: Shopify has N orders, we hold M, and these are the differences.

Pages are kept until the run is whole; a run that breaks off is never answered. What is missing or different is asked to
be read again in the transaction of the answer. Here is also told what a webhook should have told before.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
from printworks_common import ids
from printworks_common.clock import Clock
from printworks_common.events.control import Difference, DifferenceKind, ReconciliationCompared, ReconciliationCounted
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.orders import OrderReceived, OrderTouched, TouchReason
from printworks_common.inbox import first_time
from printworks_common.logs import get_logger
from printworks_common.outbox import enqueue
from printworks_common.postgres import Connection, Pool, ground_errors

from printworks_render.coordinator import metrics
from printworks_render.coordinator.decisions import PAID, is_paid
from printworks_render.coordinator.model import Order
from printworks_render.coordinator.snapshots import SOURCE
from printworks_render.coordinator.store import SQL

log = get_logger(__name__)

LISTED = 1000
"""Differences of each kind that the answer names. The counts are exact, and all of them are read again."""

REREADS_AT_ONCE = 1000

READ_AGAIN = {DifferenceKind.MISSING: TouchReason.MISSING, DifferenceKind.DIFFERENT: TouchReason.DIFFERENT}
"""An order that Shopify no longer lists cannot be read; a person may look at it."""

FOUND_BY_ASKING = frozenset({"sweep", TouchReason.MISSING, TouchReason.DIFFERENT})
"""Causes of a look at an order that no webhook had led to."""

ON_ITS_WAY = timedelta(minutes=1)
"""A change so young may still be told by its webhook."""


class Reconciliation:
    """Answers counts from the orders in Postgres."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def counted(self, page: ReconciliationCounted) -> ReconciliationCompared | None:
        """Take one page in. Returns the answer that the run's last page led to. Raises GroundMissingError."""
        with ground_errors():
            async with self._pool.acquire() as connection:
                async with connection.transaction():
                    await self._keep(connection, page)
                # In a transaction of its own: pages that are taken in at once see each other.
                async with connection.transaction():
                    if not await connection.fetchval(SQL["count_is_whole"], page.run_id):
                        return None
                    if not await first_time(connection, f"count/{page.run_id}"):
                        await connection.execute(SQL["forget_count"], page.run_id)
                        return None
                    answer = await self._answer(connection, page)
        self._tell(answer)
        return answer

    async def _keep(self, connection: Connection, page: ReconciliationCounted) -> None:
        if page.orders:
            facts = [(int(one.order_id), one.financial_status, one.cancelled) for one in page.orders]
        else:
            facts = [(int(order_id), None, None) for order_id in page.order_ids]
        columns = [list(column) for column in zip(*facts, strict=True)] if facts else [[], [], []]
        await connection.execute(SQL["add_counted_orders"], page.run_id, *columns)
        await connection.execute(SQL["add_count_page"], page.run_id, page.page, page.last_page, self._clock.now())

    async def _answer(self, connection: Connection, page: ReconciliationCounted) -> ReconciliationCompared:
        window = page.run_id, page.shop, page.window_from, page.window_to
        totals = await connection.fetchrow(SQL["count_totals"], *window)
        rows = await connection.fetch(SQL["count_differences"], *window)
        assert totals is not None, "an aggregate has one row"
        kinds = Counter(str(row["kind"]) for row in rows)
        answer = ReconciliationCompared(
            shop=page.shop,
            run_id=page.run_id,
            window_from=page.window_from,
            window_to=page.window_to,
            shopify_has=totals["shopify_has"],
            we_hold=totals["we_hold"],
            customised=totals["customised"],
            missing=kinds[DifferenceKind.MISSING],
            different=kinds[DifferenceKind.DIFFERENT],
            gone=kinds[DifferenceKind.GONE],
            differences=_listed(rows),
            compared_at=self._clock.now(),
        )
        event_id = ids.event_id(answer.type_name, page.run_id)
        await enqueue(connection, [encode(answer, event_id=event_id, source=SOURCE, time=answer.compared_at)])
        again = [self._touched(answer, row) for row in rows if row["kind"] in READ_AGAIN]
        for start in range(0, len(again), REREADS_AT_ONCE):
            await enqueue(connection, again[start : start + REREADS_AT_ONCE])
        await connection.execute(SQL["forget_count"], page.run_id)
        return answer

    def _touched(self, answer: ReconciliationCompared, row: asyncpg.Record) -> OutgoingRecord:
        touched = OrderTouched(
            shop=answer.shop,
            order_id=str(row["order_id"]),
            reason=READ_AGAIN[DifferenceKind(row["kind"])],
            noticed_at=answer.compared_at,
        )
        event_id = ids.event_id(touched.type_name, touched.key(), answer.run_id)
        return encode(touched, event_id=event_id, source=SOURCE, time=answer.compared_at)

    def _tell(self, answer: ReconciliationCompared) -> None:
        found = {
            DifferenceKind.MISSING: answer.missing,
            DifferenceKind.DIFFERENT: answer.different,
            DifferenceKind.GONE: answer.gone,
        }
        metrics.COUNTS.inc()
        for kind, number in found.items():
            metrics.DIFFERENCES.labels(kind=kind).inc(number)
        tell = log.warning if any(found.values()) else log.info
        tell("compared", shop=answer.shop, run_id=str(answer.run_id), shopify_has=answer.shopify_has,
             we_hold=answer.we_hold, **found)  # fmt: skip


def _listed(rows: Sequence[asyncpg.Record]) -> tuple[Difference, ...]:
    taken: Counter[str] = Counter()
    listed: list[Difference] = []
    for row in rows:
        kind = str(row["kind"])
        taken[kind] += 1
        if taken[kind] <= LISTED:
            listed.append(Difference(order_id=str(row["order_id"]), kind=kind))
    return tuple(listed)


def missed_webhook(known: Order | None, received: OrderReceived, now: datetime) -> str | None:
    """The topic of the webhook that should have told of this change and did not. None: one may have, or may still.

    `known` is the order before the change; call it only for a change, not for an echo.
    """
    if received.cause not in FOUND_BY_ASKING or now - received.updated_at < ON_ITS_WAY:
        return None
    if received.cancelled_at is not None and (known is None or known.cancelled_at is None):
        return "orders/cancelled"
    if is_paid(received) and (known is None or known.financial_status not in PAID):
        return "orders/paid"
    return "orders/create" if known is None else "orders/updated"
