"""Who looks at the pages: sign-in with an API key, sessions, and proof that a form is ours."""

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response

from printworks_jobs_api.api.context import Services, ServicesDep
from printworks_jobs_api.keys import Principal, Scope
from printworks_jobs_api.pages.shell import inside, is_part, page, redirect
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.sessions import COOKIE, Session, SessionSigner

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
    session = signer.read(request.cookies.get(COOKIE, ""), services.clock.now())
    principal = None if session is None else await services.keys.resume(session.key_id)
    if session is None or principal is None or not principal.may(Scope.JOBS_READ):
        raise SignedOutError
    return Visitor(principal, session, signer)


VisitorDep = Annotated[Visitor, Depends(visitor_of)]


def install(app: FastAPI) -> None:
    """Where people without a session are sent."""

    @app.exception_handler(SignedOutError)
    async def _to_sign_in(request: Request, _error: SignedOutError) -> Response:
        target = "/sign-in"
        if request.method == "GET" and request.url.path != "/" and not is_part(request):
            query = f"?{request.url.query}" if request.url.query else ""
            target += "?" + urlencode({"next": request.url.path + query})
        answer = redirect(target)
        if is_part(request):
            answer = Response(status_code=200, headers={"Cache-Control": "no-store", "HX-Redirect": target})
        return answer


@router.get("/sign-in")
async def sign_in_page(next: str = "") -> Response:  # noqa: A002 (the name that addresses carry)
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
    if principal is None or not principal.may(Scope.JOBS_READ):
        error = (
            "This key is not valid. Check that you have copied it whole, or make a new one."
            if principal is None
            else "This key may not read print jobs. Use one with the scope jobs:read."
        )
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


def _signer(services: Services) -> SessionSigner:
    return SessionSigner(services.session_secret, services.session_hours)


def _check_same_origin(request: Request) -> None:
    """A sign-in has no session to carry a form token: the browser says where the form was."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ProblemError(403, "forged_form", "Sign in on the page itself.")
    origin = request.headers.get("origin")
    if origin not in {None, "null"} and urlsplit(origin or "").netloc != request.headers.get("host"):
        raise ProblemError(403, "forged_form", "Sign in on the page itself.")
