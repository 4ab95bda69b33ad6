"""A TCP proxy with weather: it stands between one client and one server, and does what networks do at their worst.

    link = await Link.start("render-worker", "kafka", seed=7)
    link.lead_to("127.0.0.1", 9092)
    link.weather = Weather(silent=Direction.BOTH)     # a partition, also of the connections that are open
    link.weather = FAIR                               # what waited flows on, as TCP would send it again

Bytes are never lost in silence: they wait, as they wait in the buffers of a sender that repeats them. A connection that
is opened in silence reaches the server only if its client is still there when the silence ends.
"""

import asyncio
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Flag, auto
from typing import Self

CHUNK_BYTES = 64 * 1024
THROTTLED_BYTES = 4096
UNDER_WAY = 64
"""Chunks that may be on the line at once, in each direction: 4 MB, as much as the buffers of two kernels."""

RESET_EVERY_SECONDS = 0.1


class Direction(Flag):
    NONE = 0
    TO_SERVER = auto()
    TO_CLIENT = auto()
    BOTH = TO_SERVER | TO_CLIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What a link does to what passes through it. The default is a line without fault."""

    latency: float = 0.0
    """Seconds that each piece is under way; order is kept."""
    jitter: float = 0.0
    """Up to so many seconds more, drawn for each piece."""
    bytes_per_second: float | None = None
    """Of each connection and direction."""
    silent: Direction = Direction.NONE
    """A black hole: nothing arrives, nothing is refused."""
    refuse: bool = False
    """Whoever connects is reset."""
    reset_per_second: float = 0.0
    """Chance of each open connection to be reset within a second."""
    cut_answers_after: tuple[int, int] | None = None
    """The server's bytes on a connection end somewhere in this range, and the connection is reset."""


FAIR = Weather()


@dataclass(slots=True)
class _Side:
    """One direction of a connection: what was read and waits to be written, with the time at which it may arrive."""

    direction: Direction
    reader: asyncio.StreamReader
    line: "asyncio.Queue[tuple[float, bytes | None]]"
    ended: bool = False
    """The sender has closed or reset its side."""


class _Connection:
    """A client's connection and the one to the server that was opened for it."""

    def __init__(self, link: "Link", number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = f"{link.seed}/{link.client}/{link.server}/{number}"
        self.resets = random.Random(f"{name}/resets")
        self._jitter = random.Random(f"{name}/jitter")
        self._cuts = random.Random(f"{name}/cuts")
        self._link = link
        self._client = writer
        self._server: asyncio.StreamWriter | None = None
        self._to_server = _Side(Direction.TO_SERVER, reader, asyncio.Queue(UNDER_WAY))
        self._cut_in: Weather | None = None
        self._left = 0

    async def run(self) -> None:
        """Until both sides have closed, one was reset, or it is cancelled. Raises nothing of that."""
        reading = asyncio.create_task(self._read(self._to_server))
        try:
            await self._link.until(lambda weather: Direction.TO_SERVER not in weather.silent)
            if self._to_server.ended:
                return  # a handshake that was never completed: the server has not heard of it
            reader, self._server = await asyncio.open_connection(*self._link.upstream, limit=CHUNK_BYTES)
            to_client = _Side(Direction.TO_CLIENT, reader, asyncio.Queue(UNDER_WAY))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(to_client))
                group.create_task(self._write(self._to_server, self._server))
                group.create_task(self._write(to_client, self._client))
                await reading
        except* (OSError, _Reset, asyncio.CancelledError):
            self.reset()
        finally:
            reading.cancel()
            for writer in (self._client, self._server):
                if writer is not None:
                    writer.close()  # after a reset it does nothing

    def reset(self) -> None:
        """RST to both sides; what was under way is lost."""
        for writer in (self._client, self._server):
            if writer is not None:
                reset(writer)

    async def _read(self, side: _Side) -> None:
        try:
            while data := await side.reader.read(CHUNK_BYTES):
                weather = self._link.weather
                delay = weather.latency + self._jitter.uniform(0, weather.jitter)
                await side.line.put((time.monotonic() + delay, data))
            await side.line.put((time.monotonic(), b""))
        except OSError:
            await side.line.put((time.monotonic(), None))
        finally:
            side.ended = True

    async def _write(self, side: _Side, writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await side.line.get()
            await asyncio.sleep(due - time.monotonic())
            await self._link.until(lambda weather: side.direction not in weather.silent)
            if data is None:
                raise _Reset
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            await self._pass_on(side.direction, data, writer)

    async def _pass_on(self, direction: Direction, data: bytes, writer: asyncio.StreamWriter) -> None:
        weather = self._link.weather
        whole = self._whole(weather, data) if direction is Direction.TO_CLIENT else len(data)
        step = THROTTLED_BYTES if weather.bytes_per_second else CHUNK_BYTES
        for start in range(0, whole, step):
            piece = data[start : min(start + step, whole)]
            writer.write(piece)
            await writer.drain()
            self._link.counts["to_server" if direction is Direction.TO_SERVER else "to_client"] += len(piece)
            if weather.bytes_per_second:
                await asyncio.sleep(len(piece) / weather.bytes_per_second)
        if whole < len(data):
            self._link.counts["cut"] += 1
            raise _Reset

    def _whole(self, weather: Weather, data: bytes) -> int:
        """How many bytes of an answer are passed on."""
        if weather.cut_answers_after is None:
            return len(data)
        if self._cut_in is not weather:
            self._cut_in, self._left = weather, self._cuts.randint(*weather.cut_answers_after)
        whole = min(self._left, len(data))
        self._left -= whole
        return whole


class _Reset(Exception):  # noqa: N818 - no error of ours: it is the weather
    """This connection ends with a reset."""


class Link:
    """The proxy between one client and one server.

    `counts`: connections, refused, reset, cut, to_server and to_client (bytes). A scenario asserts with them that its
    fault has really happened.
    """

    def __init__(self, client: str, server: str, *, seed: int | str) -> None:
        self.client = client
        self.server = server
        self.seed = seed
        self.counts: Counter[str] = Counter()
        self.upstream: tuple[str, int] = ("127.0.0.1", 0)
        self._weather = FAIR
        self._changed = asyncio.Event()
        self._connections: dict[_Connection, asyncio.Task[None]] = {}
        self._listening: asyncio.Server | None = None
        self._resetting: asyncio.Task[None] | None = None
        self._port = 0

    def __repr__(self) -> str:
        return f"Link({self.client} - {self.server})"

    @classmethod
    async def start(cls, client: str, server: str, *, seed: int | str) -> Self:
        """A link that listens on a free port of loopback."""
        link = cls(client, server, seed=seed)
        await link.open()
        return link

    async def open(self) -> None:
        self._listening = await asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=CHUNK_BYTES)
        self._port = self._listening.sockets[0].getsockname()[1]
        self._resetting = asyncio.create_task(self._reset_some())

    async def close(self) -> None:
        """Stop listening and reset what is open."""
        if self._resetting is not None:
            self._resetting.cancel()
        if self._listening is not None:
            self._listening.close()
        tasks = list(self._connections.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        """Where the client connects."""
        return self._port

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def sow(self, seed: int | str) -> None:
        """What chance does to connections from now on comes from this seed."""
        self.seed = seed

    def lead_to(self, host: str, port: int) -> None:
        """The server, for connections from now on."""
        self.upstream = (host, port)

    @property
    def weather(self) -> Weather:
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        """From now on, also for the connections that are open."""
        self._weather = weather
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, so: Callable[[Weather], bool]) -> None:
        """Wait until the weather is `so`."""
        while not so(self._weather):
            await self._changed.wait()

    def reset(self) -> None:
        """Reset every open connection."""
        for connection in self._connections:
            self.counts["reset"] += 1
            connection.reset()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._weather.refuse:
            self.counts["refused"] += 1
            reset(writer)
            return
        self.counts["connections"] += 1
        connection = _Connection(self, self.counts["connections"], reader, writer)
        task = asyncio.current_task()
        assert task is not None, "a callback of a server runs in a task"
        self._connections[connection] = task
        try:
            await connection.run()
        finally:
            del self._connections[connection]

    async def _reset_some(self) -> None:
        while True:
            await asyncio.sleep(RESET_EVERY_SECONDS)
            chance = 1 - (1 - self._weather.reset_per_second) ** RESET_EVERY_SECONDS
            for connection in self._connections:
                if chance and connection.resets.random() < chance:
                    self.counts["reset"] += 1
                    connection.reset()


@contextmanager
def having(links: Iterable[Link], weather: Weather) -> Generator[None]:
    """This weather on all of them, and what each had before afterwards."""
    before = [(link, link.weather) for link in links]
    for link, _ in before:
        link.weather = weather
    try:
        yield
    finally:
        for link, old in before:
            link.weather = old


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST in place of FIN."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
