"""A door in front of an S3 server that writes down every request, and can answer in the server's place."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

PIECE = 64 * 1024

Answer = tuple[int, str]
"""HTTP status and code of S3."""


@dataclass(frozen=True)
class Request:
    """What was asked; `query` holds the names alone."""

    method: str
    path: str
    query: frozenset[str]

    @property
    def deletes(self) -> bool:
        """Whether it removes an object: a DELETE that does not end an upload, or a batch of deletions."""
        return (self.method == "DELETE" and "uploadId" not in self.query) or "delete" in self.query


@dataclass
class S3Recorder:
    """`instead` may answer a request in the server's place."""

    upstream: str
    url: str = ""
    requests: list[Request] = field(default_factory=list[Request])
    instead: Callable[[Request], Answer | None] = lambda _: None
    bytes_per_second: float = 0
    """How fast bodies of requests are read; 0: as fast as they come."""
    _serving: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    def methods(self) -> set[str]:
        return {request.method for request in self.requests}

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def end(self) -> None:
        """Let go of connections on which nothing was asked."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._one(reader, writer)
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        length = _content_length(head)
        parts = urlsplit(target)
        names = frozenset(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
        request = Request(method, unquote(parts.path), names)
        self.requests.append(request)
        answer = self.instead(request)
        if answer is not None:
            await self._read_body(reader, length, None)
            await _tell(writer, method, *answer)
            return
        where = urlsplit(self.upstream)
        up_reader, up_writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            up_writer.write(head[:-2] + b"Connection: close\r\n\r\n")
            await self._read_body(reader, length, up_writer)
            while piece := await up_reader.read(PIECE):
                writer.write(piece)
                await writer.drain()
        finally:
            up_writer.close()

    async def _read_body(self, reader: asyncio.StreamReader, length: int, to: asyncio.StreamWriter | None) -> None:
        left = length
        while left:
            piece = await reader.read(min(PIECE, left))
            if not piece:
                raise ConnectionResetError
            left -= len(piece)
            if to is not None:
                to.write(piece)
                await to.drain()
            if self.bytes_per_second:
                await asyncio.sleep(len(piece) / self.bytes_per_second)


async def _tell(writer: asyncio.StreamWriter, method: str, status: int, code: str) -> None:
    body = b""
    if code and method != "HEAD":
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode()
    writer.write(
        f"HTTP/1.1 {status} Told\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n".encode()
        + body
    )
    await writer.drain()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


@asynccontextmanager
async def recorded(upstream: str) -> AsyncGenerator[S3Recorder]:
    """A recorder on a free port of loopback, in front of the server at `upstream`."""
    recorder = S3Recorder(upstream)
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0, limit=PIECE)
    recorder.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield recorder
    await recorder.end()
