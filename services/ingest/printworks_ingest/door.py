"""The receiver's HTTP side: one path, a bounded body, problem documents for what is refused. Plain ASGI."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from printworks_common.logs import get_logger

from printworks_ingest import metrics
from printworks_ingest.receiver import Answer, Receiver

log = get_logger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATH = "/webhooks/shopify"

TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    404: "Not found",
    405: "Method not allowed",
    413: "Body too large",
    503: "Not available",
}

DISCARDED_BODIES = 8
DISCARD_SECONDS = 10.0
"""How much of a body that is too large is taken off the line, in bodies of the largest size, and for how long."""

_TOO_LARGE = object()
_GONE = object()


class Door:
    """ASGI application of the webhook path; health and metrics are answered before it."""

    def __init__(self, receiver: Receiver, *, max_body_bytes: int) -> None:
        self._receiver = receiver
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] != PATH:
            await _answer(send, Answer(404, "not_found", f"Webhooks are received at {PATH}."), [])
            return
        if scope["method"] != "POST":
            metrics.WEBHOOKS.labels(topic="unverified", outcome="method").inc()
            await _answer(send, Answer(405, "method", "Webhooks are sent with POST."), [(b"allow", b"POST")])
            return
        body = await self._body(dict(scope["headers"]), receive)
        if body is _GONE:
            return
        if body is _TOO_LARGE:
            metrics.WEBHOOKS.labels(topic="unverified", outcome="too_large").inc()
            log.error("webhook_too_large", limit=self._max_body_bytes)
            detail = "The body is larger than any order. The order is found by the reconciler."
            await self._discard(receive)
            await _answer(send, Answer(413, "too_large", detail), [(b"connection", b"close")])
            return
        await _answer(send, await self._receiver.receive(dict(scope["headers"]), body), [])

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> Any:
        """The raw body, or `_TOO_LARGE`, or `_GONE` when the caller hung up."""
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > self._max_body_bytes:
            return _TOO_LARGE
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return _GONE
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._max_body_bytes:
                return _TOO_LARGE
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _discard(self, receive: Receive) -> None:
        """Take the rest of the body and drop it: a caller that is still sending would lose our answer to a reset. What
        goes on for ever is cut off."""
        left = DISCARDED_BODIES * self._max_body_bytes
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return
        except TimeoutError:
            log.warning("webhook_too_slow", limit=DISCARD_SECONDS)


async def _answer(send: Send, answer: Answer, headers: list[tuple[bytes, bytes]]) -> None:
    """RFC 9457 problem document for errors, an empty body for what is good."""
    body = b""
    if answer.status >= 400:
        problem = {
            "type": f"https://printworks.dev/problems/{answer.code}",
            "title": TITLES[answer.status],
            "status": answer.status,
            "code": answer.code,
            "detail": answer.detail,
        }
        body = json.dumps(problem).encode()
        headers = [*headers, (b"content-type", b"application/problem+json")]
        if answer.status == 503:
            headers.append((b"retry-after", b"5"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
