"""Lets the block in the Shopify admin call the API: it runs in a worker of another origin.

For `/v1/` alone, and without credentials: a browser adds no cookie of ours to such a request, so that only who holds a
key or a session token gets an answer, wherever the page comes from.
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/v1/"


class ApiCors:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
            expose_headers=["ETag", "Retry-After", "X-Request-Id", "X-Shopify-Retry-Invalid-Session-Request"],
            max_age=7200,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inside = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (self._cors if inside else self._app)(scope, receive, send)
