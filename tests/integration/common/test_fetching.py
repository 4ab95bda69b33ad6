"""The fetcher against a real HTTP server on loopback that behaves in every way a server can."""

import asyncio
import contextlib
import gzip
import hashlib
import resource
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printworks_common.addresses import Address
from printworks_common.errors import PrintworksError
from printworks_common.fetching import (
    IMAGES,
    BlockedAddressError,
    FetchedFile,
    Fetcher,
    FetchMissingError,
    FetchTooLargeError,
    FetchUnreachableError,
    FetchUnsupportedError,
)
from printworks_common.fetching.fetcher import PARALLEL
from printworks_common.fetching.guard import Resolver, _look_up
from printworks_common.logs import get_logger

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 5000

Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


class Names(Resolver):
    """Names that resolve to what a test says, each time to the next answer."""

    def __init__(self, answers: dict[str, list[list[str]]]) -> None:
        super().__init__()
        self.answers = answers

    async def resolve(self, host: str, port: int) -> Sequence[Address]:
        if host not in self.answers:
            return await super().resolve(host, port)
        turn = self.answers[host]
        return [ip_address(one) for one in (turn.pop(0) if len(turn) > 1 else turn[0])]


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncGenerator[tuple[str, list[str]]]:
    """A server; gives its host:port and the requests it saw."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            seen.append(head)
            await handler(head.split(" ")[1], writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the fetcher has hung up, as some tests want
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", seen


@asynccontextmanager
async def fetching(*, inside: bool = True, seconds: float = 5.0, names: dict[str, list[list[str]]] | None = None,
                   tls: ssl.SSLContext | None = None) -> AsyncGenerator[Fetcher]:  # fmt: skip
    fetcher = Fetcher(
        allow_private_addresses=inside, total_seconds=seconds, resolver=Names(names) if names else None, tls=tls
    )
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def fetch(
    reply: bytes, path: Path, *, max_bytes: int = 100_000, accepts: frozenset[str] | None = None, seconds: float = 5.0
) -> FetchedFile:
    """What becomes of one answer of a server."""

    async def handle(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    async with serving(handle) as (host, _), fetching(seconds=seconds) as fetcher:
        return await fetcher.fetch(f"http://{host}/picture", path, max_bytes=max_bytes, accepts=accepts)


async def test_a_picture_is_fetched_with_its_digest_and_the_type_of_its_bytes(tmp_path: Path) -> None:
    fetched = await fetch(answer(200, PNG, "content-type: text/html"), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == PNG
    assert fetched == FetchedFile(tmp_path / "out", len(PNG), hashlib.sha256(PNG).hexdigest(), "image/png")


async def test_nothing_but_what_is_needed_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def handle(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, PNG, "set-cookie: a=b"))

    async with serving(handle) as (host, seen), fetching() as fetcher:
        for _ in range(2):
            await fetcher.fetch(f"http://{host}/a%20b?c=d", tmp_path / "out")
    expected = {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert {line.partition(":")[0].lower() for line in seen[1].split("\r\n")[1:] if line} == expected
    assert seen[1].startswith("GET /a%20b?c=d HTTP/1.1")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(404), FetchMissingError),
        (answer(410), FetchMissingError),
        (answer(403), FetchMissingError),
        (answer(401), FetchMissingError),
        (answer(204), FetchMissingError),
        (answer(304), FetchMissingError),
        (answer(500), FetchUnreachableError),
        (answer(503), FetchUnreachableError),
        (answer(429, b"", "retry-after: 7"), FetchUnreachableError),
        (answer(200, PNG)[:-1], FetchUnreachableError),
        (b"", FetchUnreachableError),
        (b"no http at all\r\n\r\n", FetchUnreachableError),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 300_000, FetchUnreachableError),
        (answer(200, b"x" * 100_001), FetchTooLargeError),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_001, FetchTooLargeError),
        (answer(200, gzip.compress(b"\x00" * 1_000_000), "content-encoding: gzip"), FetchUnsupportedError),
    ],
)
async def test_each_bad_answer_is_a_typed_error_and_leaves_no_file(
    reply: bytes, error: type[PrintworksError], tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        await fetch(reply, tmp_path / "out")
    assert type(caught.value) is error
    assert not (tmp_path / "out").exists()


async def test_a_server_that_names_a_time_is_asked_again_after_it(tmp_path: Path) -> None:
    with pytest.raises(FetchUnreachableError) as caught:
        await fetch(answer(429, b"", "retry-after: 7"), tmp_path / "out")
    assert caught.value.retry_after == 7


async def test_content_of_another_type_is_given_up_at_its_first_bytes(tmp_path: Path) -> None:
    with pytest.raises(FetchUnsupportedError):
        await fetch(answer(200, b"<html>" * 100, "content-type: image/png"), tmp_path / "out", accepts=frozenset())
    assert (await fetch(answer(200, PNG), tmp_path / "out", accepts=IMAGES)).media_type == "image/png"


@pytest.mark.parametrize("pause", [0.0, 0.05])
async def test_an_endless_body_ends_at_the_size_or_the_time_limit(tmp_path: Path, pause: float) -> None:
    async def handle(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * (65536 if pause == 0 else 1))
            await writer.drain()
            await asyncio.sleep(pause)

    async with serving(handle) as (host, _), fetching(seconds=1.0) as fetcher:
        error = FetchTooLargeError if pause == 0 else FetchUnreachableError
        with pytest.raises(error):
            await fetcher.fetch(f"http://{host}/", tmp_path / "out", max_bytes=1_000_000)
    assert not (tmp_path / "out").exists()


ENDLESS = {
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" * 400),
    "a header": (b"HTTP/1.1 200 OK\r\na: ", b"b" * 16_384),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 2_000),
    "a chunk's extension": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a=", b"b" * 16_384),
    "a trailer": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\na: ", b"b" * 16_384),
    "a redirect's body": (b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n", b"b" * 16_384),
    "the body of an error": (b"HTTP/1.1 404 Not Found\r\n\r\n", b"b" * 16_384),
    "the body of a fault": (b"HTTP/1.1 500 Fault\r\n\r\n", b"b" * 16_384),
}
"""Beginnings, and what then comes for ever."""


@pytest.mark.parametrize("name", ENDLESS)
async def test_an_answer_without_an_end_costs_no_more_than_the_time_limit(tmp_path: Path, name: str) -> None:
    beginning, piece = ENDLESS[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def handle(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(handle) as (host, _), fetching(seconds=1.0) as fetcher:
        async with asyncio.timeout(5):
            with pytest.raises((FetchMissingError, FetchUnreachableError, FetchTooLargeError)):
                await fetcher.fetch(f"http://{host}/", tmp_path / "out", max_bytes=1_000_000)
    assert not (tmp_path / "out").exists()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kilobytes


@given(location=st.one_of(st.text(), st.text("/\\\\@:[]%#?.x0123456789 \t")))
@settings(max_examples=300, deadline=None)
def test_whatever_a_redirect_says_it_is_an_address_or_a_missing_file(location: str) -> None:
    fetcher = Fetcher()
    with contextlib.suppress(BlockedAddressError):
        target = fetcher._checked(location, base=httpx.URL("https://1.1.1.1/a"))
        assert (target.scheme, target.userinfo) in {("http", b""), ("https", b"")}
        assert target.port in {None, 80, 443}


async def test_a_server_that_never_answers_is_left_after_the_time_limit(tmp_path: Path) -> None:
    async def handle(_path: str, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    async with serving(handle) as (host, _), fetching(seconds=0.3) as fetcher:
        async with asyncio.timeout(1.0):
            with pytest.raises(FetchUnreachableError):
                await fetcher.fetch(f"http://{host}/", tmp_path / "out")


async def test_three_redirects_are_followed_and_a_fourth_is_not(tmp_path: Path) -> None:
    async def handle(path: str, writer: asyncio.StreamWriter) -> None:
        left = int(path.rsplit("/", 1)[1])
        writer.write(answer(302, b"", f"location: ../r/{left - 1}") if left else answer(200, PNG))

    async with serving(handle) as (host, seen), fetching() as fetcher:
        assert (await fetcher.fetch(f"http://{host}/r/3", tmp_path / "out")).bytes == len(PNG)
        assert len(seen) == 4
        with pytest.raises(FetchMissingError):
            await fetcher.fetch(f"http://{host}/r/4", tmp_path / "out")


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "http://user:password@127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    ],
)
async def test_a_redirect_that_leads_where_nobody_may_go_is_not_followed(tmp_path: Path, location: str) -> None:
    with pytest.raises(BlockedAddressError):
        await fetch(answer(302, b"", f"location: {location}"), tmp_path / "out")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://0177.0.0.1/", "http://2130706433/", "http://0x7f.1/",
        "http://127.1/", "http://①②⑦.⓪.⓪.①/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::]/",
        "http://0/", "http://10.0.0.1/", "http://192.168.0.1/", "http://169.254.169.254/latest/", "http://[fe80::1]/",
        "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://100.100.100.200/", "http://224.0.0.1/",
        "http://1.1.1.1:22/", "https://1.1.1.1:8443/", "ftp://1.1.1.1/", "file:///etc/passwd", "//1.1.1.1/", "/etc",
        "", "http://", "http://user@1.1.1.1/", "http://1.1.1.1 /", "http://a\r\nb/", "javascript:alert(1)",
        "http://" + "a" * 5000, "http://xn--/", "http://xn--a.xn--/", "http://1.1.1.1:0/",
    ],
)  # fmt: skip
async def test_an_address_that_leads_inward_is_a_missing_file_to_the_outside(tmp_path: Path, url: str) -> None:
    async with fetching(inside=False) as fetcher:
        with pytest.raises((BlockedAddressError, FetchUnreachableError)) as caught:
            await fetcher.fetch(url, tmp_path / "out")
    # Names in unusual digits are refused either as no name at all or by the address they resolve to: never connected.
    if isinstance(caught.value, BlockedAddressError):
        assert str(caught.value) == str(FetchMissingError())
        assert caught.value.code == "upload_missing"


async def test_one_bad_answer_among_good_ones_blocks_the_name(tmp_path: Path) -> None:
    async with fetching(inside=False, names={"mixed.example": [["1.1.1.1", "127.0.0.1"]]}) as fetcher:
        with pytest.raises(BlockedAddressError):
            await fetcher.fetch("http://mixed.example/", tmp_path / "out")


async def test_a_name_is_resolved_once_per_request_and_judged_at_each_redirect(tmp_path: Path) -> None:
    async def handle(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(302, b"", "location: /again"))

    async with serving(handle) as (host, seen):
        port = host.rpartition(":")[2]
        names = {"rebinding.example": [["127.0.0.1"], ["169.254.169.254"]]}
        async with fetching(names=names) as fetcher:
            with pytest.raises(BlockedAddressError):
                await fetcher.fetch(f"http://rebinding.example:{port}/", tmp_path / "out")
    assert len(seen) == 1
    assert f"host: rebinding.example:{port}" in seen[0].lower()


async def test_names_that_nobody_answers_for_keep_no_other_from_being_resolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def look_up(host: str, port: int) -> list[str]:
        if host == "silent.example":
            answered.wait()
        return _look_up(host, port)

    monkeypatch.setattr("printworks_common.fetching.guard._look_up", look_up)
    resolver = Resolver()
    silent = [asyncio.create_task(resolver.resolve("silent.example", 80)) for _ in range(3 * PARALLEL)]
    try:
        async with asyncio.timeout(2):
            assert await resolver.resolve("127.0.0.1", 80) == [ip_address("127.0.0.1")]
    finally:
        answered.set()
        await asyncio.gather(*silent, return_exceptions=True)
        resolver.close()


async def test_a_name_without_an_address_is_unreachable(tmp_path: Path) -> None:
    async with fetching() as fetcher:
        with pytest.raises(FetchUnreachableError):
            await fetcher.fetch("http://nowhere.invalid/", tmp_path / "out")


async def test_a_port_where_nobody_listens_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with fetching() as fetcher:
        with pytest.raises(FetchUnreachableError):
            await fetcher.fetch(f"http://127.0.0.1:{port}/", tmp_path / "out")


async def test_tls_is_checked_against_the_name_although_the_address_was_connected_to(
    tmp_path: Path, authority: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server_tls, client_tls = authority

    async def handle(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, PNG))

    names = {"pictures.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]}
    async with serving(handle, server_tls) as (host, _):
        port = host.rpartition(":")[2]
        async with fetching(names=names, tls=client_tls) as fetcher:
            await fetcher.fetch(f"https://pictures.example:{port}/", tmp_path / "out")
            with pytest.raises(FetchUnreachableError):
                await fetcher.fetch(f"https://other.example:{port}/", tmp_path / "out")
        async with fetching(names=names) as fetcher:
            with pytest.raises(FetchUnreachableError):
                await fetcher.fetch(f"https://pictures.example:{port}/", tmp_path / "out")


async def test_a_blocked_address_is_logged_by_its_kind_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    get_logger("test").info("ready")
    async with fetching(inside=False) as fetcher:
        with pytest.raises(BlockedAddressError):
            await fetcher.fetch("http://10.0.0.1/secret-path?name=anna", tmp_path / "out")
    output = capsys.readouterr().out
    assert "private" in output
    assert "10.0.0.1" not in output
    assert "anna" not in output
