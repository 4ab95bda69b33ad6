"""The weather of a link, felt at real sockets."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.faults.proxy import FAIR, Direction, Link, Weather, having

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
PATIENCE = 20.0
"""Seconds after which what should happen counts as not happening."""
MOMENT = 0.3
"""Long enough for loopback to have passed on what is passed on at all."""


class Server:
    """Sends back what it is sent, and notes it."""

    def __init__(self) -> None:
        self.heard = b""
        self.connections = 0
        self.something = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while data := await reader.read(65536):
                self.heard += data
                self.something.set()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # the weather
        finally:
            writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncGenerator[tuple[Server, int]]:
    server = Server()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        yield server, listening.sockets[0].getsockname()[1]


@pytest_asyncio.fixture(loop_scope="session")
async def link(server: tuple[Server, int]) -> AsyncGenerator[Link]:
    link = await Link.start("client", "server", seed=7)
    link.lead_to("127.0.0.1", server[1])
    yield link
    await link.close()


@pytest_asyncio.fixture(loop_scope="session")
async def connect(link: Link) -> AsyncGenerator[Connect]:
    """Open a connection through the link; closed at the end."""
    writers: list[asyncio.StreamWriter] = []

    async def opened() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        writers.append(writer)
        return reader, writer

    yield opened
    for writer in writers:
        writer.transport.abort()


async def until_reset(reader: asyncio.StreamReader) -> int:
    """How many bytes come before the connection is reset. Fails when it ends otherwise, or not at all."""
    count = 0
    async with asyncio.timeout(PATIENCE):
        try:
            while data := await reader.read(65536):
                count += len(data)
        except ConnectionResetError:
            return count
    raise AssertionError("the connection was closed, not reset")


async def answer(reader: asyncio.StreamReader, count: int) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.readexactly(count)


async def test_in_fair_weather_bytes_and_ends_pass_both_ways(connect: Connect, link: Link) -> None:
    reader, writer = await connect()
    body = bytes(range(256)) * 4096
    writer.write(body)
    writer.write_eof()

    assert await answer(reader, len(body)) == body
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    assert link.counts["to_server"] == link.counts["to_client"] == len(body)


async def test_latency_delays_each_way_and_does_not_limit_how_much_passes(connect: Connect, link: Link) -> None:
    link.weather = Weather(latency=0.15)
    reader, writer = await connect()
    body = bytes(2 * 1024 * 1024)
    began = time.monotonic()
    writer.write(body)
    await answer(reader, len(body))
    took = time.monotonic() - began

    assert took > 0.3
    assert took < 0.3 * len(body) / 65536 / 2, "it is not paid for each piece"


async def test_bandwidth_is_what_was_given(connect: Connect, link: Link) -> None:
    link.weather = Weather(bytes_per_second=100_000)
    reader, writer = await connect()
    began = time.monotonic()
    writer.write(bytes(40_000))
    await answer(reader, 40_000)

    assert time.monotonic() - began > 0.36


async def test_in_silence_nothing_arrives_and_afterwards_everything_does(
    connect: Connect, link: Link, server: tuple[Server, int]
) -> None:
    reader, writer = await connect()
    writer.write(b"before")
    await answer(reader, 6)
    link.weather = Weather(silent=Direction.BOTH)
    writer.write(b"meanwhile")
    await asyncio.sleep(MOMENT)
    assert server[0].heard == b"before"

    link.weather = FAIR
    assert await answer(reader, 9) == b"meanwhile"


async def test_silence_of_one_direction_lets_the_other_pass(
    connect: Connect, link: Link, server: tuple[Server, int]
) -> None:
    reader, writer = await connect()
    with having([link], Weather(silent=Direction.TO_CLIENT)):
        writer.write(b"heard")
        await asyncio.wait_for(server[0].something.wait(), PATIENCE)
        assert server[0].heard == b"heard"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), MOMENT)
    assert await answer(reader, 5) == b"heard"


async def test_who_gave_up_in_the_silence_has_never_reached_the_server(
    connect: Connect, link: Link, server: tuple[Server, int]
) -> None:
    link.weather = Weather(silent=Direction.BOTH)
    _, gave_up = await connect()
    gave_up.write(b"too late")
    gave_up.close()
    await asyncio.sleep(MOMENT)
    link.weather = FAIR
    reader, writer = await connect()
    writer.write(b"after")
    await answer(reader, 5)

    assert server[0].heard == b"after"
    assert server[0].connections == 1


async def test_a_reset_is_felt_as_one_and_the_next_connection_is_good(connect: Connect, link: Link) -> None:
    reader, writer = await connect()
    writer.write(b"x")
    await answer(reader, 1)
    link.reset()
    assert await until_reset(reader) == 0

    reader, writer = await connect()
    writer.write(b"y")
    assert await answer(reader, 1) == b"y"
    assert link.counts["reset"] == 1


async def test_resets_by_chance_come_within_their_time(connect: Connect, link: Link) -> None:
    link.weather = Weather(reset_per_second=0.99)
    reader, _ = await connect()
    assert await until_reset(reader) == 0


async def test_who_is_refused_is_reset(connect: Connect, link: Link, server: tuple[Server, int]) -> None:
    link.weather = Weather(refuse=True)
    reader, _ = await connect()
    assert await until_reset(reader) == 0
    assert server[0].connections == 0
    assert link.counts["refused"] == 1


async def test_a_server_that_is_away_resets_as_well(connect: Connect, link: Link) -> None:
    link.lead_to("127.0.0.1", 1)
    reader, _ = await connect()
    assert await until_reset(reader) == 0


async def test_an_answer_is_cut_within_its_range(connect: Connect, link: Link) -> None:
    link.weather = Weather(cut_answers_after=(1000, 2000))
    reader, writer = await connect()
    writer.write(bytes(50_000))

    assert await until_reset(reader) <= 2000
    assert 1000 <= link.counts["to_client"] <= 2000
    assert link.counts["cut"] == 1


@pytest.mark.parametrize("seed", [7, 8])
async def test_the_seed_decides_where_answers_are_cut(server: tuple[Server, int], seed: int) -> None:
    cuts: list[int] = []
    for _ in range(2):
        link = await Link.start("client", "server", seed=seed)
        link.lead_to("127.0.0.1", server[1])
        link.weather = Weather(cut_answers_after=(1, 1_000_000))
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        writer.write(bytes(1_000_001))
        await until_reset(reader)
        writer.close()
        await link.close()
        cuts.append(link.counts["to_client"])

    assert cuts[0] == cuts[1]
