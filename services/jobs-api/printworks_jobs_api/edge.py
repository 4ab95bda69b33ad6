"""What every request passes: its id, trace, security headers, one log line, metrics, and the last catch of errors."""

import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

from printworks_common.logs import get_logger
from printworks_common.tracing import span
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp

from printworks_jobs_api.metrics import REQUEST_SECONDS, REQUESTS
from printworks_jobs_api.problems import CLIENT_GONE, ProblemError, internal_error
from printworks_jobs_api.tenancy import NOBODY, acting_for

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_log = get_logger(__name__)

SMALL_BODY = 1024 * 1024
_UPLOADS = re.compile(
    r"/v1/print-jobs/[^/]+/inputs/[^/]+|/v1/assets/[^/]+|/print-jobs/[^/]+/replace|/settings/assets/upload"
)

_DEFAULTS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Headers of an answer that does not set them itself."""


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with acting_for(NOBODY):
            await _Exchange(self._app, scope, receive, send).run()


class _Exchange:
    """One request and its answer."""

    def __init__(self, app: ASGIApp, scope: Message, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._request_id = uuid4().hex
        self._status = 0
        self._body_bytes = 0
        self._began = time.perf_counter()

    async def run(self) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._scope["headers"]}
        with span("http request", parent_headers=headers, method=self._scope["method"]):
            try:
                await self._app(self._scope, self._received, self._passed)
            except Exception as error:
                _log.error("request_failed", method=self._scope["method"], route=self._route, exc_info=error)
                if self._status:
                    raise  # the answer has begun: only breaking the connection tells the client that it is not whole
                await internal_error()(self._scope, self._receive, self._passed)
            finally:
                self._tell()

    async def _received(self) -> Message:
        """Bodies of forms and documents are small: whoever sends more is cut off. Uploads watch their own limit."""
        message = await self._receive()
        self._body_bytes += len(message.get("body", b""))
        if self._body_bytes > SMALL_BODY and not _UPLOADS.fullmatch(self._scope["path"]):
            raise ProblemError(413, "too_large", f"The body is longer than {SMALL_BODY // 1024} KB.")
        return message

    async def _passed(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _DEFAULTS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self._request_id
        await self._send(message)

    @property
    def _route(self) -> str:
        """The pattern of the route, which has no ids and no tokens in it."""
        route = self._scope.get("route")
        return str(getattr(route, "path", "unmatched"))

    def _tell(self) -> None:
        seconds = time.perf_counter() - self._began
        status = self._status or CLIENT_GONE
        REQUESTS.labels(self._scope["method"], self._route, f"{status // 100}xx").inc()
        REQUEST_SECONDS.labels(self._route).observe(seconds)
        if not self._route.startswith("/static"):
            _log.info(
                "request",
                method=self._scope["method"],
                route=self._route,
                http_status=status,
                ms=round(seconds * 1000, 1),
            )
