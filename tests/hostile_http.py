"""What a hostile HTTP client sends, and the sockets to send it by: clients of libraries would mend it first."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import httpx
from printworks_local.pace import p95

SLOW_CONNECTIONS = 300
MAX_P95_MS = 1000.0
"""Of a well-behaved client during an attack, on a machine that is busy with other things as well."""

PATH_TRICKS = (
    b"%2e%2e",
    b"..%2f..%2fetc%2fpasswd",
    b"%252e%252e%252fetc",
    b"..\\..\\windows",
    b"%5c..%5c..",
    b"%00",
    b"a%00.jpg",
    b"%c0%ae%c0%ae%c0%af",
    b"%ff%fe",
    b"%ed%a0%80",
    b"%",
    b"%zz",
    b"a%0d%0aSet-Cookie:%20stolen=1",
    b"%e2%80%ae%f0%9f%92%a3",
    b"99999999999999999999999",
    b"-1",
    b"1e400",
    b"'%20OR%201=1--",
    b"%7b%7b7*7%7d%7d",
    b"a" * 4000,
)
"""Segments of a path: ways out of a folder in every encoding, NUL, overlong and broken UTF-8, line breaks, odd numbers,
the beginnings of SQL and of templates."""

BODIES: dict[str, bytes] = {
    "truncated": b'{"a": 1',
    "nothing": b"",
    "no object": b"[1, 2]",
    "a text": b'"a"',
    "NaN": b'{"a": NaN, "body": NaN, "value": NaN}',
    "infinity": b'{"a": -Infinity, "days": Infinity}',
    "a number of 100,000 digits": b'{"a": ' + b"9" * 100_000 + b"}",
    "a huge exponent": b'{"a": 1e999999, "days": 1e400}',
    "100,000 levels": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "the same name twice": b'{"reason": "a", "reason": "b", "reason": null}',
    "invalid UTF-8": b'{"name": "\xff\xfe\xc0\xae", "reason": "\xed\xa0\x80"}',
    "half a surrogate pair": b'{"name": "\\ud800", "reason": "\\udfff", "action": "\\ud800"}',
    "NUL": b'{"name": "a\\u0000b", "reason": "\\u0000", "action": "retry\\u0000"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "a"}',
    "50,000 names": b"{" + b",".join(b'"n%d":%d' % (n, n) for n in range(50_000)) + b"}",
    "prototype": b'{"__proto__": {"a": 1}, "__class__": "x", "constructor": {}}',
}
"""Bodies that say they are JSON."""

MIXED_FRAMING: dict[str, bytes] = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    "a list of lengths": b"Content-Length: 0, 44\r\n\r\n",
    "a signed length": b"Content-Length: +0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a hexadecimal length": b"Content-Length: 0x0\r\n\r\n",
    "an endless length": b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a blank before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "an unknown encoding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked that is not the last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk's length with a sign": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n",
    "a chunk's length that overflows": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n\r\n0\r\n\r\n",
    "a folded header": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "NUL in a header": b"X-A: a\x00b\r\n\r\n",
    "a lone CR in a header": b"X-A: a\rTransfer-Encoding: chunked\r\n\r\n",
}
"""Ends of a request's head (and what follows) about whose length two readers may disagree."""


async def exchange(url: str, request: bytes, *, seconds: float = 15.0) -> bytes:
    """Send bytes as they are; all that comes back until the other side has nothing more to say."""
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        answer = b""
        with contextlib.suppress(ConnectionError):
            writer.write(request)
            await writer.drain()
            async with asyncio.timeout(seconds):
                while piece := await reader.read(65536):
                    answer += piece
        return answer
    finally:
        writer.close()


async def send(
    client: httpx.AsyncClient,
    method: str,
    target: bytes,
    *,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """A request to an address that is sent byte for byte, where a client would tidy it up."""
    request = client.build_request(method, "/", content=content, headers=headers)
    request.extensions["target"] = target
    return await client.send(request)


@asynccontextmanager
async def slow_connections(url: str, heads: Iterable[bytes], *, every: float = 0.5) -> AsyncGenerator[list[bool]]:
    """Connections that have sent a beginning each and go on with one byte at a time. Yields, per connection, whether it
    has been closed by the other side, kept up to date."""
    address = httpx.URL(url)
    closed: list[bool] = []

    async def trickle(number: int, head: bytes) -> None:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        try:
            writer.write(head)
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(every):
                        await reader.read(1024)
        except ConnectionError:
            pass
        finally:
            closed[number] = True
            writer.close()

    tasks: list[asyncio.Task[None]] = []
    for number, head in enumerate(heads):
        closed.append(False)
        tasks.append(asyncio.create_task(trickle(number, head)))
    try:
        yield closed
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def go_on_beside_slow_ones(url: str, beginnings: Sequence[bytes], ask: Callable[[], Awaitable[object]]) -> None:
    """Hundreds of connections begin and send one byte at a time; a well-behaved client is answered as before, and they
    are cut off."""
    quiet = await _p95(ask)
    async with slow_connections(url, [*beginnings] * (SLOW_CONNECTIONS // len(beginnings))) as closed:
        await asyncio.sleep(0.5)
        attacked = await _p95(ask)
        assert not all(closed), "the attack was over before it was measured"
        # Whoever is too slow is cut off: 10 s after it began.
        async with asyncio.timeout(40):
            while not all(closed):  # noqa: ASYNC110 (the other side's doing)
                await asyncio.sleep(0.2)
    print(f"p95 of a well-behaved client: {quiet:.1f} ms quiet, {attacked:.1f} ms under attack")
    assert attacked < max(MAX_P95_MS, 10 * quiet)


async def _p95(ask: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of 40 requests, one after another."""
    took: list[float] = []
    for _ in range(40):
        began = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - began) * 1000)
    return p95(took)
