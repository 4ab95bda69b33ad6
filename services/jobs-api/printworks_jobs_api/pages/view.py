"""From rows to what the templates show. Pure: templates only place, escape and repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import quote

from printworks_common.events.artwork import PRODUCTION_ROLES, JobStatus
from printworks_common.events.control import ShopifyWriteOutcome
from printworks_common.failures import ReasonText, explain
from printworks_common.filelinks import LinkSigner
from printworks_common.shopify import refusals

from printworks_jobs_api.api.schemas import admin_url
from printworks_jobs_api.keys import Principal, Scope
from printworks_jobs_api.pages import words
from printworks_jobs_api.pages.words import Moment, StatusWord
from printworks_jobs_api.reading import Job


@dataclass(frozen=True)
class FileLink:
    url: str
    name: str
    label: str
    role: str
    spec: str
    size: str
    superseded: bool
    live: bool
    artwork_version: int


_STEPPING = {JobStatus.PENDING, JobStatus.READY}
"""A ready job has a step while its files are delivered once more."""


@dataclass(frozen=True)
class JobView:
    """A row of the list and the head of a print job on the order's page."""

    job_id: str
    order_id: str
    order_name: str
    admin_url: str
    customer: str
    ordered: Moment
    product: str
    variant: str
    sku: str
    quantity: int
    status: str
    status_word: StatusWord
    step: str
    since: Moment
    reason: ReasonText | None
    reason_code: str
    reason_detail: str
    asked: str
    thumbnail: FileLink | None
    preview: FileLink | None
    files: Sequence[FileLink]
    retryable: bool
    replaceable: Sequence[str]
    test: bool

    @property
    def moving(self) -> bool:
        """Whether it will change by itself: it is being made, or was asked to."""
        return bool(self.asked or self.step) or self.status == JobStatus.PENDING


@dataclass(frozen=True)
class TimelineLine:
    word: str
    detail: str
    event: str
    at: Moment
    took: str


@dataclass(frozen=True)
class JobDetail:
    """A print job on its order's page."""

    job: JobView
    texts: Sequence[Mapping[str, Any]]
    spec_line: str
    warnings: Sequence[str]
    superseded: Sequence[FileLink]
    timeline: Sequence[TimelineLine]
    whole_time: str
    """From paid to ready, once it is."""


@dataclass(frozen=True)
class OnShopify:
    """How far the order on Shopify is. `since`: written, or waiting, since then."""

    waiting: bool
    gone: bool
    since: Moment
    reason: str


@dataclass(frozen=True)
class OrderView:
    """A row of the list of orders and the head of an order's page."""

    order_id: str
    name: str
    admin_url: str
    customer: str
    ordered: Moment
    paid: Moment | None
    status: str | None
    status_word: StatusWord
    kept_until: str
    test: bool
    jobs: Sequence[JobView]

    @property
    def ready(self) -> int:
        return sum(job.status == JobStatus.READY for job in self.jobs)

    @property
    def counted(self) -> int:
        """Print jobs that count for the order's status: all but cancelled ones."""
        return sum(job.status != JobStatus.CANCELLED for job in self.jobs)

    @property
    def retryable(self) -> bool:
        return any(job.retryable for job in self.jobs)

    @property
    def moving(self) -> bool:
        return any(job.moving for job in self.jobs)


class Viewer:
    """Makes views for one principal at one moment, in the shop's time zone."""

    def __init__(self, principal: Principal, signer: LinkSigner, now: datetime, zone: tzinfo = UTC) -> None:
        self._principal = principal
        self._signer = signer
        self._now = now
        self.zone = zone

    def job(self, job: Job) -> JobView:
        row = job.row
        status: str = row["status"]
        files = self._files(job)
        writes = self._principal.may(Scope.JOBS_WRITE)
        return JobView(
            job_id=str(row["job_id"]),
            order_id=str(row["order_id"]),
            order_name=row["order_name"],
            admin_url=admin_url(self._principal.shop, row["order_id"]),
            customer=row["customer_name"] or "No name",
            ordered=self.moment(row["created_at"]),
            product=row["product_title"],
            variant=row["variant_title"] or "",
            sku=row["sku"] or "",
            quantity=row["quantity"],
            status=status,
            status_word=words.status_word(status),
            step=words.STEPS.get(row["step"] or "", row["step"] or "") if status in _STEPPING else "",
            since=self.moment(row["since"]),
            reason=explain(row["reason_code"]) if row["reason_code"] else None,
            reason_code=row["reason_code"] or "",
            reason_detail=row["reason_detail"] or "",
            asked=words.ASKED.get(job.asked["kind"], "Sent") if job.asked else "",
            thumbnail=_first(files, "thumbnail"),
            preview=_first(files, "preview"),
            files=[file for file in files if file.live and not file.superseded and file.role in PRODUCTION_ROLES],
            retryable=writes and status == JobStatus.FAILED and job.asked is None,
            replaceable=self._replaceable(row) if writes else (),
            test=row["test"],
        )

    def detail(self, job: Job, write: Mapping[str, Any] | None) -> JobDetail:
        """`write`: how far the order on Shopify is, None while not known."""
        detail: Mapping[str, Any] = job.row["detail"]
        current = next((one for one in detail["artwork"] if one["current"]), None)
        return JobDetail(
            job=self.job(job),
            texts=detail["texts"],
            spec_line=current["spec_line"] if current else "",
            warnings=[one["sentence"] for one in (current or {}).get("preflight", ()) if one["level"] == "warn"],
            superseded=[
                file for file in self._files(job) if file.superseded and file.live and file.role in PRODUCTION_ROLES
            ],
            timeline=self._timeline([*detail["timeline"], *_written(write)]),
            whole_time=_whole_time(job.row),
        )

    def order(self, row: Mapping[str, Any], jobs: Sequence[Job]) -> OrderView:
        kept_until = row["retention_date"]
        return OrderView(
            order_id=str(row["order_id"]),
            name=row["order_name"],
            admin_url=admin_url(self._principal.shop, row["order_id"]),
            customer=row["customer_name"] or "No name",
            ordered=self.moment(row["created_at"]),
            paid=self.moment(row["first_paid_at"]) if row["first_paid_at"] else None,
            status=row["artwork_status"],
            status_word=words.status_word(row["artwork_status"]),
            kept_until=words.day(kept_until) if kept_until else "",
            test=row["test"],
            jobs=[self.job(job) for job in jobs],
        )

    def on_shopify(self, write: Mapping[str, Any] | None) -> OnShopify | None:
        """None while nothing is known, or nothing was ever to be written."""
        if write is None or not (write["waiting"] or write["reported_at"]):
            return None
        return OnShopify(
            waiting=write["waiting"],
            gone=write["outcome"] == ShopifyWriteOutcome.ORDER_GONE,
            since=self.moment(write["wanted_since"] if write["waiting"] else write["reported_at"]),
            reason=refusals.explain(write["reason"]) if write["reason"] else "",
        )

    def moment(self, at: datetime) -> Moment:
        return words.moment(at, self._now, self.zone)

    def _timeline(self, entries: Sequence[Mapping[str, Any]]) -> list[TimelineLine]:
        lines: list[TimelineLine] = []
        before: datetime | None = None
        for entry in entries:
            at = datetime.fromisoformat(entry["at"])
            event: str = entry["event"]
            word = words.EVENTS.get(event, event.replace("_", " ").capitalize())
            detail: str = entry["detail"] or ""
            if event in {"failed", "redelivery_failed"} and detail:
                detail = explain(detail).sentence
            took = f"+{words.duration(at - before)}" if before is not None else ""
            lines.append(TimelineLine(word, detail, event, self.moment(at), took))
            before = at
        return lines

    def _replaceable(self, row: Mapping[str, Any]) -> Sequence[str]:
        """Pictures that can be replaced; a list row does not carry its inputs, so it offers none."""
        if "detail" not in row.keys() or row["status"] in {JobStatus.CANCELLED, JobStatus.CLEARED}:  # noqa: SIM118 (a database row looks up values with `in`)
            return ()
        return [one["input_id"] for one in row["detail"]["inputs"] if one["kind"] == "upload"]

    def _files(self, job: Job) -> list[FileLink]:
        return [self._file(file) for file in job.files] if self._principal.may(Scope.FILES_READ) else []

    def _file(self, file: Mapping[str, Any]) -> FileLink:
        # Without a host: the pages may be reached under another name than the links in metafields.
        token = self._signer.token(self._principal.shop, file["file_id"])
        return FileLink(
            url=f"/files/{token}/{quote(file['name'], safe='')}",
            name=file["name"],
            label=words.file_label(file),
            role=file["role"],
            spec=words.file_spec(file),
            size=words.size(file["bytes"]),
            superseded=not file["current"],
            live=file["state"] == "live",
            artwork_version=file["artwork_version"],
        )


def _written(write: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """The end of a timeline, once the order on Shopify says the same."""
    if write is None or write["waiting"] or write["outcome"] != ShopifyWriteOutcome.WRITTEN or not write["reported_at"]:
        return ()
    return [{"at": write["reported_at"].isoformat(), "event": "written", "detail": None}]


def _first(files: Sequence[FileLink], role: str) -> FileLink | None:
    return next((file for file in files if file.role == role and file.live and not file.superseded), None)


def _whole_time(row: Mapping[str, Any]) -> str:
    if row["status"] != JobStatus.READY or row["first_paid_at"] is None or row["completed_at"] is None:
        return ""
    return words.duration(row["completed_at"] - row["first_paid_at"])
