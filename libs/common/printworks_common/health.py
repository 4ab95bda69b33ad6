"""Health of a process: alive (its loops turn), ready (what it needs is there), and its metrics.

Liveness is the age of heartbeats and never asks for the broker or the database: else an outage would restart the fleet.
"""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

HEARTBEAT_LIMIT_SECONDS = 60.0
"""A loop that has not turned for so long is stuck, and the process is to be restarted."""

CHECK_SECONDS = 2.0
"""A readiness check that takes longer counts as failed: the kubelet asks with a time-out too."""

REQUEST_SECONDS = 5.0
REQUEST_BYTES = 8 * 1024

Check = Callable[[], Awaitable[bool]]
Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer of a health path."""

    status: int
    body: bytes
    content_type: str = "application/json"


@dataclass
class _Heartbeat:
    limit: float
    last: float


@dataclass
class Health:
    """Collects heartbeats and checks; answers `/healthz`, `/readyz` and `/metrics`."""

    registry: CollectorRegistry
    _heartbeats: dict[str, _Heartbeat] = field(default_factory=dict[str, _Heartbeat])
    _checks: dict[str, Check] = field(default_factory=dict[str, Check])
    _started: bool = False
    _stopping: bool = False

    def heartbeat(self, name: str, *, limit: float = HEARTBEAT_LIMIT_SECONDS) -> None:
        """A loop has turned. Its first heartbeat makes it watched; `limit` is the oldest age in seconds allowed."""
        self._heartbeats[name] = _Heartbeat(limit, time.monotonic())

    def forget(self, name: str) -> None:
        """The loop has ended as it should."""
        self._heartbeats.pop(name, None)

    def add_readiness(self, name: str, check: Check) -> None:
        """The process is ready only while `check` returns True; raising or taking over 2 s counts as False."""
        self._checks[name] = check

    def started(self) -> None:
        """Wiring is done: from now on readiness follows the checks. Before, the process is not ready."""
        self._started = True

    def stopping(self) -> None:
        """Not ready any more, whatever the checks say."""
        self._stopping = True

    async def answer(self, path: str) -> Answer | None:
        """The answer of a health path, or None for any other path."""
        match path:
            case "/healthz":
                return self.liveness()
            case "/readyz":
                return await self.readiness()
            case "/metrics":
                return Answer(200, generate_latest(self.registry), CONTENT_TYPE_LATEST)
            case _:
                return None

    def liveness(self) -> Answer:
        now = time.monotonic()
        late = {
            name: round(now - beat.last, 1) for name, beat in self._heartbeats.items() if now - beat.last > beat.limit
        }
        return _json(503 if late else 200, {"status": "stuck" if late else "ok", "late": late})

    async def readiness(self) -> Answer:
        if self._stopping or not self._started:
            return _json(503, {"status": "stopping" if self._stopping else "starting", "checks": {}})
        names = list(self._checks)
        results = await asyncio.gather(*(_passes(self._checks[name]) for name in names))
        ready = all(results)
        return _json(
            200 if ready else 503,
            {"status": "ok" if ready else "not ready", "checks": dict(zip(names, results, strict=True))},
        )


def with_health(app: AsgiApp, health: Health) -> AsgiApp:
    """`app` with the health paths before it."""

    async def wrapped(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        answer = None
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            answer = await health.answer(scope["path"])
        if answer is None:
            await app(scope, receive, send)
            return
        headers = [
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    return wrapped


class HealthServer:
    """Smallest possible HTTP server of the health paths, for processes that serve nothing else."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve on a socket that already listens; the server closes it."""
        self._server = await asyncio.start_server(self._serve, sock=listening, limit=REQUEST_BYTES)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            with suppress(TimeoutError):  # a peer that does not read must not hold up the end of the process
                async with asyncio.timeout(1.0):
                    await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._respond(head))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # The peer went away, was too slow, or sent no HTTP: there is nobody to answer.
            writer.transport.abort()
        finally:
            writer.close()

    async def _respond(self, head: bytes) -> bytes:
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return _response(_json(400, {"status": "bad request"}), body=True)
        if parts[0] not in {b"GET", b"HEAD"}:
            return _response(_json(405, {"status": "method not allowed"}), body=True)
        answer = await self._health.answer(parts[1].split(b"?", 1)[0].decode("latin-1"))
        return _response(answer or _json(404, {"status": "not found"}), body=parts[0] == b"GET")


def _response(answer: Answer, *, body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status} {'OK' if answer.status == 200 else 'No'}\r\n"
        f"content-type: {answer.content_type}\r\ncontent-length: {len(answer.body)}\r\n"
        "cache-control: no-store\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + (answer.body if body else b"")


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except Exception:  # whatever the check raises, it has not passed; what is wrong is logged where it is used
        return False


def _json(status: int, body: dict[str, object]) -> Answer:
    return Answer(status, json.dumps(body).encode() + b"\n")
