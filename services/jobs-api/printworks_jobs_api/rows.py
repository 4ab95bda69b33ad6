"""From a snapshot to the rows of the read model. Pure: the same snapshot always gives the same rows."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from printworks_common.events.artwork import JobStatus
from printworks_common.events.print_jobs import ArtworkVersion, JobSnapshot, OrderSnapshot

from printworks_jobs_api.search import search_key


class JobRow(NamedTuple):
    """Columns of `jobs` in the order of the query `save_job`, without the number of the change."""

    shop: str
    job_id: UUID
    order_id: int
    line_item_id: int
    version: int
    status: str
    step: str | None
    order_name: str
    customer_name: str | None
    created_at: datetime
    order_date: Any
    first_paid_at: datetime | None
    test: bool
    product_title: str
    variant_title: str | None
    product_id: int | None
    variant_id: int | None
    sku: str | None
    quantity: int
    template_id: str | None
    template_version: int | None
    recipe: str | None
    artwork_version: int
    reason_code: str | None
    reason_detail: str | None
    queued_at: datetime
    completed_at: datetime | None
    since: datetime
    search_key: str
    detail: dict[str, Any]


class FileRow(NamedTuple):
    """Columns of `files` in the order of the query `save_file`."""

    shop: str
    file_id: UUID
    order_id: int
    job_id: UUID
    artwork_version: int
    current: bool
    position: int
    role: str
    name: str
    media_type: str
    bytes: int
    sha256: str
    facts: dict[str, Any]
    object_key: str


_STORED_IN_COLUMNS = {"file_id", "role", "name", "media_type", "bytes", "sha256", "key"}


def order_row(snapshot: OrderSnapshot) -> tuple[Any, ...]:
    """Columns of `orders` in the order of the query `save_order`."""
    return (
        snapshot.shop,
        int(snapshot.order_id),
        snapshot.order_gid,
        storable(snapshot.order_name),
        snapshot.version,
        snapshot.created_at,
        snapshot.order_date,
        snapshot.first_paid_at,
        snapshot.retention_date,
        _optional(snapshot.customer_name),
        snapshot.financial_status,
        snapshot.test,
        snapshot.cancelled_at,
        snapshot.artwork_status,
        search_key(snapshot.order_name, snapshot.customer_name),
        snapshot.occurred_at,
    )


def job_row(snapshot: OrderSnapshot, job: JobSnapshot) -> JobRow:
    detail = job.model_dump(mode="json", include={"texts", "inputs", "timeline"})
    detail["artwork"] = [one.model_dump(mode="json", exclude={"files"}) for one in job.artwork]
    return JobRow(
        shop=snapshot.shop,
        job_id=job.job_id,
        order_id=int(snapshot.order_id),
        line_item_id=int(job.line_item_id),
        version=job.version,
        status=job.status,
        step=job.step,
        order_name=storable(snapshot.order_name),
        customer_name=_optional(snapshot.customer_name),
        created_at=snapshot.created_at,
        order_date=snapshot.order_date,
        first_paid_at=snapshot.first_paid_at,
        test=snapshot.test,
        product_title=storable(job.product_title),
        variant_title=_optional(job.variant_title),
        product_id=_number(job.product_id),
        variant_id=_number(job.variant_id),
        sku=_optional(job.sku),
        quantity=job.quantity,
        template_id=job.template_id,
        template_version=job.template_version,
        recipe=job.recipe,
        artwork_version=job.artwork_version,
        reason_code=job.reason_code,
        reason_detail=_optional(job.reason_detail),
        queued_at=job.queued_at,
        completed_at=job.completed_at,
        since=since(job),
        search_key=search_key(snapshot.order_name, snapshot.customer_name),
        detail=storable(detail),
    )


def file_rows(snapshot: OrderSnapshot) -> Iterator[FileRow]:
    """Every file that the snapshot lists: those of the current artwork versions and of superseded ones."""
    for job in snapshot.jobs:
        for artwork in job.artwork:
            yield from _files_of(snapshot, job, artwork)


def since(job: JobSnapshot) -> datetime:
    """Since when the job has its status: a pending one since it was queued, a finished one since it finished."""
    if job.status == JobStatus.PENDING:
        return job.queued_at
    if job.status == JobStatus.CLEARED and job.timeline:
        return job.timeline[-1].at
    return job.completed_at or job.queued_at


def storable(value: Any) -> Any:
    """Text as Postgres can hold it: without NUL, and without lone surrogates."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: storable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [storable(one) for one in value]
    return value


def _files_of(snapshot: OrderSnapshot, job: JobSnapshot, artwork: ArtworkVersion) -> Iterator[FileRow]:
    for position, file in enumerate(artwork.files):
        yield FileRow(
            shop=snapshot.shop,
            file_id=file.file_id,
            order_id=int(snapshot.order_id),
            job_id=job.job_id,
            artwork_version=artwork.artwork_version,
            current=artwork.current,
            position=position,
            role=file.role,
            name=storable(file.name),
            media_type=file.media_type,
            bytes=file.bytes,
            sha256=file.sha256,
            facts=file.model_dump(mode="json", exclude=_STORED_IN_COLUMNS, exclude_none=True),
            object_key=file.key,
        )


def _number(shopify_id: str | None) -> int | None:
    return None if shopify_id is None else int(shopify_id)


def _optional(text: str | None) -> str | None:
    return None if text is None else storable(text)
