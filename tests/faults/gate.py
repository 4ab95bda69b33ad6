"""A gate before an S3 server that understands HTTP: slow-down answers, uploads that lose bytes, wrong bytes on read.

It stands between a `Link` and the store (see `StoreLink`): the weather of the line is the link's affair. Requests are
passed on with their headers as they were: signatures stay right, and a fault is the store's or the line's, never a
client's.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import h11

from tests.faults.proxy import CHUNK_BYTES, Link, reset

SLOW_DOWN = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFaults:
    """Chances, each of a request that it fits. At most one fault befalls a request."""

    slow_down: float = 0.0
    """Any request: 503 SlowDown in place of doing anything."""
    cut_uploads: float = 0.0
    """A PUT with a body: the connection is reset in the middle of it."""
    shortened_uploads: float = 0.0
    """A PUT with a body: the store is given a shorter one, with a length that fits it."""
    cut_downloads: float = 0.0
    """A GET of an object: the connection is reset in the middle of the answer."""
    wrong_bytes: float = 0.0
    """A GET of an object: one byte of the answer is another one."""


class Gate:
    """`counts`: requests, and the names of the fields of `HttpFaults`."""

    def __init__(self, name: str, *, seed: int | str) -> None:
        self.faults = HttpFaults()
        self.counts: Counter[str] = Counter()
        self.upstream: tuple[str, int] = ("127.0.0.1", 0)
        self.port = 0
        self._name = name
        self.sow(seed)
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def sow(self, seed: int | str) -> None:
        """What befalls requests from now on comes from this seed."""
        self._chance = random.Random(f"{seed}/{self._name}/http")

    async def open(self) -> None:
        self._listening = await asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=CHUNK_BYTES)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def fault_of(self, method: str, target: str, length: int) -> str | None:
        """Draw what befalls a request: the name of a field of `HttpFaults`, or None."""
        fitting = ["slow_down"]
        if method == "PUT" and length > 1:
            fitting += ["cut_uploads", "shortened_uploads"]
        if method == "GET" and _is_of_an_object(target):
            fitting += ["cut_downloads", "wrong_bytes"]
        drawn = self._chance.random()
        for name in fitting:
            drawn -= getattr(self.faults, name)
            if drawn < 0:
                return name
        return None

    def somewhere_in(self, length: int) -> int:
        """A place after the first and before the last byte."""
        return self._chance.randrange(1, length) if length > 1 else 0

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a callback of a server runs in a task"
        self._tasks.add(task)
        server: asyncio.StreamWriter | None = None
        try:
            server_reader, server = await asyncio.open_connection(*self.upstream, limit=CHUNK_BYTES)
            client = _Peer(h11.Connection(h11.SERVER), reader, writer)
            exchange = _Exchange(self, client, _Peer(h11.Connection(h11.CLIENT), server_reader, server))
            while await exchange.one():
                pass
        except (OSError, h11.ProtocolError, _Cut):
            reset(writer)  # also when the store is away: the client sees a connection that breaks
        except asyncio.CancelledError:
            reset(writer)
        finally:
            writer.close()
            if server is not None:
                server.close()
            self._tasks.discard(task)


class StoreLink(Link):
    """A link to the object store, with a gate behind it while faults of HTTP are asked for."""

    def __init__(self, client: str, server: str, *, seed: int | str) -> None:
        super().__init__(client, server, seed=seed)
        self.gate = Gate(f"{client}/{server}", seed=seed)
        self._store = self.upstream

    async def open(self) -> None:
        await super().open()
        await self.gate.open()

    async def close(self) -> None:
        await super().close()
        await self.gate.close()

    def sow(self, seed: int | str) -> None:
        super().sow(seed)
        self.gate.sow(seed)

    def lead_to(self, host: str, port: int) -> None:
        self._store = self.gate.upstream = (host, port)
        super().lead_to(host, port)

    @contextmanager
    def failing(self, faults: HttpFaults) -> Generator[None]:
        """These faults meanwhile. Connections that are open are reset at the beginning and at the end."""
        self.gate.faults = faults
        self.upstream = ("127.0.0.1", self.gate.port)
        self.reset()
        try:
            yield
        finally:
            self.gate.faults = HttpFaults()
            self.upstream = self._store
            self.reset()


class _Cut(Exception):  # noqa: N818 - no error of ours: it is the fault
    """The connection breaks here."""


class _Peer:
    """One end of an exchange."""

    def __init__(self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.http = http
        self._reader = reader
        self._writer = writer

    async def next(self) -> object:
        """The next event; h11.PAUSED between two requests."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self._reader.read(CHUNK_BYTES))
        return event

    async def send(self, event: h11.Event) -> None:
        data = self.http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()


class _Exchange:
    """Requests of one client's connection, one after the other."""

    def __init__(self, gate: Gate, client: _Peer, server: _Peer) -> None:
        self._gate = gate
        self._client = client
        self._server = server

    async def one(self) -> bool:
        """Pass on a request and its answer. Returns whether another may follow.

        Raises OSError, h11.ProtocolError, _Cut when the connection is over."""
        request = await self._client.next()
        if not isinstance(request, h11.Request):
            return False
        self._gate.counts["requests"] += 1
        length = int(_header(request, b"content-length") or 0)
        method, target = request.method.decode(), request.target.decode()
        fault = self._gate.fault_of(method, target, length)
        if fault == "slow_down":
            return await self._slow_down(method)
        if fault in ("cut_uploads", "shortened_uploads"):
            self._gate.counts[fault] += 1
            await self._upload_less(request, self._gate.somewhere_in(length), cut=fault == "cut_uploads")
        else:
            await self._server.send(_same_request(request))
            await self._pass_body(self._client, self._server)
        await self._answer(fault)
        return self._again()

    async def _slow_down(self, method: str) -> bool:
        self._gate.counts["slow_down"] += 1
        while not isinstance(await self._client.next(), h11.EndOfMessage):
            pass
        headers = [("content-type", "application/xml"), ("content-length", str(len(SLOW_DOWN)))]
        await self._client.send(h11.Response(status_code=503, headers=headers, reason=b"Slow Down"))
        if method != "HEAD":
            await self._client.send(h11.Data(data=SLOW_DOWN))
        await self._client.send(h11.EndOfMessage())
        if self._client.http.our_state is h11.MUST_CLOSE:
            return False
        self._client.http.start_next_cycle()
        return True

    async def _upload_less(self, request: h11.Request, keep: int, *, cut: bool) -> None:
        """Send the first `keep` bytes of the body only: as if that were all, or until the connection breaks."""
        headers = request.headers.raw_items()
        if not cut:
            headers = [(n, str(keep).encode() if n.lower() == b"content-length" else v) for n, v in headers]
        await self._server.send(h11.Request(method=request.method, target=request.target, headers=headers))
        left = keep
        while isinstance(event := await self._client.next(), h11.Data):
            piece = bytes(event.data)[:left]
            left -= len(piece)
            if piece:
                await self._server.send(h11.Data(data=piece))
            if cut and not left:
                raise _Cut
        await self._server.send(h11.EndOfMessage())

    async def _answer(self, fault: str | None) -> None:
        answer = await self._server.next()
        while isinstance(answer, h11.InformationalResponse):
            await self._client.send(answer)
            answer = await self._server.next()
        if not isinstance(answer, h11.Response):
            raise _Cut
        await self._client.send(
            h11.Response(status_code=answer.status_code, headers=answer.headers.raw_items(), reason=answer.reason)
        )
        length = int(_header(answer, b"content-length") or 0)
        if fault in ("cut_downloads", "wrong_bytes") and answer.status_code in (200, 206) and length > 1:
            self._gate.counts[fault] += 1
            await self._pass_body(self._server, self._client, fault=fault, at=self._gate.somewhere_in(length))
        else:
            await self._pass_body(self._server, self._client)

    async def _pass_body(self, source: _Peer, target: _Peer, *, fault: str | None = None, at: int = -1) -> None:
        """`fault`: what happens to the byte number `at`."""
        passed = 0
        while isinstance(event := await source.next(), h11.Data):
            data = bytes(event.data)
            place = at - passed
            passed += len(data)
            if 0 <= place < len(data):
                if fault == "cut_downloads":
                    await target.send(h11.Data(data=data[:place]))
                    raise _Cut
                data = data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :]
            await target.send(h11.Data(data=data))
        if not isinstance(event, h11.EndOfMessage):
            raise _Cut
        await target.send(h11.EndOfMessage(headers=event.headers.raw_items()))

    def _again(self) -> bool:
        for peer in (self._client, self._server):
            if peer.http.our_state is not h11.DONE or peer.http.their_state is not h11.DONE:
                return False
            peer.http.start_next_cycle()
        return True


def _same_request(request: h11.Request) -> h11.Request:
    return h11.Request(method=request.method, target=request.target, headers=request.headers.raw_items())


def _header(message: h11.Request | h11.Response, name: bytes) -> str | None:
    return next((value.decode() for key, value in message.headers if key == name), None)


def _is_of_an_object(target: str) -> bool:
    """`/bucket/key`, and none of the questions that are asked of a key or a bucket."""
    parts = urlsplit(target)
    asked = {name for name in parse_qs(parts.query, keep_blank_values=True) if not name.lower().startswith("x-amz-")}
    return parts.path.strip("/").count("/") > 0 and asked <= {"versionId"}
