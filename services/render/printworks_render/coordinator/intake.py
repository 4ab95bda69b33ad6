"""Everything that reaches the coordinator through Kafka: orders, results, commands, purges, counts, privacy. One record
at a time."""

from dataclasses import dataclass
from datetime import datetime

from printworks_common import ids, tracing
from printworks_common.clock import Clock
from printworks_common.errors import PoisonError
from printworks_common.events.artwork import JobStatus
from printworks_common.events.control import (
    CommandIssued,
    CommandKind,
    PrivacyRequested,
    ReconciliationCompared,
    ReconciliationCounted,
    RetentionBegun,
    RetentionNotice,
    RetentionPurged,
)
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.orders import OrderReceived, OrderTouched, TouchReason
from printworks_common.events.print_jobs import ArtworkVersion
from printworks_common.events.privacy import PrivacyAnswered
from printworks_common.events.rendering import DeliveryFailed, DeliveryFinished, RenderFailed, RenderFinished
from printworks_common.failures import Reason
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger

from printworks_render.coordinator import decisions, deliveries, metrics, transitions
from printworks_render.coordinator.decisions import Intake
from printworks_render.coordinator.delivering import after_failure
from printworks_render.coordinator.erasure import Erasure
from printworks_render.coordinator.model import Job, Order, ShopCatalog, Step
from printworks_render.coordinator.reconciliation import Reconciliation, missed_webhook
from printworks_render.coordinator.snapshots import SOURCE
from printworks_render.coordinator.store import Change, OrderStore

log = get_logger(__name__)

AUTOMATIC_ATTEMPTS = 2
"""A crash of native code is tried once more by itself: it may have been the neighbour's fault."""

TRIED_AGAIN = frozenset({Reason.RENDER_CRASHED, Reason.RENDER_FAILED})

OPEN = frozenset({JobStatus.PENDING, JobStatus.READY, JobStatus.FAILED})
"""Jobs that a command can still change: not cancelled, not cleared."""


@dataclass(frozen=True)
class Changed:
    """What a result changed: a job of this order, before and after."""

    order: Order
    before: Job
    after: Job


class OrderIntake:
    """Handles records of `orders`, `render-results`, `commands`, `retention`, `reconciliation` and `privacy`. Every
    handler is idempotent."""

    def __init__(self, store: OrderStore, reconciliation: Reconciliation, erasure: Erasure, clock: Clock) -> None:
        self._store = store
        self._reconciliation = reconciliation
        self._erasure = erasure
        self._clock = clock

    async def handle(self, record: Record) -> None:
        """Take one record in. Raises `PoisonError` for what cannot be understood."""
        match record.event_type:
            case OrderReceived.type_name:
                await self.order_received(record.decode(OrderReceived))
            case RenderFinished.type_name:
                await self.render_finished(record.decode(RenderFinished))
            case RenderFailed.type_name:
                await self.render_failed(record.decode(RenderFailed))
            case DeliveryFinished.type_name:
                await self.delivery_finished(record.decode(DeliveryFinished))
            case DeliveryFailed.type_name:
                await self.delivery_failed(record.decode(DeliveryFailed))
            case CommandIssued.type_name:
                await self.command_issued(record.decode(CommandIssued))
            case RetentionBegun.type_name:
                begun = record.decode(RetentionBegun)
                await self.cleared(begun.shop, begun.order_id, begun.begun_at)
            case RetentionPurged.type_name:
                purged = record.decode(RetentionPurged)
                await self.cleared(purged.shop, purged.order_id, purged.purged_at)
            case ReconciliationCounted.type_name:
                await self._reconciliation.counted(record.decode(ReconciliationCounted))
            case PrivacyRequested.type_name:
                await self._erasure.requested(record.decode(PrivacyRequested))
            case RetentionNotice.type_name | ReconciliationCompared.type_name | PrivacyAnswered.type_name:
                return  # for people, our own answer, and for those who keep the report: on the same topics
            case _:
                raise PoisonError("The event type is not known here.", code="unknown_event_type")

    async def order_received(self, received: OrderReceived) -> None:
        catalog = await self._store.catalog(received.shop)
        outcome, missed = Intake.ERASED, None

        def decide(known: Order | None) -> Change | None:
            nonlocal outcome, missed
            now = self._clock.now()
            taken = decisions.take_in(known, received, catalog, now)
            outcome = taken.outcome
            if outcome is Intake.CHANGED:
                missed = missed_webhook(known, received, now)
                return Change(taken.order.model_copy(update={"traceparent": tracing.current_traceparent()}))
            if outcome is Intake.ECHO and known is not None and received.updated_at > known.updated_at:
                # What was true at this moment: a body of a moment before it, still on its way, is older.
                return Change(taken.order, quiet=True)
            if outcome is Intake.SAME_SECOND and known is not None:
                return Change(known, [self._read_again(received)])
            return None

        await self._store.change(received.shop, received.order_id, decide, created_at=received.created_at)
        metrics.ORDERS_TAKEN_IN.labels(outcome=outcome).inc()
        if missed is not None:
            metrics.MISSED_WEBHOOKS.labels(topic=missed).inc()
            log.warning("webhook_missed", shop=received.shop, order_id=received.order_id, webhook_topic=missed)

    async def render_finished(self, event: RenderFinished) -> None:
        """The first result for the job's present artwork version counts; any other changes nothing."""
        now = self._clock.now()

        def transition(job: Job) -> Job:
            artwork = ArtworkVersion(
                artwork_version=event.artwork_version,
                current=True,
                template_version=job.template_version,
                renderer_version=event.renderer_version,
                files=event.files,
                preflight=event.preflight,
                spec_line=event.spec_line,
                completed_at=event.finished_at,
            )
            return deliveries.rendered(job, artwork, now)

        changed = await self._result(event, transition)
        metrics.RESULTS.labels(outcome="ready" if changed else "ignored").inc()
        _observe_ready(changed, now)

    async def render_failed(self, event: RenderFailed) -> None:
        """A failure of an attempt that is over (a newer one runs) changes nothing."""
        now = self._clock.now()

        def transition(job: Job) -> Job:
            if event.attempt < job.attempt:
                return job
            if event.reason_code in TRIED_AGAIN and job.tries < AUTOMATIC_ATTEMPTS:
                return transitions.requeued(job, event.reason_code, now)
            return transitions.failed(job, event.reason_code, event.detail, now)

        counted = await self._result(event, transition)
        metrics.RESULTS.labels(outcome=event.reason_code if counted else "ignored").inc()

    async def delivery_finished(self, event: DeliveryFinished) -> None:
        """The files of the artwork version that waits lie in the shop's own storage; a late result changes nothing."""
        now = self._clock.now()
        changed: Changed | None = None

        def decide(order: Order | None) -> Change | None:
            nonlocal changed
            changed = None
            job = _delivering(order, event)
            if order is None or job is None:
                return None
            after, copies = deliveries.delivered(job, event.files, now)
            if after is job:
                return None
            changed = Changed(order, job, after)
            return Change(transitions.with_status(order.with_job(after)), delivered_copies=copies)

        await self._store.change(event.shop, event.order_id, decide)
        metrics.RESULTS.labels(outcome="delivered" if changed else "ignored").inc()
        _observe_ready(changed, now)

    async def delivery_failed(self, event: DeliveryFailed) -> None:
        """A failure of a delivery that is over (a newer one is under way) changes nothing."""
        counted = False

        def decide(order: Order | None) -> Change | None:
            nonlocal counted
            job = _delivering(order, event)
            counted = job is not None and event.attempt == job.deliveries + 1
            if order is None or job is None or not counted:
                return None
            return after_failure(order, job, event.reason_code, event.detail, self._clock)

        await self._store.change(event.shop, event.order_id, decide)
        metrics.RESULTS.labels(outcome=event.reason_code if counted else "ignored").inc()

    async def command_issued(self, command: CommandIssued) -> None:
        """What a person asks for. A command that no longer fits the job's state changes nothing."""
        catalog = await self._store.catalog(command.shop)
        now = self._clock.now()

        def decide(order: Order | None) -> Change | None:
            job = order.job(command.job_id) if order else None
            if order is None or job is None or order.purged_at is not None:
                return None
            return _changed(order, job, commanded(job, command, catalog, now))

        await self._store.change(command.shop, command.order_id, decide, once=f"command/{command.command_id}")
        metrics.COMMANDS.labels(kind=command.kind).inc()

    async def cleared(self, shop: str, order_id: str, at: datetime) -> None:
        """The order's day has come: its jobs are cleared, its links end, and no new work is taken for it.

        This is so before its files go, so that nothing is rendered into a prefix that was emptied already.
        """

        def decide(order: Order | None) -> Change | None:
            if order is None or order.purged_at is not None:
                return None
            jobs = tuple(transitions.cleared(job, at) for job in order.jobs)
            return Change(order.model_copy(update={"jobs": jobs, "purged_at": at}))

        await self._store.change(shop, order_id, decide)

    async def _result(
        self, event: RenderFinished | RenderFailed, transition: transitions.Transition
    ) -> "Changed | None":
        """Apply a result to the job that waits for it. None if nothing changed."""
        changed: Changed | None = None

        def decide(order: Order | None) -> Change | None:
            nonlocal changed
            changed = None
            job = order.job(event.job_id) if order else None
            if order is None or job is None or job.step == Step.DELIVERING:
                return None
            if job.status is not JobStatus.PENDING or job.artwork_version != event.artwork_version:
                return None
            after = transition(job)
            changed = Changed(order, job, after) if after is not job else None
            return _changed(order, job, after)

        await self._store.change(event.shop, event.order_id, decide)
        return changed

    def _read_again(self, received: OrderReceived) -> OutgoingRecord:
        touched = OrderTouched(
            shop=received.shop,
            order_id=received.order_id,
            reason=TouchReason.SAME_SECOND,
            noticed_at=self._clock.now(),
        )
        event_id = ids.event_id(
            touched.type_name, touched.key(), decisions.content_hash(received), received.updated_at.isoformat()
        )
        return encode(touched, event_id=event_id, source=SOURCE, time=touched.noticed_at)


def commanded(job: Job, command: CommandIssued, catalog: ShopCatalog, now: datetime) -> Job:
    """The job after a command; the same job where the command does not fit its state."""
    match command.kind:
        case CommandKind.RETRY:
            return decisions.retried(job, catalog, command.issued_by, now)
        case CommandKind.RERENDER if job.status in {JobStatus.READY, JobStatus.FAILED}:
            return decisions.replanned(job, catalog, command.issued_by, now)
        case CommandKind.CANCEL if job.status in OPEN:
            return transitions.cancelled(job, "stopped by the shop", now, actor=command.issued_by)
        case CommandKind.REPLACE_INPUT if command.replacement is not None and job.status in OPEN:
            return decisions.with_replacement(job, command.replacement, catalog, command.issued_by, now)
        case CommandKind.REDELIVER if catalog.own_storage:
            return deliveries.redelivered(job, command.issued_by, now)
        case _:
            return job


def _changed(order: Order, before: Job, after: Job) -> Change | None:
    if after is before:
        return None
    return Change(transitions.with_status(order.with_job(after)))


def _delivering(order: Order | None, event: DeliveryFinished | DeliveryFailed) -> Job | None:
    """The job that waits for a result of this artwork version."""
    job = order.job(event.job_id) if order else None
    artwork = deliveries.waiting_files(job) if job else None
    return job if artwork is not None and artwork.artwork_version == event.artwork_version else None


def _observe_ready(changed: Changed | None, now: datetime) -> None:
    """The time from paid to ready, once per job: of its first files."""
    if changed is None or changed.after.status is not JobStatus.READY or changed.before.status is JobStatus.READY:
        return
    if changed.after.artwork_version == 1:
        # A job is made of a paid order only.
        paid_at = changed.order.first_paid_at or changed.order.created_at
        metrics.PAID_TO_READY.observe((now - paid_at).total_seconds())
