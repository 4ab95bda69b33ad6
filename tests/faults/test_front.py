"""The front before replicas behaves as a Kubernetes Service does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from tests.faults.front import Front


@dataclass
class Pod:
    """Answers with its name, and with `ready` on `/readyz`."""

    name: str
    ready: bool = True
    port: int = 0
    served: list[str] = field(default_factory=list[str])

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Pod"]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield self
        server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status = b"503 No" if b"/readyz" in head and not self.ready else b"200 OK"
        body = self.name.encode()
        writer.write(b"HTTP/1.1 %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()
        writer.close()


async def who_answers(front: Front, times: int) -> set[str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        return {(await client.get(f"{front.url}/")).text for _ in range(times)}


async def until_ready(front: Front, *pods: Pod) -> None:
    for pod in pods:
        await asyncio.wait_for(front.wait_ready(pod), 20)


async def test_connections_go_to_each_ready_replica_in_turn() -> None:
    async with Front() as front, Pod("a").running() as a, Pod("b").running() as b:
        front.serve([a, b])
        await until_ready(front, a, b)
        assert await who_answers(front, 4) == {"a", "b"}


async def test_a_replica_that_is_not_ready_gets_nothing_new() -> None:
    async with Front() as front, Pod("a").running() as a, Pod("b", ready=False).running() as b:
        front.serve([a, b])
        await until_ready(front, a)
        assert await who_answers(front, 4) == {"a"}


async def test_a_replica_that_is_being_ended_gets_nothing_new_at_once() -> None:
    async with Front() as front, Pod("a").running() as a, Pod("b").running() as b:
        front.serve([a, b])
        await until_ready(front, a, b)
        front.take_out(b)
        assert await who_answers(front, 4) == {"a"}
        front.put_back(b)
        await until_ready(front, b)
        assert await who_answers(front, 4) == {"a", "b"}


async def test_with_no_replica_ready_a_connection_is_refused_and_counted() -> None:
    async with Front() as front:
        with pytest.raises(httpx.HTTPError):
            await who_answers(front, 1)
        assert front.refused == 1
