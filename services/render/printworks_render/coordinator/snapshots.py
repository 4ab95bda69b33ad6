"""What the outside is told about an order: internal snapshots and public events, from the state before and after."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from printworks_common import ids
from printworks_common.events.artwork import (
    PRODUCTION_ROLES,
    ArtworkStatus,
    JobStatus,
    OrderArtworkChanged,
    PrintJobChanged,
    PublicFile,
)
from printworks_common.events.base import Event
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.print_jobs import InputState, JobSnapshot, OrderSnapshot
from printworks_common.events.rendering import StoredFile
from printworks_common.failures import explain
from printworks_common.filelinks import LinkSigner, Page

from printworks_render.coordinator.model import Job, Order

SOURCE = "printworks/render/coordinator"


class Links:
    """Makes the stable links of files. Where a shop's own storage has a public address, that is the link."""

    def __init__(self, signer: LinkSigner, public_url: str) -> None:
        self._signer = signer
        self._public_url = public_url

    def of(self, shop: str, file: StoredFile) -> str:
        if file.delivered is not None and file.delivered.public_url is not None:
            return file.delivered.public_url
        return self._signer.url(self._public_url, shop, file.file_id, file.name)

    def line(self, shop: str, job_id: UUID) -> str:
        """The page of a line item."""
        return self._signer.page_url(self._public_url, Page.LINE, shop, job_id)

    def list_of_files(self, shop: str, order_id: str) -> str:
        """The list of an order's current print-ready files."""
        return self._signer.page_url(self._public_url, Page.FILES, shop, UUID(int=int(order_id)))


def records(
    before: Order | None, after: Order, links: Links, now: datetime, traceparent: str | None
) -> list[OutgoingRecord]:
    """Everything to publish for a change of an order, in the order in which it is to be read."""
    if after.version == 0:
        return []
    return [
        _record(event, after.version, suffix, now, traceparent) for event, suffix in _events(before, after, links, now)
    ]


def snapshot_record(order: Order, links: Links, now: datetime) -> OutgoingRecord:
    """The order's snapshot once more: the same event id and version, so that whoever has it takes it for a repeat."""
    return _record(order_snapshot(order, links, now), order.version, (), now, order.traceparent)


def _record(
    event: Event, version: int, suffix: tuple[UUID, ...], now: datetime, traceparent: str | None
) -> OutgoingRecord:
    return encode(
        event,
        event_id=ids.event_id(event.type_name, event.key(), version, *suffix),
        source=SOURCE,
        time=now,
        traceparent=traceparent,
    )


def _events(
    before: Order | None, after: Order, links: Links, now: datetime
) -> Iterator[tuple[Event, tuple[UUID, ...]]]:
    yield order_snapshot(after, links, now), ()
    earlier = {job.job_id: job for job in before.jobs} if before else {}
    for job in after.jobs:
        if _visibly_changed(earlier.get(job.job_id), job):
            yield print_job_changed(after, job, links, now), (job.job_id,)
    news = _news(after, links)
    if before is None or before.version == 0 or _news(before, links) != news:
        yield _artwork_changed(after, news, now), ()


def _visibly_changed(before: Job | None, after: Job) -> bool:
    return before is None or before.version != after.version


def order_snapshot(order: Order, links: Links, now: datetime) -> OrderSnapshot:
    return OrderSnapshot(
        shop=order.shop,
        order_id=order.order_id,
        order_gid=ids.gid("Order", order.order_id),
        order_name=order.name,
        version=order.version,
        created_at=order.created_at,
        order_date=order.order_date,
        first_paid_at=order.first_paid_at,
        retention_date=order.retention_date,
        customer_name=order.customer_name,
        financial_status=order.financial_status,
        test=order.test,
        cancelled_at=order.cancelled_at,
        artwork_status=order.artwork_status,
        artwork_files=_listed_files(order, links),
        files_url=links.list_of_files(order.shop, order.order_id),
        jobs=tuple(_job_snapshot(order.shop, job, links) for job in order.jobs),
        erased_at=order.erased_at,
        occurred_at=now,
    )


def _job_snapshot(shop: str, job: Job, links: Links) -> JobSnapshot:
    return JobSnapshot(
        job_id=job.job_id,
        line_item_id=job.line.line_item_id,
        version=job.version,
        status=job.status,
        step=job.step,
        product_title=job.line.title,
        variant_title=job.line.variant_title,
        product_id=job.line.product_id,
        variant_id=job.line.variant_id,
        sku=job.line.sku,
        quantity=job.quantity,
        template_id=job.template_id,
        template_version=job.template_version,
        recipe=job.recipe,
        artwork_version=job.artwork_version,
        reason_code=job.reason_code,
        reason_detail=job.reason_detail,
        texts=job.texts,
        inputs=tuple(
            InputState(
                input_id=one.input_id,
                kind=one.kind,
                pinned=one.pinned,
                bytes=one.bytes,
                reason_code=one.reason_code,
                replaced=one.replaced,
            )
            for one in job.inputs
        ),
        artwork=job.artwork,
        timeline=job.timeline,
        queued_at=job.queued_at,
        completed_at=job.completed_at,
        page_url=links.line(shop, job.job_id),
    )


def print_job_changed(order: Order, job: Job, links: Links, now: datetime) -> PrintJobChanged:
    text = explain(job.reason_code) if job.reason_code else None
    artwork = job.current_artwork if job.status is JobStatus.READY else None
    return PrintJobChanged(
        shop=order.shop,
        order_id=order.order_id,
        order_gid=ids.gid("Order", order.order_id),
        order_name=order.name,
        job_id=job.job_id,
        line_item_id=job.line.line_item_id,
        line_item_gid=ids.gid("LineItem", job.line.line_item_id),
        version=job.version,
        status=job.status,
        step=job.step,
        artwork_version=job.artwork_version,
        product_id=job.line.product_id,
        variant_id=job.line.variant_id,
        sku=job.line.sku,
        quantity=job.quantity,
        template_id=job.template_id,
        template_version=job.template_version,
        renderer_version=artwork.renderer_version if artwork else None,
        reason_code=job.reason_code,
        reason=text.sentence if text else None,
        files=tuple(_public_file(order.shop, file, links) for file in artwork.files) if artwork else (),
        occurred_at=now,
        retention_date=order.retention_date,
    )


def _public_file(shop: str, file: StoredFile, links: Links) -> PublicFile:
    return PublicFile(**file.model_dump(exclude={"key", "delivered"}), url=links.of(shop, file))


def order_artwork_changed(order: Order, links: Links, now: datetime) -> OrderArtworkChanged:
    """The order's artwork."""
    return _artwork_changed(order, _news(order, links), now)


def _artwork_changed(order: Order, news: Mapping[str, Any], now: datetime) -> OrderArtworkChanged:
    return OrderArtworkChanged(**news, version=order.version, occurred_at=now)


def _news(order: Order, links: Links) -> dict[str, Any]:
    """All that is told of an order's artwork, and that somebody could act on: a new version number alone is no news."""
    return {
        "shop": order.shop,
        "order_id": order.order_id,
        "order_gid": ids.gid("Order", order.order_id),
        "order_name": order.name,
        "artwork_status": order.artwork_status.value if order.artwork_status else None,
        "artwork_files": _listed_files(order, links),
        "jobs": tuple(
            {
                "job_id": job.job_id,
                "line_item_id": job.line.line_item_id,
                "status": job.status,
                "artwork_version": job.artwork_version,
            }
            for job in order.jobs
        ),
        "retention_date": order.retention_date,
    }


def _listed_files(order: Order, links: Links) -> tuple[str, ...]:
    """Links are listed with ready alone; once the hosted files are cleared, those into the shop's own storage."""
    if order.artwork_status is not ArtworkStatus.READY:
        return ()
    return tuple(links.of(order.shop, file) for file in production_files(order))


def production_files(order: Order) -> Iterator[StoredFile]:
    """The current files that the printer needs, in the order of line items and outputs."""
    for job in order.jobs:
        artwork = job.current_artwork
        if job.status in {JobStatus.READY, JobStatus.CLEARED} and artwork is not None:
            yield from (file for file in artwork.files if file.role in PRODUCTION_ROLES)
