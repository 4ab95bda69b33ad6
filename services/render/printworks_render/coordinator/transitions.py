"""What may happen to a print job, and what an order's status follows from. Pure functions.

Every function takes the job and the moment and gives the changed job, with its version counted up and its timeline
written; none of them touches a job in a state from which the step is not allowed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from printworks_common.events.artwork import ArtworkStatus, JobStatus
from printworks_common.events.print_jobs import ArtworkVersion, TimelineEntry
from printworks_common.failures import Reason

from printworks_render.coordinator.model import Input, Job, Order, Step

Transition = Callable[[Job], Job]

REFETCHED_ON_RETRY = frozenset(
    {
        Reason.UPLOAD_MISSING,
        Reason.UPLOAD_UNREACHABLE,
        Reason.UPLOAD_CORRUPT,
        Reason.UPLOAD_UNSUPPORTED,
        Reason.UPLOAD_TOO_LARGE,
        Reason.UPLOAD_LOW_RESOLUTION,
        Reason.ASSET_MISSING,
        Reason.FONT_UNAVAILABLE,
    }
)
"""Failures that lie in an input: a retry fetches inputs of that kind again, since the shop may have repaired them."""

_KIND_OF_REASON = {Reason.ASSET_MISSING: "asset", Reason.FONT_UNAVAILABLE: "font"}


def artwork_status(jobs: Iterable[Job]) -> ArtworkStatus | None:
    """Status of an order over its jobs that are not cancelled; None when there is none left."""
    states = {job.status for job in jobs if job.status is not JobStatus.CANCELLED}
    if not states:
        return None
    if JobStatus.PENDING in states:
        return ArtworkStatus.PENDING
    return ArtworkStatus.FAILED if JobStatus.FAILED in states else ArtworkStatus.READY


def inputs_pinned(job: Job, inputs: Sequence[Input], now: datetime, **design: Any) -> Job:
    """Every input lies in our bucket: the job waits for its render. `design` updates what was read with the inputs."""
    return change(
        job, now, "inputs_pinned", f"{sum(1 for one in inputs if one.pinned)} inputs",
        inputs=tuple(inputs), step=Step.QUEUED, tries=0, not_before=None, **design,
    )  # fmt: skip


def pin_again(job: Job, not_before: datetime) -> Job:
    """An input could not be had this time. No change that anybody sees: the step goes on later."""
    return job.model_copy(update={"tries": job.tries + 1, "not_before": not_before})


def released(job: Job, now: datetime, lease: timedelta) -> Job:
    """The render request goes out; without a result within `lease` it is released again."""
    return change(
        job, now, "render_requested", f"attempt {job.attempt + 1}",
        step=Step.RENDERING, attempt=job.attempt + 1, tries=job.tries + 1, not_before=now + lease,
    )  # fmt: skip


def ready(job: Job, artwork: ArtworkVersion, now: datetime) -> Job:
    older = tuple(_superseded(one) for one in job.artwork if one.artwork_version != artwork.artwork_version)
    return change(
        job, now, "ready", artwork.spec_line or None,
        status=JobStatus.READY, step=None, artwork=(*older, artwork), rendered=None, completed_at=now,
        reason_code=None, reason_detail=None, tries=0, not_before=None, urgent=False,
    )  # fmt: skip


def failed(job: Job, reason_code: str, detail: str, now: datetime, **changes: Any) -> Job:
    return change(
        job, now, "failed", reason_code,
        status=JobStatus.FAILED, step=None, reason_code=reason_code, reason_detail=detail or None,
        completed_at=now, tries=0, not_before=None, urgent=False, **changes,
    )  # fmt: skip


def cancelled(job: Job, why: str, now: datetime, *, actor: str | None = None) -> Job:
    if job.status in {JobStatus.CANCELLED, JobStatus.CLEARED}:
        return job
    return change(
        job, now, "cancelled", why, actor=actor, stopped=actor is not None,
        status=JobStatus.CANCELLED, step=None, rendered=None, reason_code=None, reason_detail=None, completed_at=now,
        not_before=None, urgent=False,
    )  # fmt: skip


def cleared(job: Job, now: datetime) -> Job:
    """The order's day has come: inputs, previews and hosted files are gone. What lies in a shop's own storage stays."""
    if job.status is JobStatus.CLEARED:
        return job
    return change(
        job, now, "cleared", None,
        status=JobStatus.CLEARED, step=None, rendered=None, not_before=None, urgent=False,
        inputs=tuple(one.model_copy(update={"key": None, "source": None}) for one in job.inputs),
        artwork=tuple(
            one.model_copy(update={"files": tuple(file for file in one.files if file.delivered is not None)})
            for one in job.artwork
        ),
    )  # fmt: skip


def erased(order: Order, now: datetime) -> Order:
    """The order without anything that its customer gave: closed, with the status that it had."""
    return order.model_copy(
        update={
            "customer_name": None,
            # Of name and properties: whoever guessed them could recognise them by it.
            "content_hash": "",
            "purged_at": order.purged_at or now,
            "erased_at": now,
            "jobs": tuple(_erased(job, now) for job in order.jobs),
        }
    )


def _erased(job: Job, now: datetime) -> Job:
    return change(
        job, now, "erased", None,
        status=JobStatus.CLEARED, step=None, rendered=None, not_before=None, urgent=False,
        line=job.line.model_copy(update={"properties": ()}), design=None, design_url=None, texts=(), inputs=(),
        artwork=tuple(one.model_copy(update={"files": (), "preflight": ()}) for one in job.artwork),
        reason_detail=None,
    )  # fmt: skip


def retried(job: Job, actor: str, now: datetime) -> Job:
    """A person asks for a failed job once more: same template, same pinned inputs, except those that were at fault.

    Files that are made and could not be delivered are delivered, not made again.
    """
    if job.status is not JobStatus.FAILED:
        return job
    inputs = job.inputs
    reason = job.reason_code
    made = job.rendered is not None and reason != Reason.FILES_GONE
    if reason in REFETCHED_ON_RETRY:
        kind = _KIND_OF_REASON.get(Reason(reason), "upload")
        inputs = tuple(
            one.model_copy(update={"key": None, "sha256": None, "bytes": None, "reason_code": None})
            if one.kind == kind and one.source is not None and not one.replaced
            else one
            for one in job.inputs
        )
    return change(
        job, now, "retried", None, actor=actor,
        inputs=inputs, status=JobStatus.PENDING, step=Step.DELIVERING if made else Step.PINNING,
        rendered=job.rendered if made else None, urgent=True, tries=0, not_before=None,
        reason_code=None, reason_detail=None, queued_at=now, completed_at=None,
    )  # fmt: skip


def restarted(job: Job, event: str, now: datetime, *, actor: str | None = None, **changes: Any) -> Job:
    """A new artwork version begins (re-render, replaced input, edited line); the files so far become superseded."""
    artwork = tuple(_superseded(one) for one in job.artwork)
    begun = job.artwork_version + 1 if artwork or job.attempt else job.artwork_version
    update = {
        "artwork_version": begun, "artwork": artwork, "rendered": None,
        "status": JobStatus.PENDING, "step": Step.PINNING,
        "attempt": 0, "tries": 0, "not_before": None, "reason_code": None, "reason_detail": None,
        "queued_at": now, "completed_at": None, "urgent": actor is not None, "stopped": False,
    }  # fmt: skip
    return change(job, now, event, None, actor=actor, **(update | changes))


def with_status(order: Order) -> Order:
    """The order with the status that follows from its jobs. A purged order keeps the status it had."""
    if order.purged_at is not None:
        return order
    return order.model_copy(update={"artwork_status": artwork_status(order.jobs)})


def requeued(job: Job, why: str, now: datetime) -> Job:
    """The render did not end, or crashed in a way that may not happen again: it goes back to the queue."""
    return change(job, now, "requeued", why, step=Step.QUEUED, not_before=None)


def _superseded(artwork: ArtworkVersion) -> ArtworkVersion:
    return artwork.model_copy(update={"current": False})


def change(job: Job, now: datetime, event: str, detail: str | None, *, actor: str | None = None, **changes: Any) -> Job:
    """The job with its version counted up and the change written into its timeline."""
    version = changes.get("artwork_version", job.artwork_version)
    entry = TimelineEntry(at=now, event=event, detail=detail, artwork_version=version, actor=actor)
    return job.model_copy(update={**changes, "version": job.version + 1, "timeline": (*job.timeline, entry)})
