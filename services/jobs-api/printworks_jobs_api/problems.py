"""Errors of the HTTP edge: RFC 9457 problem documents with a stable `code`; nothing internal ever gets out."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.logs import get_logger
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://printworks.dev/problems/"
"""Identifier of a kind of problem; a name, not a place to fetch from."""

_log = get_logger(__name__)

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


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


def install(app: FastAPI) -> None:
    """Let every error of the application end as a problem document."""

    @app.exception_handler(ProblemError)
    async def _problem(_request: Request, error: ProblemError) -> JSONResponse:
        return problem(error.status, error.code, error.detail, headers=error.headers, extensions=error.extensions)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        # Values stay out: they may be names, and an echo of input is what cross-site scripting is made of.
        faults = [
            {"in": str(one["loc"][0]), "name": ".".join(str(part) for part in one["loc"][1:]), "detail": one["msg"]}
            for one in error.errors()
        ]
        return problem(
            422, "invalid_request", "The request has parameters that cannot be used.", extensions={"errors": faults}
        )

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        status = error.status_code
        detail = {404: "There is nothing at this address.", 405: "This address does not take that method."}
        return problem(
            status,
            _CODES.get(status, "http_error"),
            detail.get(status, HTTPStatus(status).description or HTTPStatus(status).phrase),
            headers=error.headers,
        )

    @app.exception_handler(GroundMissingError)
    async def _away(_request: Request, error: GroundMissingError) -> JSONResponse:
        _log.warning("ground_missing", code=error.code)
        return _unavailable()

    @app.exception_handler(TransientError)
    async def _passing(_request: Request, error: TransientError) -> JSONResponse:
        _log.warning("transient_error", code=error.code)
        return _unavailable()

    @app.exception_handler(PoisonError)
    async def _refused(_request: Request, error: PoisonError) -> JSONResponse:
        return problem(422, error.code, str(error))


def _unavailable() -> JSONResponse:
    return problem(
        503,
        "unavailable",
        "The service cannot answer at the moment. Try again in a few seconds.",
        headers={"Retry-After": "5"},
    )


def internal_error() -> JSONResponse:
    """What a client sees of a fault of ours: that it happened, and nothing else."""
    return problem(500, "internal_error", "Something went wrong on our side. The request can be repeated.")
