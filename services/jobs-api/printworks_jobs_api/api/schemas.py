"""Answers of the API. Ids are strings, moments RFC 3339 in UTC; unknown fields and values may be added later."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from printworks_common import ids
from printworks_common.events.control import ShopifyWriteOutcome
from printworks_common.failures import explain
from printworks_common.filelinks import LinkSigner
from printworks_common.shopify import refusals
from pydantic import BaseModel, Field

from printworks_jobs_api.keys import Principal, Scope
from printworks_jobs_api.print_links import links_of
from printworks_jobs_api.reading import Job


class FileOut(BaseModel):
    file_id: UUID
    role: str = Field(description="print, preview, thumbnail, pattern, legend, chart, reference or data")
    name: str
    media_type: str
    bytes: int
    sha256: str
    artwork_version: int
    superseded: bool = Field(description="A newer artwork version has replaced this file.")
    state: str = Field(description="live, or cleared: then its link answers 410")
    facts: dict[str, Any] = Field(description="format, width_px, height_px, width_mm, height_mm, dpi, colour_space, …")
    url: str | None = Field(description="Stable link. Missing when the key has not the scope files:read.")


class CommandOut(BaseModel):
    command_id: UUID | None = Field(description="Id of the command; null when there was nothing to do.")
    job_id: UUID
    kind: str
    outcome: str = Field(description="accepted, already_asked, already_running or already_cancelled")


class AskedOut(BaseModel):
    command_id: UUID
    kind: str
    issued_at: datetime


class JobOut(BaseModel):
    job_id: UUID
    order_id: str
    order_gid: str
    order_name: str
    admin_url: str = Field(description="The order in the Shopify admin.")
    line_item_id: str
    line_item_gid: str
    customer_name: str | None
    order_created_at: datetime
    order_date: date
    paid_at: datetime | None
    test: bool
    product_title: str
    variant_title: str | None
    product_id: str | None
    variant_id: str | None
    sku: str | None
    quantity: int
    status: str = Field(description="pending, ready, failed, cancelled or cleared")
    step: str | None = Field(
        description="What a pending job waits for: pinning, queued, rendering or delivering. A ready one has "
        "delivering while its files are delivered once more."
    )
    status_since: datetime
    version: int
    artwork_version: int
    template_id: str | None
    template_version: int | None
    recipe: str | None
    reason_code: str | None
    reason: str | None
    advice: str | None
    reason_detail: str | None
    queued_at: datetime
    completed_at: datetime | None
    asked: AskedOut | None = Field(description="A command that is under way.")
    files: list[FileOut]


class JobDetailOut(JobOut):
    texts: list[dict[str, Any]]
    inputs: list[dict[str, Any]]
    artwork: list[dict[str, Any]] = Field(description="Artwork versions with spec line and print checks, oldest first.")
    timeline: list[dict[str, Any]]


class JobPageOut(BaseModel):
    items: list[JobOut]
    next_cursor: str | None
    time_zone: str = Field(description="The shop's time zone, in which date_from and date_to are days.")
    counts: dict[str, int] | None = Field(default=None, description="Jobs per status under the filter, if asked for.")


class _OrderFields(BaseModel):
    order_id: str
    order_gid: str
    order_name: str
    admin_url: str
    customer_name: str | None
    created_at: datetime
    order_date: date
    paid_at: datetime | None
    retention_date: date | None
    cancelled_at: datetime | None
    test: bool
    version: int
    artwork_status: str | None = Field(description="pending, ready, failed; null when nothing is left to print")
    artwork_files: list[str] = Field(description="Links of the current print-ready files, with ready.")


class OrderOut(_OrderFields):
    jobs: list[JobOut]


class ShopifyWriteOut(BaseModel):
    waiting: bool = Field(description="Tag and metafields on Shopify are not as the order is here.")
    waiting_since: datetime | None
    written_status: str | None = Field(description="The artwork status that was written last; null: none, or ours off.")
    written_at: datetime | None = Field(description="When it was. null: not told yet.")
    reason_code: str | None = Field(description="What keeps it from being written; it is tried again by itself.")
    reason: str | None


class OrderDetailOut(_OrderFields):
    jobs: list[JobDetailOut]
    shopify: ShopifyWriteOut | None = Field(description="How far the order on Shopify is; null while not known.")


class OrderPageOut(BaseModel):
    items: list[OrderOut]
    next_cursor: str | None
    time_zone: str = Field(description="The shop's time zone, in which date_from and date_to are days.")


class ChangeOut(BaseModel):
    seq: str = Field(description="Number of the change in the shop's sequence.")
    job_id: UUID
    order_id: str
    version: int
    status: str
    step: str | None
    reason_code: str | None
    artwork_version: int
    occurred_at: datetime


class ChangesOut(BaseModel):
    items: list[ChangeOut]
    next_after: str = Field(description="Give this as `after` to go on.")
    more: bool = Field(description="There are more changes already.")


class WaitingOut(BaseModel):
    job_id: UUID
    queued_at: datetime


class SummaryOut(BaseModel):
    time_zone: str = Field(description="The shop's time zone, in which its days begin: IANA name, UTC while unknown.")
    failed: int = Field(description="Failed print jobs that nobody has answered yet.")
    pending: int
    oldest_waiting: WaitingOut | None = Field(description="The pending print job that waits longest.")
    ready_today: int = Field(description="Print jobs that became ready since the shop's midnight.")
    paid_to_ready_p50_seconds: float | None = Field(
        description="Half of today's first artwork versions took no longer from payment to ready."
    )
    paid_to_ready_p95_seconds: float | None
    last_webhook_at: datetime | None = Field(description="When the last order of this shop came by webhook.")
    shopify_writes_waiting: int = Field(description="Orders whose tag and metafields on Shopify are not as here yet.")
    shopify_writes_oldest: datetime | None = Field(description="Since when the longest of them waits.")
    shopify_writes_reason: str | None = Field(description="What keeps one of them from being written, the newest code.")


class EntryOut(BaseModel):
    id: str
    version: int
    changed_at: datetime
    body: dict[str, Any]


class SchemaNamesOut(BaseModel):
    items: list[str]


class EntryPageOut(BaseModel):
    items: list[EntryOut]
    next_after: str | None


class DifferenceOut(BaseModel):
    order_id: str
    kind: str = Field(description="missing here, different in payment or cancellation, or gone from Shopify")


class ReconciliationOut(BaseModel):
    window_from: datetime = Field(description="Orders created from here …")
    window_to: datetime = Field(description="… to here were counted.")
    shopify_has: int
    we_hold: int
    customised: int = Field(description="Of the orders that we hold, those with a print job.")
    missing: int = Field(description="Found to be missing, and read again since.")
    different: int = Field(description="Found with another payment or cancellation, and read again since.")
    gone: int = Field(description="Held here, no longer listed by Shopify.")
    differences: list[DifferenceOut] = Field(description="At most 1,000 of each kind.")
    compared_at: datetime


def admin_url(shop: str, order_id: int) -> str:
    """The order in the Shopify admin."""
    return f"https://admin.shopify.com/store/{shop.removesuffix('.myshopify.com')}/orders/{order_id}"


class Presenter:
    """Turns rows into answers for one principal."""

    def __init__(self, principal: Principal, signer: LinkSigner, public_url: str) -> None:
        self._shop = principal.shop
        self._links = principal.may(Scope.FILES_READ)
        self._signer = signer
        self._public_url = public_url

    def job(self, job: Job) -> JobOut:
        return JobOut(**self._job_fields(job))

    def job_detail(self, job: Job) -> JobDetailOut:
        detail: Mapping[str, Any] = job.row["detail"]
        return JobDetailOut(
            **self._job_fields(job),
            texts=detail["texts"],
            inputs=detail["inputs"],
            artwork=detail["artwork"],
            timeline=detail["timeline"],
        )

    def order(self, row: Mapping[str, Any], jobs: list[Job]) -> OrderOut:
        return OrderOut(**self._order_fields(row, jobs), jobs=[self.job(job) for job in jobs])

    def order_detail(self, row: Mapping[str, Any], jobs: list[Job], write: Mapping[str, Any] | None) -> OrderDetailOut:
        return OrderDetailOut(
            **self._order_fields(row, jobs),
            jobs=[self.job_detail(job) for job in jobs],
            shopify=None if write is None else _shopify_write(write),
        )

    def file(self, file: Mapping[str, Any]) -> FileOut:
        url = None
        if self._links:
            url = self._signer.url(self._public_url, self._shop, file["file_id"], file["name"])
        return FileOut(
            file_id=file["file_id"],
            role=file["role"],
            name=file["name"],
            media_type=file["media_type"],
            bytes=file["bytes"],
            sha256=file["sha256"],
            artwork_version=file["artwork_version"],
            superseded=not file["current"],
            state=file["state"],
            facts=file["facts"],
            url=url,
        )

    def _job_fields(self, job: Job) -> dict[str, Any]:
        row = job.row
        text = explain(row["reason_code"]) if row["reason_code"] else None
        return {
            **{name: row[name] for name in _SAME_NAME},
            "order_id": str(row["order_id"]),
            "order_gid": ids.gid("Order", str(row["order_id"])),
            "admin_url": admin_url(self._shop, row["order_id"]),
            "line_item_id": str(row["line_item_id"]),
            "line_item_gid": ids.gid("LineItem", str(row["line_item_id"])),
            "order_created_at": row["created_at"],
            "paid_at": row["first_paid_at"],
            "product_id": _text(row["product_id"]),
            "variant_id": _text(row["variant_id"]),
            "status_since": row["since"],
            "reason": text.sentence if text else None,
            "advice": text.advice if text else None,
            "asked": None if job.asked is None else AskedOut.model_validate(dict(job.asked)),
            "files": [self.file(file) for file in job.files],
        }

    def _order_fields(self, row: Mapping[str, Any], jobs: list[Job]) -> dict[str, Any]:
        ready = row["artwork_status"] == "ready"
        links = links_of(jobs, self._signer, self._public_url, self._shop) if ready and self._links else ()
        return {
            **{name: row[name] for name in _SAME_IN_ORDER},
            "order_id": str(row["order_id"]),
            "admin_url": admin_url(self._shop, row["order_id"]),
            "paid_at": row["first_paid_at"],
            "artwork_files": list(links),
        }


def _shopify_write(row: Mapping[str, Any]) -> ShopifyWriteOut:
    written = row["outcome"] == ShopifyWriteOutcome.WRITTEN
    code: str | None = row["reason"]
    return ShopifyWriteOut(
        waiting=row["waiting"],
        waiting_since=row["wanted_since"] if row["waiting"] else None,
        written_status=row["artwork_status"] if written else None,
        written_at=row["reported_at"] if written else None,
        reason_code=code,
        reason=refusals.explain(code) if code else None,
    )


_SAME_NAME = (
    "job_id", "order_name", "customer_name", "order_date", "test", "product_title", "variant_title", "sku", "quantity",
    "status", "step", "version", "artwork_version", "template_id", "template_version", "recipe", "reason_code",
    "reason_detail", "queued_at", "completed_at",
)  # fmt: skip
_SAME_IN_ORDER = (
    "order_gid", "order_name", "customer_name", "created_at", "order_date", "retention_date", "cancelled_at", "test",
    "version", "artwork_status",
)  # fmt: skip


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
