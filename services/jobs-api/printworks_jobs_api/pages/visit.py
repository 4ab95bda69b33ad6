"""Who looks at the pages: sign-in with an API key or from the Shopify admin, sessions, and proof that a form is ours.

In the admin the pages stand in a frame of another site. Shopify opens them with a session token (`id_token`), which is
exchanged at once for a cookie of ours that the browser keeps for this site within that one alone (`Partitioned`): no
script of another host is needed, and the token stays in no address.
"""

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response

from printworks_jobs_api.api.context import Services, ServicesDep, count_wrong_key
from printworks_jobs_api.keys import Principal, Scope
from printworks_jobs_api.pages.shell import ANY_SHOP, inside, is_part, page, redirect
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.sessions import COOKIE, STAFF_COOKIE, STAFF_LENGTH, Session, SessionSigner
from printworks_jobs_api.tenancy import act_for

router = APIRouter(include_in_schema=False)


class SignedOutError(Exception):
    """Nobody is signed in: the page answers with the way to the sign-in."""


class Visitor:
    """Who looks at a page."""

    def __init__(self, principal: Principal, session: Session, signer: SessionSigner) -> None:
        self.principal = principal
        self._session = session
        self._signer = signer

    @property
    def embedded(self) -> bool:
        """Whether the pages stand in the Shopify admin, where signing in and out is Shopify's."""
        return self.principal.kind == "staff"

    @property
    def form_token(self) -> str:
        return self._signer.form_token(self._session)

    @property
    def writes(self) -> bool:
        """Whether Retry and the like are shown."""
        return self.principal.may(Scope.JOBS_WRITE)

    @property
    def exports(self) -> bool:
        """Whether artwork can be exported."""
        return self.principal.may(Scope.EXPORT)

    @property
    def sees_files(self) -> bool:
        return self.principal.may(Scope.FILES_READ)

    @property
    def ticks(self) -> bool:
        """Whether there is something that can be done with several print jobs at once."""
        return self.writes or self.exports

    @property
    def manages(self) -> bool:
        """Whether settings can be changed."""
        return self.principal.may(Scope.SETTINGS_WRITE)

    def check_form(self, token: str) -> None:
        """Raises ProblemError 403 `forged_form` for a form that was not made for this session."""
        if not self._signer.is_form_token(self._session, token):
            raise ProblemError(403, "forged_form", "This form has expired. Reload the page and try again.")


async def visitor_of(request: Request, services: ServicesDep) -> Visitor:
    signer = _signer(services)
    now = services.clock.now()
    for cookie in (COOKIE, STAFF_COOKIE):
        session = signer.read(request.cookies.get(cookie, ""), now)
        if session is None or (session.staff is not None) != (cookie == STAFF_COOKIE):
            continue
        if session.staff is not None:
            principal = services.staff.resume(*session.staff)
        else:
            principal = await services.keys.resume(session.key_id)
        if principal is not None and principal.may(Scope.JOBS_READ):
            act_for(principal.shop)
            return Visitor(principal, session, signer)
    raise SignedOutError


VisitorDep = Annotated[Visitor, Depends(visitor_of)]


def install(app: FastAPI) -> None:
    """Where people without a session are sent."""

    @app.exception_handler(SignedOutError)
    async def _to_sign_in(request: Request, _error: SignedOutError) -> Response:
        if in_frame(request):
            return _reopen()
        target = "/sign-in"
        if request.method == "GET" and request.url.path != "/" and not is_part(request):
            query = f"?{request.url.query}" if request.url.query else ""
            target += "?" + urlencode({"next": request.url.path + query})
        answer = redirect(target)
        if is_part(request):
            answer = Response(status_code=200, headers={"Cache-Control": "no-store", "HX-Redirect": target})
        return answer


def _reopen() -> Response:
    return page("reopen.html", status=401, frame_shop=ANY_SHOP)


def in_frame(request: Request) -> bool:
    """Whether the browser asks for a frame of another page."""
    return request.headers.get("sec-fetch-dest") in {"iframe", "frame"}


def from_admin(request: Request, services: Services, id_token: str) -> Response | None:
    """The way in for somebody who opens the app in the Shopify admin; None when the token is not good.

    In a frame alone: an address that somebody is sent must not sign them in elsewhere.
    """
    if not in_frame(request):
        return None
    member = services.staff.authenticate(id_token)
    if member is None:
        return None
    signer = _signer(services)
    value = signer.open_staff(member.shop, member.key_id, services.clock.now())
    response = redirect("/print-jobs")
    # By hand: the standard library of Python 3.11 knows no Partitioned.
    response.headers.append(
        "Set-Cookie",
        f"{STAFF_COOKIE}={value}; Path=/; Max-Age={int(STAFF_LENGTH.total_seconds())}; HttpOnly; Secure; "
        "SameSite=None; Partitioned",
    )
    return response


@router.get("/sign-in")
async def sign_in_page(request: Request, next: str = "") -> Response:  # noqa: A002 (the name that addresses carry)
    if in_frame(request):
        return _reopen()
    return page("sign_in.html", error="", next=inside(next, ""))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    services: ServicesDep,
    api_key: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002
) -> Response:
    _check_same_origin(request)
    principal = await services.keys.authenticate(api_key.strip())
    if principal is None:
        return _wrong_key(request, services, next)
    if not principal.may(Scope.JOBS_READ):
        error = "This key may not read print jobs. Use one with the scope jobs:read."
        return page("sign_in.html", status=422, error=error, next=inside(next, ""))
    response = redirect(inside(next))
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
    response = redirect("/sign-in")
    response.delete_cookie(COOKIE)
    return response


def _wrong_key(request: Request, services: Services, target: str) -> Response:
    seconds = count_wrong_key(request, services, "sign_in")
    error = "This key is not valid. Check that you have copied it whole, or make a new one."
    if seconds:
        error = f"This key is not valid, and too many wrong ones came from here. Try again in {seconds} seconds."
    answer = page("sign_in.html", status=429 if seconds else 422, error=error, next=inside(target, ""))
    if seconds:
        answer.headers["Retry-After"] = str(seconds)
    return answer


def _signer(services: Services) -> SessionSigner:
    return SessionSigner(services.session_secret, services.session_hours)


def _check_same_origin(request: Request) -> None:
    """A sign-in has no session to carry a form token: the browser says where the form was."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ProblemError(403, "forged_form", "Sign in on the page itself.")
    origin = request.headers.get("origin")
    if origin not in {None, "null"} and urlsplit(origin or "").netloc != request.headers.get("host"):
        raise ProblemError(403, "forged_form", "Sign in on the page itself.")
