"""The way of a request for a page: who asks, what is wanted, one reading, one template.

Everything works without JavaScript: views, filters and pages are links and forms, Retry is a form. With it, the list
tells of updates and Retry stays where it is.
"""

from collections.abc import AsyncIterator
from datetime import date
from importlib import resources
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from printworks_common.events.control import CommandKind
from starlette.datastructures import UploadFile

from printworks_jobs_api import uploads
from printworks_jobs_api.api.context import Services, ServicesDep, check_scope
from printworks_jobs_api.api.print_jobs import job_uuid, order_number
from printworks_jobs_api.filters import JobFilter, JobSort
from printworks_jobs_api.keys import Principal, Scope
from printworks_jobs_api.pages.view import VIEW_BY_KEY, VIEWS, View, Viewer, duration
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.reading import Job
from printworks_jobs_api.sessions import COOKIE, Session, SessionSigner

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 50
_UPLOAD_CHUNK = 256 * 1024
_FORM_BYTES = 64 * 1024
"""What a form may be longer than the picture in it."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_templates = Environment(
    loader=PackageLoader("printworks_jobs_api.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class SignedOutError(Exception):
    """Nobody is signed in: the page answers with the way to the sign-in."""


class Visitor:
    """Who looks at a page."""

    def __init__(self, principal: Principal, session: Session, signer: SessionSigner) -> None:
        self.principal = principal
        self._session = session
        self._signer = signer

    @property
    def form_token(self) -> str:
        return self._signer.form_token(self._session)

    def check_form(self, token: str) -> None:
        """Raises ProblemError 403 `forged_form` for a form that was not made for this session."""
        if not self._signer.is_form_token(self._session, token):
            raise ProblemError(403, "forged_form", "This form has expired. Reload the page and try again.")


def _signer(services: Services) -> SessionSigner:
    return SessionSigner(services.session_secret, services.session_hours)


async def visitor_of(request: Request, services: ServicesDep) -> Visitor:
    signer = _signer(services)
    session = signer.read(request.cookies.get(COOKIE, ""), services.clock.now())
    principal = None if session is None else await services.keys.resume(session.key_id)
    if session is None or principal is None or not principal.may(Scope.JOBS_READ):
        raise SignedOutError
    return Visitor(principal, session, signer)


VisitorDep = Annotated[Visitor, Depends(visitor_of)]


def mount(app: FastAPI) -> None:
    """Routes of the pages, their static files, and where people without a session are sent."""
    app.include_router(router)
    static = resources.files("printworks_jobs_api.pages") / "static"
    app.mount("/static", StaticFiles(directory=str(static)), name="static")

    @app.exception_handler(SignedOutError)
    async def _to_sign_in(request: Request, _error: SignedOutError) -> Response:
        target = "/sign-in"
        if request.method == "GET" and request.url.path != "/" and "hx-request" not in request.headers:
            query = f"?{request.url.query}" if request.url.query else ""
            target += "?" + urlencode({"next": request.url.path + query})
        if "hx-request" in request.headers:
            return Response(status_code=200, headers=_HEADERS | {"HX-Redirect": target})
        return RedirectResponse(target, 303, headers=_HEADERS)


def _page(name: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> HTMLResponse:
    body = _templates.get_template(name).render(**values)
    return HTMLResponse(body, status_code=status, headers=_HEADERS | (headers or {}))


def error_page(status: int, sentence: str) -> Response:
    """What a person sees of an error."""
    return _page("refused.html", status=status, sentence=sentence, back="/print-jobs")


@router.get("/sign-in")
async def sign_in_page(next: str = "") -> Response:  # noqa: A002 (the name that addresses carry)
    return _page("sign_in.html", error="", next=_inside(next))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    services: ServicesDep,
    api_key: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002
) -> Response:
    _check_same_origin(request)
    principal = await services.keys.authenticate(api_key.strip())
    if principal is None or not principal.may(Scope.JOBS_READ):
        error = (
            "This key is not valid. Check that you have copied it whole, or make a new one."
            if principal is None
            else "This key may not read print jobs. Use one with the scope jobs:read."
        )
        return _page("sign_in.html", status=422, error=error, next=_inside(next))
    response = RedirectResponse(_inside(next) or "/print-jobs", 303, headers=_HEADERS)
    signer = _signer(services)
    response.set_cookie(
        COOKIE,
        signer.open(principal.key_id, services.clock.now()),
        max_age=signer.seconds,
        httponly=True,
        secure=services.public_url.startswith("https://"),
        samesite="lax",
    )
    return response


@router.post("/sign-out")
async def sign_out(visitor: VisitorDep, form_token: Annotated[str, Form()] = "") -> Response:
    visitor.check_form(form_token)
    response = RedirectResponse("/sign-in", 303, headers=_HEADERS)
    response.delete_cookie(COOKIE)
    return response


@router.get("/")
async def home(_visitor: VisitorDep) -> Response:
    return RedirectResponse("/print-jobs", 303, headers=_HEADERS)


class ListQuery:
    """What the list's address says. What cannot be read is left out and said on the page: an address that somebody
    typed or kept must never end in an error page."""

    def __init__(
        self,
        view: str = "",
        q: Annotated[str, Query()] = "",
        status: Annotated[list[str] | None, Query()] = None,
        date_from: str = "",
        date_to: str = "",
        cursor: str = "",
    ) -> None:
        self.notes: list[str] = []
        self.view: View | None = VIEW_BY_KEY.get(view)
        self.q = q[:200]
        self.status = status[0] if status and status[0] else ""
        self.date_from = self._date(date_from)
        self.date_to = self._date(date_to)
        self.cursor = cursor

    def _date(self, text: str) -> date | None:
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.notes.append("A date was left out, because it is not a day of the calendar (2026-11-23).")
            return None

    def filter(self, view: View) -> JobFilter:
        statuses = (self.status,) if self.status else view.statuses
        return JobFilter(q=self.q, status=statuses, date_from=self.date_from, date_to=self.date_to)

    def address(self, *, view: View, cursor: str | None = None) -> str:
        """This list's address, for another view or page."""
        parts = {
            "view": view.key,
            "q": self.q,
            "status": self.status if view is self.view else "",
            "date_from": self.date_from.isoformat() if self.date_from else "",
            "date_to": self.date_to.isoformat() if self.date_to else "",
            "cursor": cursor or "",
        }
        return "/print-jobs?" + urlencode({name: value for name, value in parts.items() if value})


@router.get("/print-jobs")
async def print_jobs_page(
    services: ServicesDep, visitor: VisitorDep, query: Annotated[ListQuery, Depends()], sent: str = ""
) -> Response:
    shop = visitor.principal.shop
    facts = await services.shops.facts(shop)
    glance = await services.reader.glance(shop, facts)
    view = query.view or VIEW_BY_KEY["attention" if glance["failed"] else "all"]
    query.view = view
    # Read before the rows: a change in between is told of as an update, never lost.
    newest = await services.reader.newest_change(shop)
    jobs, following = await _list(services, shop, query, view)
    now = services.clock.now()
    viewer = Viewer(visitor.principal, services.signer, now)
    return _page(
        "print_jobs.html",
        visitor=visitor,
        query=query,
        view=view,
        tabs=[(one, query.address(view=one), _tab_count(one, glance)) for one in VIEWS],
        jobs=[viewer.job(job) for job in jobs],
        next_address=query.address(view=view, cursor=following) if following else "",
        first_address=query.address(view=view),
        here=query.address(view=view, cursor=query.cursor),
        newest=newest,
        glance=glance,
        oldest=duration(now - glance["oldest_waiting"]) if glance["oldest_waiting"] else "",
        p50=_seconds(glance["p50_seconds"]),
        p95=_seconds(glance["p95_seconds"]),
        notice="Retry sent." if sent == "retry" else "",
    )


@router.get("/print-jobs/updates")
async def updates(
    services: ServicesDep,
    visitor: VisitorDep,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)],
    back: Annotated[str, Query(max_length=2000)] = "/print-jobs",
) -> Response:
    """What the list asks every few seconds: how many print jobs have changed since it was made. It moves no row."""
    changed = await services.reader.changed_jobs(visitor.principal.shop, after)
    return _page("updates.html", changed=changed, back=_inside(back) or "/print-jobs")


@router.post("/print-jobs/{job_id}/retry")
async def retry(
    job_id: str,
    request: Request,
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: Annotated[str, Form()] = "",
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    visitor.check_form(form_token)
    check_scope(visitor.principal, Scope.JOBS_WRITE)
    refused = ""
    try:
        await services.commands.issue(visitor.principal, job_uuid(job_id), CommandKind.RETRY)
    except ProblemError as error:
        if error.status != 409:
            raise
        refused = error.detail
    if "hx-request" in request.headers:
        job = await services.reader.job(visitor.principal.shop, job_uuid(job_id))
        viewer = Viewer(visitor.principal, services.signer, services.clock.now())
        return _page("retry_result.html", job=viewer.job(job), refused=refused)
    if refused:
        return _page("refused.html", status=409, sentence=refused, back=_inside(back) or "/print-jobs")
    return RedirectResponse(_inside(back) or "/print-jobs?sent=retry", 303, headers=_HEADERS)


@router.get("/orders/{order_id}")
async def order_page(order_id: str, services: ServicesDep, visitor: VisitorDep) -> Response:
    shop = visitor.principal.shop
    newest = await services.reader.newest_change(shop)
    try:
        row, jobs = await services.reader.order(shop, order_number(order_id))
    except ProblemError:
        return _page("missing.html", status=404, visitor=visitor)
    viewer = Viewer(visitor.principal, services.signer, services.clock.now())
    return _page(
        "order.html",
        visitor=visitor,
        order=row,
        ordered=viewer.moment(row["created_at"]),
        paid=viewer.moment(row["first_paid_at"]) if row["first_paid_at"] else None,
        jobs=[viewer.detail(job) for job in jobs],
        newest=newest,
        here=f"/orders/{row['order_id']}",
    )


@router.post("/print-jobs/{job_id}/replace")
async def replace_picture(job_id: str, request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    check_scope(visitor.principal, Scope.JOBS_WRITE)
    # Looked at before the form is read: its file goes to the disk as it comes in.
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise ProblemError(411, "length_required", "Send the length of the form.")
    target = "/print-jobs"
    try:
        if int(length) > services.upload_max_bytes + _FORM_BYTES:
            raise uploads.too_large(services.upload_max_bytes)
        async with request.form(max_files=1, max_fields=5) as form:
            visitor.check_form(str(form.get("form_token", "")))
            target = _inside(str(form.get("back", ""))) or target
            picture = form.get("picture")
            if not isinstance(picture, UploadFile):
                raise ProblemError(422, "upload_empty", "Choose a picture first.")
            slot = str(form.get("slot", ""))
            await uploads.replace(services, visitor.principal, job_uuid(job_id), slot, _chunks(picture), {})
    except ProblemError as error:
        return _page("refused.html", status=error.status, sentence=error.detail, back=target)
    return RedirectResponse(target, 303, headers=_HEADERS)


async def _chunks(picture: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await picture.read(_UPLOAD_CHUNK):
        yield chunk


async def _list(services: Services, shop: str, query: ListQuery, view: View) -> tuple[list[Job], str | None]:
    sort = JobSort.NEWEST_ORDER
    wanted = query.filter(view)
    try:
        return await services.reader.jobs(shop, wanted, sort=sort, cursor=query.cursor or None, limit=PAGE_ROWS)
    except ProblemError:
        query.notes.append("This page of the list is not there any more. The list begins again.")
        query.cursor = ""
        return await services.reader.jobs(shop, wanted, sort=sort, cursor=None, limit=PAGE_ROWS)


def _tab_count(view: View, glance: Any) -> int | None:
    return {"attention": glance["failed"], "progress": glance["pending"]}.get(view.key)


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f} s" if value < 90 else f"{value / 60:.0f} min"


def _inside(target: str) -> str:
    """The target of a redirect if it is a path of ours, else nothing: no link may lead a signed-in person elsewhere."""
    parts = urlsplit(target.replace("\\", "/"))
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return target if target.isprintable() and "\\" not in target else ""


def _check_same_origin(request: Request) -> None:
    """A sign-in has no session to carry a form token: the browser says where the form was."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ProblemError(403, "forged_form", "Sign in on the page itself.")
    origin = request.headers.get("origin")
    if origin not in {None, "null"} and urlsplit(origin or "").netloc != request.headers.get("host"):
        raise ProblemError(403, "forged_form", "Sign in on the page itself.")
