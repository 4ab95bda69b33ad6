"""What one connection can make a service hold: trailers, requests that wait, answers that nobody takes in.

Memory is measured at a process, which is what would run out of it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from printworks_common.http_protocol import LimitedHttp

from tests.hostile_http import exchange
from tests.integration.common.test_process_life import Running, started

PIECE = 64 * 1024
ENOUGH_PIECES = 320
"""20 MB, of which a service that keeps all of it would grow by much more."""
MAX_GROWTH_MB = 8

CHUNKED = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

AROUND_BODIES = {
    "a trailer's value": (CHUNKED + b"0\r\nX-A: ", b"a"),
    "a trailer's name": (CHUNKED + b"0\r\nX", b"a"),
    "a chunk's extension": (CHUNKED + b"5;a=", b"a"),
    "zeros of a chunk's length": (CHUNKED, b"0"),
}
"""Beginnings, and the byte that then comes for ever."""


@pytest.fixture
async def web() -> AsyncGenerator[Running]:
    async with started("web") as process:
        await process.until("/healthz", 200)
        yield process


def memory_mb(process: Running) -> float:
    """Most resident memory so far."""
    status = Path(f"/proc/{process.process.pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(peak) / 1024


async def pour(process: Running, beginning: bytes, piece: bytes) -> tuple[int, bytes]:
    """Send a beginning and then pieces for as long as they are taken; how many went, and what was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    sent, answer = 0, b""
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(beginning)
            while sent < ENOUGH_PIECES and not reader.at_eof():
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
                sent += 1
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                answer = await reader.read(PIECE)
    finally:
        writer.close()
    return sent, answer


@pytest.mark.parametrize("name", AROUND_BODIES)
async def test_what_stands_around_a_body_is_cut_off_as_a_head_is(web: Running, name: str) -> None:
    beginning, byte = AROUND_BODIES[name]
    before = memory_mb(web)

    sent, _ = await pour(web, beginning, byte * PIECE)

    assert sent < ENOUGH_PIECES
    assert memory_mb(web) - before < MAX_GROWTH_MB
    assert await web.status("/page") == 200


async def test_a_body_in_the_smallest_chunks_with_extensions_and_trailers_is_taken(web: Running) -> None:
    body = b"1;name=value\r\na\r\n" * 20_000 + b"0\r\nX-Digest: b\r\n\r\n"

    answer = await exchange(
        f"http://127.0.0.1:{web.port}", CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + body
    )

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_requests_that_do_not_wait_for_answers_are_few_at_a_time(web: Running) -> None:
    request = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"
    before = memory_mb(web)

    sent, _ = await pour(web, b"", request * (PIECE // len(request)))

    assert sent < ENOUGH_PIECES
    assert memory_mb(web) - before < MAX_GROWTH_MB
    assert await web.status("/page") == 200


async def test_some_requests_at_once_are_answered_in_their_order(web: Running) -> None:
    request = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    answer = await exchange(f"http://127.0.0.1:{web.port}", request * 15 + last)

    assert answer.count(b"HTTP/1.1 200 ") == 16


@asynccontextmanager
async def streaming(monkeypatch: pytest.MonkeyPatch, unread_seconds: float) -> AsyncGenerator[tuple[int, list[str]]]:
    """A server of one answer without an end, and what became of it."""
    monkeypatch.setattr("printworks_common.http_protocol.UNREAD_SECONDS", unread_seconds)
    ended: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": bytes(PIECE), "more_body": True})
                if ended:
                    return
                if await disconnected(receive):
                    ended.append("left")
                    return
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    config = uvicorn.Config(app, host="127.0.0.1", port=0, http=LimitedHttp, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn sets no event)
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1], ended
    finally:
        ended.append("over")
        server.should_exit = True
        await serving


async def disconnected(receive: Any) -> bool:
    """Whether the peer has gone, as far as is known now."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.001):
            while True:
                if (await receive())["type"] == "http.disconnect":
                    return True
    return False


async def test_an_answer_that_nobody_takes_in_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async with streaming(monkeypatch, 0.3) as (port, ended):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(10):
            while not ended:  # noqa: ASYNC110 (the other side's doing)
                await asyncio.sleep(0.05)
        assert ended == ["left"]
        writer.close()


async def test_an_answer_that_is_taken_in_slowly_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with streaming(monkeypatch, 0.5) as (port, ended):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(30):
            await reader.readexactly(1 << 20)
            await asyncio.sleep(0.1)
        assert ended == []
        writer.close()
