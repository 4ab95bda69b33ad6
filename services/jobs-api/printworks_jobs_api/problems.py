"""Errors of the HTTP edge: RFC 9457 problem documents with a stable `code`; nothing internal ever gets out."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.logs import get_logger
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://printworks.dev/problems/"
"""Identifier of a kind of problem; a name, not a place to fetch from."""

CLIENT_GONE = 499
"""In logs and metrics only: the client hung up before it was answered (nginx's number for it)."""

_log = get_logger(__name__)

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}

_SENTENCES = {404: "There is nothing at this address.", 405: "This address does not take that method."}
_LATER = "The service cannot answer at the moment. Try again in a few seconds."

_MACHINES = ("/v1/", "/files/")
"""Addresses that always answer with documents (files make their own small pages)."""


class ProblemError(Exception):
    """Raised anywhere below a route: becomes a problem document.

    `detail` is a sentence for whoever reads it; `extensions` are further members of the document.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.extensions = extensions


def faults_of(error: ValidationError) -> list[dict[str, str]]:
    """What is wrong with a document, place by place; values stay out."""
    return [
        {"name": ".".join(str(part) for part in one["loc"]), "detail": one["msg"]}
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def not_found(what: str) -> ProblemError:
    """The same answer for what does not exist and for what belongs to another shop."""
    return ProblemError(404, "not_found", f"There is no such {what}.")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """A problem document as a response."""
    document = {
        "type": f"{TYPE_BASE}{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **(extensions or {}),
    }
    return JSONResponse(document, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


class Page(Protocol):
    """Makes a page for people out of a problem."""

    def __call__(self, status: int, sentence: str) -> Response: ...


def install(app: FastAPI, *, page: Page) -> None:
    """Let every error of the application end as a problem document, or as a page where a person wanted one."""

    def answer(request: Request, document: JSONResponse, sentence: str) -> Response:
        if request.url.path.startswith(_MACHINES) or "text/html" not in request.headers.get("accept", ""):
            return document
        return page(document.status_code, sentence)

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> Response:
        document = problem(error.status, error.code, error.detail, headers=error.headers, extensions=error.extensions)
        return answer(request, document, error.detail)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        # Values stay out: they may be names, and an echo of input is what cross-site scripting is made of.
        faults = [
            {"in": str(one["loc"][0]), "name": ".".join(str(part) for part in one["loc"][1:]), "detail": one["msg"]}
            for one in error.errors()
        ]
        sentence = "The request has parameters that cannot be used."
        return answer(request, problem(422, "invalid_request", sentence, extensions={"errors": faults}), sentence)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        status = error.status_code
        sentence = _SENTENCES.get(status, HTTPStatus(status).description or HTTPStatus(status).phrase)
        document = problem(status, _CODES.get(status, "http_error"), sentence, headers=error.headers)
        return answer(request, document, sentence)

    @app.exception_handler(GroundMissingError)
    async def _away(request: Request, error: GroundMissingError) -> Response:
        _log.warning("ground_missing", code=error.code)
        return answer(request, _unavailable(), _LATER)

    @app.exception_handler(TransientError)
    async def _passing(request: Request, error: TransientError) -> Response:
        _log.warning("transient_error", code=error.code)
        return answer(request, _unavailable(), _LATER)

    @app.exception_handler(ClientDisconnect)
    async def _gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=CLIENT_GONE)  # nobody reads it; it keeps this from counting as a fault of ours

    @app.exception_handler(PoisonError)
    async def _refused(request: Request, error: PoisonError) -> Response:
        return answer(request, problem(422, error.code, str(error)), str(error))


def _unavailable() -> JSONResponse:
    return problem(503, "unavailable", _LATER, headers={"Retry-After": "5"})


def internal_error() -> JSONResponse:
    """What a client sees of a fault of ours: that it happened, and nothing else."""
    return problem(500, "internal_error", "Something went wrong on our side. The request can be repeated.")
