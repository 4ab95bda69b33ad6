"""What stands before replicas, as a Kubernetes Service does: each connection goes to one that is ready, in turn.

Readiness is asked for as the chart asks for it, only faster. A pod that is being ended is taken out at once, and hears
of it later (`preStop`); connections that are open stay open.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import httpx
from printworks_local.stack.ports import free_ports

PERIOD_SECONDS = 1.0
FAILURES = 2
PROBE_SECONDS = 3.0
CHUNK_BYTES = 64 * 1024
BACKLOG = 1024


class Pod(Protocol):
    """What the front needs to know of a replica."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int: ...


@dataclass(slots=True)
class _Replica:
    port: int
    ready: bool = False
    ending: bool = False
    failures: int = 0


class Front:
    """Listens on `port` from its making on; knows replicas once it is told of them."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self._replicas: dict[str, _Replica] = {}
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._probing: asyncio.Task[None] | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.refused = 0
        """Connections for which no replica was ready."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "Front":
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port, backlog=BACKLOG)
        self._probing = asyncio.create_task(self._probe())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._probing is not None:
            self._probing.cancel()
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def serve(self, replicas: Iterable[Pod]) -> None:
        """Stand before these."""
        for one in replicas:
            self._replicas[one.name] = _Replica(one.port)

    def take_out(self, one: Pod) -> None:
        """It is being ended: nothing new goes there."""
        if one.name in self._replicas:
            self._replicas[one.name].ending = True

    def put_back(self, one: Pod) -> None:
        """It is a new one: what comes goes there as soon as it is ready."""
        if one.name in self._replicas:
            self._replicas[one.name] = _Replica(one.port)

    async def wait_ready(self, one: Pod) -> None:
        """Until connections may go there. Raises KeyError when nobody stands before it."""
        while not self._replicas[one.name].ready:  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.05)

    async def _probe(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=PROBE_SECONDS) as client:
            while True:
                await asyncio.gather(*(self._look(client, one) for one in list(self._replicas.values())))
                await asyncio.sleep(PERIOD_SECONDS)

    async def _look(self, client: httpx.AsyncClient, replica: _Replica) -> None:
        try:
            good = (await client.get(f"http://127.0.0.1:{replica.port}/readyz")).is_success
        except httpx.HTTPError:
            good = False
        replica.failures = 0 if good else replica.failures + 1
        replica.ready = good or (replica.ready and replica.failures < FAILURES)

    def _next(self) -> _Replica | None:
        open_ones = [one for one in self._replicas.values() if one.ready and not one.ending]
        self._turn += 1
        return open_ones[self._turn % len(open_ones)] if open_ones else None

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replica = self._next()
        if replica is None:
            self.refused += 1
            writer.transport.abort()
            return
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        try:
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", replica.port)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(_pass_on(reader, upstream), _pass_on(upstream_reader, writer))
        except OSError:
            writer.transport.abort()
            upstream.transport.abort()
        finally:
            writer.close()
            upstream.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()
