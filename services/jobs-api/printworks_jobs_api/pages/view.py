"""From rows to what the templates show. Pure: templates only place, escape and repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from printworks_common.events.artwork import PRODUCTION_ROLES, JobStatus
from printworks_common.failures import ReasonText, explain
from printworks_common.filelinks import LinkSigner

from printworks_jobs_api.api.schemas import admin_url
from printworks_jobs_api.keys import Principal, Scope
from printworks_jobs_api.reading import Job


@dataclass(frozen=True)
class View:
    """A saved view of the list: a name and the statuses it shows."""

    key: str
    title: str
    statuses: tuple[str, ...]
    empty: str


VIEWS = (
    View("attention", "Needs attention", ("failed",), "Nothing needs your attention. Failed print jobs show up here."),
    View("progress", "In progress", ("pending",), "No print job is being made at the moment."),
    View("ready", "Ready", ("ready",), "No print job is ready yet. Files show up here as soon as they are made."),
    View("all", "All", (), "No print jobs yet. Orders with customised line items show up here once they are paid."),
)
VIEW_BY_KEY = {view.key: view for view in VIEWS}

STATUS_WORDS = {
    "pending": "In progress",
    "ready": "Ready",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "cleared": "Cleared",
}
STATUS_ICONS = {"pending": "◔", "ready": "✓", "failed": "!", "cancelled": "–", "cleared": "○"}
STEP_WORDS = {"pinning": "fetching pictures", "queued": "waiting to render", "rendering": "rendering"}
ASKED_WORDS = {
    "retry": "Retry sent",
    "rerender": "Re-render sent",
    "cancel": "Cancel sent",
    "replace_input": "New picture sent",
}
EVENT_WORDS = {
    "paid": "Order paid",
    "inputs_pinned": "Pictures fetched and kept",
    "render_requested": "Rendering asked for",
    "requeued": "Queued again",
    "ready": "Files ready",
    "failed": "Failed",
    "retried": "Retried",
    "rerender_requested": "Re-render asked for",
    "input_replaced": "Picture replaced",
    "line_edited": "Line item edited",
    "line_restored": "Line item restored",
    "quantity_changed": "Quantity changed",
    "cancelled": "Cancelled",
    "cleared": "Files cleared",
}


@dataclass(frozen=True)
class FileLink:
    url: str
    name: str
    label: str
    role: str
    facts: str
    superseded: bool
    live: bool


@dataclass(frozen=True)
class Moment:
    """A moment for people: `text` in UTC, `machine` for the `datetime` attribute, `ago` in words."""

    text: str
    machine: str
    ago: str


@dataclass(frozen=True)
class JobView:
    """A row of the list and the head of a job on the order's page."""

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
    status_word: str
    icon: str
    step: str
    since: Moment
    reason: ReasonText | None
    reason_detail: str
    asked: str
    thumbnail: FileLink | None
    preview: FileLink | None
    files: Sequence[FileLink]
    retryable: bool
    replaceable: Sequence[str]
    test: bool


@dataclass(frozen=True)
class TimelineLine:
    word: str
    detail: str
    at: Moment
    took: str


@dataclass(frozen=True)
class JobDetail:
    job: JobView
    texts: Sequence[Mapping[str, Any]]
    spec_line: str
    warnings: Sequence[str]
    superseded: Sequence[FileLink]
    timeline: Sequence[TimelineLine]


class Viewer:
    """Makes views for one principal at one moment."""

    def __init__(self, principal: Principal, signer: LinkSigner, now: datetime) -> None:
        self._principal = principal
        self._signer = signer
        self._now = now

    def job(self, job: Job) -> JobView:
        row = job.row
        status: str = row["status"]
        files = [self._file(file) for file in job.files] if self._principal.may(Scope.FILES_READ) else []
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
            status_word=STATUS_WORDS.get(status, status),
            icon=STATUS_ICONS.get(status, "·"),
            step=STEP_WORDS.get(row["step"] or "", row["step"] or "") if status == JobStatus.PENDING else "",
            since=self.moment(row["since"]),
            reason=explain(row["reason_code"]) if row["reason_code"] else None,
            reason_detail=row["reason_detail"] or "",
            asked=ASKED_WORDS.get(job.asked["kind"], "Sent") if job.asked else "",
            thumbnail=_first(files, "thumbnail"),
            preview=_first(files, "preview"),
            files=[file for file in files if file.live and not file.superseded and file.role in PRODUCTION_ROLES],
            retryable=writes and status == JobStatus.FAILED and job.asked is None,
            replaceable=self._replaceable(row) if writes else (),
            test=row["test"],
        )

    def detail(self, job: Job) -> JobDetail:
        detail: Mapping[str, Any] = job.row["detail"]
        current = next((one for one in detail["artwork"] if one["current"]), None)
        files = [self._file(file) for file in job.files] if self._principal.may(Scope.FILES_READ) else []
        return JobDetail(
            job=self.job(job),
            texts=detail["texts"],
            spec_line=current["spec_line"] if current else "",
            warnings=[one["sentence"] for one in (current or {}).get("preflight", ()) if one["level"] == "warn"],
            superseded=[file for file in files if file.superseded and file.live and file.role in PRODUCTION_ROLES],
            timeline=self._timeline(detail["timeline"]),
        )

    def moment(self, at: datetime) -> Moment:
        return Moment(f"{at:%d %b %Y, %H:%M} UTC", at.isoformat(), f"{duration(self._now - at)} ago")

    def _timeline(self, entries: Sequence[Mapping[str, Any]]) -> list[TimelineLine]:
        lines: list[TimelineLine] = []
        before: datetime | None = None
        for entry in entries:
            at = datetime.fromisoformat(entry["at"])
            event: str = entry["event"]
            word = EVENT_WORDS.get(event, event.replace("_", " ").capitalize())
            detail: str = entry["detail"] or ""
            if event == "failed" and detail:
                detail = explain(detail).sentence
            took = f"+{duration(at - before)}" if before is not None else ""
            lines.append(TimelineLine(word, detail, self.moment(at), took))
            before = at
        return lines

    def _replaceable(self, row: Mapping[str, Any]) -> Sequence[str]:
        """Pictures that can be replaced; a list row does not carry its inputs, so it offers none."""
        if "detail" not in row.keys() or row["status"] in {JobStatus.CANCELLED, JobStatus.CLEARED}:  # noqa: SIM118 (a database row looks up values with `in`)
            return ()
        return [one["input_id"] for one in row["detail"]["inputs"] if one["kind"] == "upload"]

    def _file(self, file: Mapping[str, Any]) -> FileLink:
        # Without a host: the pages may be reached under another name than the links in metafields.
        token = self._signer.token(self._principal.shop, file["file_id"])
        return FileLink(
            url=f"/files/{token}/{quote(file['name'], safe='')}",
            name=file["name"],
            label=_label(file),
            role=file["role"],
            facts=_facts(file),
            superseded=not file["current"],
            live=file["state"] == "live",
        )


def duration(length: timedelta) -> str:
    """A length of time in one unit, as people say it: `34 s`, `12 min`, `3 h`, `5 days`."""
    seconds = max(0.0, length.total_seconds())
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    for limit, size, unit in ((90, 1, "s"), (90 * 60, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / 86400)} days"


def size(count: int) -> str:
    """A number of bytes as people say it."""
    if count < 1000:
        return f"{count} bytes"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000 or unit == "GB":
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    raise AssertionError("every number has a unit")


def _label(file: Mapping[str, Any]) -> str:
    kind = str(file["facts"].get("format") or file["media_type"].rpartition("/")[2]).upper()
    area = file["facts"].get("area")
    role = str(file["role"]).capitalize()
    return " ".join(part for part in (role, f"({area})" if area else "", kind) if part)


def _facts(file: Mapping[str, Any]) -> str:
    facts: Mapping[str, Any] = file["facts"]
    parts = [
        f"{facts['dpi']:g} DPI" if facts.get("dpi") else "",
        f"{facts['width_px']} × {facts['height_px']} px" if facts.get("width_px") else "",
        f"{facts['width_mm']:g} × {facts['height_mm']:g} mm" if facts.get("width_mm") else "",
        facts.get("colour_space") or "",
        f"{facts['bleed_mm']:g} mm bleed" if facts.get("bleed_mm") else "",
        size(file["bytes"]),
    ]
    return " · ".join(part for part in parts if part)


def _first(files: Sequence[FileLink], role: str) -> FileLink | None:
    return next((file for file in files if file.role == role and file.live and not file.superseded), None)
