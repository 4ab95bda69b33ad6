"""Releases renders: from the queue in Postgres to `render-requests`, fairly over shops and never too far ahead.

Only about twice the worker slots wait in the topic; all else waits here, where it can be cancelled, overtaken by a
person's retry, and counted. A request whose result does not come within the lease is released again, and its job fails
when that has happened too often. While the store or the broker is away, or no worker is there, nobody could have
finished it: then the lease is renewed.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
from printworks_common import ids
from printworks_common.clock import Clock
from printworks_common.events.artwork import JobStatus
from printworks_common.events.envelope import encode
from printworks_common.events.rendering import PinnedInput, RenderRequested
from printworks_common.failures import Reason
from printworks_common.postgres import ground_errors

from printworks_render.coordinator import metrics, transitions
from printworks_render.coordinator.ground import Ground
from printworks_render.coordinator.model import Job, Order, Step
from printworks_render.coordinator.snapshots import SOURCE
from printworks_render.coordinator.store import SQL, Change, DispatcherLock, OrderStore

RELEASE_LOCK = 0x70772D72656C65
"""Advisory lock of the release dispatcher: counting what is in flight and adding to it is one thing."""

MAX_ATTEMPTS = 3
"""A job whose result never comes (its worker dies each time) fails after so many releases."""


@dataclass(frozen=True)
class ReleaseLimits:
    """in_flight: requests without a result, in all; per_shop: of one shop; lease: how long a result may take;
    watermark_test_orders: for shops that say nothing about it."""

    in_flight: int = 8
    per_shop: int = 4
    lease: timedelta = timedelta(minutes=10)
    watermark_test_orders: bool = True


class ReleaseDispatcher:
    def __init__(
        self,
        store: OrderStore,
        pool: "asyncpg.Pool[asyncpg.Record]",
        ground: Ground,
        clock: Clock,
        limits: ReleaseLimits,
    ) -> None:
        self._store = store
        self._ground = ground
        self._clock = clock
        self._limits = limits
        self._lock = DispatcherLock(pool, RELEASE_LOCK)

    async def dispatch(self) -> int:
        """Release what there is room for. Returns the number of requests."""
        return await self._lock.run(self._round)

    async def _round(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> int:
        with ground_errors():
            rows = await connection.fetch(
                SQL["choose_releases"],
                self._limits.in_flight,
                self._limits.per_shop,
                self._limits.watermark_test_orders,
            )
        overdue = [row["job_id"] for row in rows if row["overdue"]]
        waiting = await self._ground.missing(connection, overdue)
        count = 0
        for row in rows:
            if row["overdue"] and waiting:
                await self._wait_on(row["shop"], row["order_id"], row["job_id"])
            else:
                count += await self._release(
                    row["shop"], row["order_id"], row["job_id"], watermark_tests=row["watermark_tests"]
                )
        metrics.RELEASED.inc(count)
        return count

    async def _wait_on(self, shop: str, order_id: str, job_id: UUID) -> None:
        now = self._clock.now()

        def decide(order: Order | None) -> Change | None:
            job = order.job(job_id) if order else None
            if order is None or job is None or job.step != Step.RENDERING or not self._may_go(job):
                return None
            longer = job.model_copy(update={"not_before": now + self._limits.lease})
            return Change(order.with_job(longer), quiet=True)

        await self._store.change(shop, order_id, decide)

    async def _release(self, shop: str, order_id: str, job_id: UUID, *, watermark_tests: bool) -> int:
        now = self._clock.now()
        count = 0

        def decide(order: Order | None) -> Change | None:
            nonlocal count
            job = order.job(job_id) if order else None
            if order is None or job is None or not self._may_go(job):
                return None
            if job.template is None or job.design is None:
                broken = transitions.failed(job, Reason.DESIGN_MISSING, "The job was queued without a design.", now)
                return Change(transitions.with_status(order.with_job(broken)))
            if job.tries >= MAX_ATTEMPTS:
                lost = transitions.failed(job, Reason.RENDER_CRASHED, "No worker finished this job.", now)
                return Change(transitions.with_status(order.with_job(lost)))
            out = transitions.released(job, now, self._limits.lease)
            count = 1
            request = render_request(order, out, watermark=order.test and watermark_tests)
            record = encode(
                request,
                event_id=ids.event_id(request.type_name, job_id, out.artwork_version, out.attempt),
                source=SOURCE,
                time=now,
                traceparent=order.traceparent,
            )
            return Change(order.with_job(out), [record])

        await self._store.change(shop, order_id, decide)
        return count

    def _may_go(self, job: Job) -> bool:
        if job.status is not JobStatus.PENDING:
            return False
        overdue = job.not_before is not None and job.not_before <= self._clock.now()
        return job.step == Step.QUEUED or (job.step == Step.RENDERING and overdue)


def render_request(order: Order, job: Job, *, watermark: bool) -> RenderRequested:
    """Everything a worker needs. Dates in documents are the order's, so that the same request gives the same bytes."""
    if job.template is None or job.template_version is None or job.design is None:
        raise ValueError(f"job {job.job_id} is queued without a plan")
    folder = f"orders/{order.order_date:%Y-%m-%d}/{order.shop}/{order.order_id}/{job.job_id}"
    return RenderRequested(
        shop=order.shop,
        order_id=order.order_id,
        job_id=job.job_id,
        line_item_id=job.line.line_item_id,
        artwork_version=job.artwork_version,
        attempt=job.attempt,
        order_name=order.name,
        quantity=job.quantity,
        sku=job.line.sku,
        template=job.template,
        template_version=job.template_version,
        design=job.design,
        inputs=tuple(
            PinnedInput(
                input_id=one.input_id,
                kind=one.kind,
                key=one.key,
                sha256=one.sha256,
                bytes=one.bytes or 0,
                media_type=one.media_type,
            )
            for one in job.inputs
            if one.key is not None and one.sha256 is not None
        ),
        document_time=order.created_at,
        watermark=watermark,
        output_prefix=f"{folder}/{job.artwork_version}/",
    )
