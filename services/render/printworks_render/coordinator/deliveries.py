"""How a print job's files get to the shop's own storage. Pure functions, as those of `transitions.py`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from printworks_common.events.artwork import PRODUCTION_ROLES, JobStatus
from printworks_common.events.print_jobs import ArtworkVersion
from printworks_common.events.rendering import DeliveredFile, DeliveredTo, DeliveryRequested, StoredFile
from printworks_common.failures import Reason

from printworks_render.coordinator.model import Job, Order, Step
from printworks_render.coordinator.transitions import change, failed, ready

BACK_OFF = (5, 30, 120)
"""Seconds between the tries of a delivery that may succeed later; then the job fails with its reason."""

TRIED_AGAIN = frozenset({Reason.STORAGE_UNREACHABLE, Reason.STORAGE_DAMAGED, Reason.STORAGE_REMOVED})
"""Removed: the deliverer has read a newer setting than we have. With it, the files stay hosted."""


def printable(artwork: ArtworkVersion) -> tuple[StoredFile, ...]:
    """The files that are delivered; thumbnails and previews stay hosted."""
    return tuple(file for file in artwork.files if file.role in PRODUCTION_ROLES)


def rendered(job: Job, artwork: ArtworkVersion, now: datetime) -> Job:
    """The files are made: ready where they stay hosted, else on their way to the shop's own storage."""
    if not job.own_storage or not printable(artwork):
        return ready(job, artwork, now)
    return change(
        job, now, "rendered", artwork.spec_line or None,
        step=Step.DELIVERING, rendered=artwork, tries=0, not_before=None,
    )  # fmt: skip


def redelivered(job: Job, actor: str, now: datetime) -> Job:
    """A person wants the files of a ready job in the storage that is set now. The job stays ready meanwhile."""
    artwork = job.current_artwork
    if job.status is not JobStatus.READY or job.step == Step.DELIVERING or artwork is None or not printable(artwork):
        return job
    return change(
        job, now, "redelivery_requested", None, actor=actor,
        step=Step.DELIVERING, tries=0, not_before=None, urgent=True,
    )  # fmt: skip


def waiting_files(job: Job) -> ArtworkVersion | None:
    """What is to be delivered, as long as the job waits for it."""
    if job.step != Step.DELIVERING:
        return None
    return job.rendered if job.status is JobStatus.PENDING else job.current_artwork


def request(order: Order, job: Job, artwork: ArtworkVersion, storage_version: int) -> DeliveryRequested:
    return DeliveryRequested(
        shop=order.shop,
        order_id=order.order_id,
        job_id=job.job_id,
        artwork_version=artwork.artwork_version,
        attempt=job.deliveries + 1,
        order_name=order.name,
        line_item_id=job.line.line_item_id,
        sku=job.line.sku,
        order_date=order.order_date,
        product_title=job.line.title,
        variant_title=job.line.variant_title,
        template_id=job.template_id,
        quantity=job.quantity,
        storage_version=storage_version,
        files=printable(artwork),
    )


def delivered(job: Job, files: Sequence[DeliveredFile], now: datetime) -> tuple[Job, Sequence[str]]:
    """The files lie verified in the shop's own storage. Returns also the keys of the hosted copies that can go now.

    A result that does not name every file that waits changes nothing.
    """
    artwork = waiting_files(job)
    places = {file.file_id: _place(file) for file in files}
    if artwork is None or not {file.file_id for file in printable(artwork)} <= places.keys():
        return job, ()
    moved = artwork.model_copy(update={"files": tuple(_moved(file, places) for file in artwork.files)})
    copies = [file.key for file in printable(artwork) if file.delivered is None]
    if job.status is JobStatus.PENDING:
        return ready(job, moved, now), copies
    others = tuple(moved if one.artwork_version == moved.artwork_version else one for one in job.artwork)
    return change(
        job, now, "redelivered", None, artwork=others, step=None, tries=0, not_before=None, urgent=False
    ), copies  # fmt: skip


def stays_hosted(job: Job, now: datetime) -> Job:
    """The shop's files no longer go to a storage of its own: they stay where they are."""
    if job.status is JobStatus.PENDING and job.rendered is not None:
        return ready(job, job.rendered, now)
    return change(job, now, "redelivery_dropped", None, step=None, tries=0, not_before=None, urgent=False)


def not_delivered(job: Job, reason: str, detail: str, now: datetime) -> Job:
    """A delivery has failed. It is tried again in a while where that may help; else the job fails.

    A job that was ready stays so: its files are where they were.
    """
    counted = job.model_copy(update={"deliveries": job.deliveries + 1})
    if reason in TRIED_AGAIN and job.tries < len(BACK_OFF):
        later = now + timedelta(seconds=BACK_OFF[job.tries])
        return counted.model_copy(update={"tries": job.tries + 1, "not_before": later})
    if job.status is JobStatus.PENDING:
        return failed(counted, reason, detail, now)
    return change(counted, now, "redelivery_failed", reason, step=None, tries=0, not_before=None, urgent=False)


def _place(file: DeliveredFile) -> DeliveredTo:
    return DeliveredTo(endpoint=file.endpoint or "", bucket=file.bucket, key=file.key, public_url=file.public_url)


def _moved(file: StoredFile, places: Mapping[UUID, DeliveredTo]) -> StoredFile:
    place = places.get(file.file_id)
    return file if place is None else file.model_copy(update={"delivered": place})
