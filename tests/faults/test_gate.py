"""Faults of an object store, seen by a client that speaks HTTP."""

import asyncio
from collections.abc import AsyncGenerator

import h11
import httpx
import pytest
import pytest_asyncio

from tests.faults.gate import HttpFaults, StoreLink

CONTENT = bytes(range(256)) * 40


class Store:
    """Keeps what is put and gives it back, as far as HTTP is concerned."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = h11.Connection(h11.SERVER)
        body = b""
        target = method = ""
        try:
            while True:
                event = http.next_event()
                match event:
                    case h11.NEED_DATA:
                        http.receive_data(await reader.read(65536))
                    case h11.Request():
                        method, target, body = event.method.decode(), event.target.decode(), b""
                        self.requests.append((method, target))
                    case h11.Data():
                        body += event.data
                    case h11.EndOfMessage():
                        await self._answer(http, method, target, body, writer)
                        http.start_next_cycle()
                    case _:
                        return
        except (OSError, h11.ProtocolError):
            return
        finally:
            writer.close()

    async def _answer(
        self, http: h11.Connection, method: str, target: str, body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        if method == "PUT":
            self.objects[target] = body
        answer = b"" if method == "PUT" else self.objects.get(target, b"<list/>")
        headers = [("Content-Length", str(len(answer))), ("x-amz-meta-a", "b")]
        for event in (h11.Response(status_code=200, headers=headers), h11.Data(data=answer), h11.EndOfMessage()):
            writer.write(http.send(event) or b"")
        await writer.drain()


@pytest_asyncio.fixture(loop_scope="session")
async def store() -> AsyncGenerator[tuple[Store, int]]:
    store = Store()
    async with await asyncio.start_server(store.serve, "127.0.0.1", 0) as listening:
        yield store, listening.sockets[0].getsockname()[1]


@pytest_asyncio.fixture(loop_scope="session")
async def link(store: tuple[Store, int]) -> AsyncGenerator[StoreLink]:
    link = await StoreLink.start("client", "s3", seed=7)
    link.lead_to("127.0.0.1", store[1])
    yield link
    await link.close()


@pytest_asyncio.fixture(loop_scope="session")
async def client(link: StoreLink) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{link.address}", trust_env=False, timeout=20) as client:
        yield client


async def test_without_a_fault_requests_and_answers_pass_unchanged(client: httpx.AsyncClient, link: StoreLink) -> None:
    with link.failing(HttpFaults()):
        await client.put("/bucket/key", content=CONTENT)
        answer = await client.get("/bucket/key")
        again = await client.get("/bucket/key")

    assert answer.content == again.content == CONTENT
    assert answer.headers["x-amz-meta-a"] == "b"
    assert link.gate.counts == {"requests": 3}


async def test_slow_down_is_answered_in_place_of_doing_anything(
    client: httpx.AsyncClient, link: StoreLink, store: tuple[Store, int]
) -> None:
    with link.failing(HttpFaults(slow_down=1)):
        answers = [await client.put("/bucket/key", content=CONTENT), await client.get("/bucket/key")]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert "<Code>SlowDown</Code>" in answers[0].text
    assert store[0].requests == []


async def test_a_fifth_of_the_requests_is_slowed_down_when_a_fifth_was_asked_for(
    client: httpx.AsyncClient, link: StoreLink
) -> None:
    with link.failing(HttpFaults(slow_down=0.2)):
        codes = [(await client.get("/bucket/key")).status_code for _ in range(200)]

    assert 20 < codes.count(503) < 60
    assert link.gate.counts["slow_down"] == codes.count(503)


async def test_an_upload_that_is_cut_breaks_the_connection_and_stores_nothing(
    client: httpx.AsyncClient, link: StoreLink, store: tuple[Store, int]
) -> None:
    with link.failing(HttpFaults(cut_uploads=1)), pytest.raises(httpx.TransportError):
        await client.put("/bucket/key", content=CONTENT)

    assert store[0].objects == {}


async def test_a_shortened_upload_is_taken_by_a_store_that_looks_at_nothing(
    client: httpx.AsyncClient, link: StoreLink, store: tuple[Store, int]
) -> None:
    with link.failing(HttpFaults(shortened_uploads=1)):
        answer = await client.put("/bucket/key", content=CONTENT)

    assert answer.status_code == 200
    stored = store[0].objects["/bucket/key"]
    assert 0 < len(stored) < len(CONTENT)
    assert CONTENT.startswith(stored)


async def test_wrong_bytes_have_the_right_length_and_differ_in_one_place(
    client: httpx.AsyncClient, link: StoreLink, store: tuple[Store, int]
) -> None:
    store[0].objects["/bucket/key"] = CONTENT
    with link.failing(HttpFaults(wrong_bytes=1)):
        answer = await client.get("/bucket/key")

    assert len(answer.content) == len(CONTENT)
    assert sum(a != b for a, b in zip(answer.content, CONTENT, strict=True)) == 1


async def test_a_download_that_is_cut_breaks_the_connection(
    client: httpx.AsyncClient, link: StoreLink, store: tuple[Store, int]
) -> None:
    store[0].objects["/bucket/key"] = CONTENT
    with link.failing(HttpFaults(cut_downloads=1)), pytest.raises(httpx.TransportError):
        await client.get("/bucket/key")


@pytest.mark.parametrize("target", ["/bucket?list-type=2&prefix=a", "/bucket/", "/bucket/key?uploads"])
async def test_only_objects_are_read_wrongly(client: httpx.AsyncClient, link: StoreLink, target: str) -> None:
    with link.failing(HttpFaults(wrong_bytes=1)):
        assert (await client.get(target)).text == "<list/>"
    assert link.gate.counts["wrong_bytes"] == 0
