"""`/lines/<token>`: the page of one line item, for whoever has the link from the order's attributes on Shopify.

It shows thumbnail, link to the full-resolution preview, texts and status of that line, and nothing of the customer or
of other lines. There is no sign-in: the token is the right to look, and what it shows is looked up on every request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from printworks_common.events.artwork import JobStatus
from printworks_common.failures import explain
from printworks_common.filelinks import LinkSigner, Page

from printworks_jobs_api.api.context import ServicesDep
from printworks_jobs_api.metrics import PAGE_LINKS
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.reading import Job
from printworks_jobs_api.tenancy import act_for

router = APIRouter(include_in_schema=False)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    # The address is a secret: it must not travel on to where a link leads.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}

_WORDS: Mapping[str, tuple[str, str]] = {
    JobStatus.PENDING: ("In progress", "The files are being made. Reload this page in a moment."),
    JobStatus.READY: ("Ready", ""),
    JobStatus.FAILED: ("Failed", ""),
    JobStatus.CANCELLED: ("Cancelled", "Nothing is printed for this line item."),
    JobStatus.CLEARED: ("Cleared", "The pictures were cleared at the end of their retention period."),
}

_templates = Environment(
    loader=PackageLoader("printworks_jobs_api.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Line:
    """What the page shows of a line item. Links are paths of this host; empty: there is no such file now."""

    order_name: str
    product: str
    variant: str
    quantity: int
    status: str
    word: str
    sentence: str
    reason: str
    advice: str
    thumbnail: str
    preview: str
    preview_size: str
    texts: Sequence[Mapping[str, Any]]
    test: bool


@router.get("/lines/{token}")
async def line_page(token: str, request: Request, services: ServicesDep) -> Response:
    """The page of a line item, by the link in the order's attributes."""
    ref = services.signer.read_page(Page.LINE, token)
    if ref is None:
        return _missing("unknown")
    act_for(ref.shop)
    try:
        job = await services.reader.job(ref.shop, ref.page_id)
    except ProblemError:
        return _missing("not_there")
    PAGE_LINKS.labels(Page.LINE, "shown").inc()
    return _answer("line.html", 200, line=view(job, services.signer, ref.shop))


def view(job: Job, signer: LinkSigner, shop: str) -> Line:
    """What there is to show of a job. Pure."""
    row = job.row
    status: str = row["status"]
    word, sentence = _WORDS.get(status, (status, ""))
    reason = explain(row["reason_code"]) if row["reason_code"] and status == JobStatus.FAILED else None
    preview = _file(job, "preview")
    facts: Mapping[str, Any] = preview["facts"] if preview else {}
    return Line(
        order_name=row["order_name"],
        product=row["product_title"],
        variant=row["variant_title"] or "",
        quantity=row["quantity"],
        status=status,
        word=word,
        sentence=sentence,
        reason=reason.sentence if reason else "",
        advice=reason.advice if reason else "",
        thumbnail=_address(_file(job, "thumbnail"), signer, shop),
        preview=_address(preview, signer, shop),
        preview_size=f"{facts['width_px']} × {facts['height_px']} px" if facts.get("width_px") else "",
        texts=row["detail"]["texts"],
        test=row["test"],
    )


def _file(job: Job, role: str) -> Mapping[str, Any] | None:
    return next((one for one in job.files if one["role"] == role and one["current"] and one["state"] == "live"), None)


def _address(file: Mapping[str, Any] | None, signer: LinkSigner, shop: str) -> str:
    """Without a host: this page may be reached under another name than the links in metafields."""
    return f"/files/{signer.token(shop, file['file_id'])}/{quote(file['name'], safe='')}" if file else ""


def _missing(outcome: str) -> Response:
    PAGE_LINKS.labels(Page.LINE, outcome).inc()
    return _answer("line_missing.html", 404)


def _answer(template: str, status: int, **values: Any) -> Response:
    body = _templates.get_template(template).render(**values)
    return HTMLResponse(body, status_code=status, headers=HEADERS)
