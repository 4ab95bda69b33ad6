"""A merchant's storage that means harm: whatever it answers, a delivery ends with a reason, in time and in memory."""

import asyncio
import hashlib
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from printworks_common.errors import PoisonError, PrintworksError, TransientError
from printworks_common.failures import Reason
from printworks_common.storage import Content, MerchantBucket, MerchantConnection, ObjectExistsError, ObjectMissingError
from pydantic import SecretStr

MAX_GROWTH_MB = 40
FILE = b"%PDF-1.7 of a print job"
SHA256 = hashlib.sha256(FILE).hexdigest()

Store = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
"""Answers a request, of which it is told the method."""


@asynccontextmanager
async def bucket_of(store: Store, *, retries: int = 0, host: str = "127.0.0.1") -> AsyncGenerator[MerchantBucket]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            await reader.readexactly(length)
            await store(head.split(b" ")[0].decode(), writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        bucket = MerchantBucket(
            MerchantConnection(
                s3_endpoint=f"http://{host}:{server.sockets[0].getsockname()[1]}",
                s3_region="us-east-1",
                bucket="prints",
                addressing="path",
                s3_access_key="key",
                s3_secret_key=SecretStr("secret"),
            ),
            allow_private_addresses=True,
            retries=retries,
        )
        try:
            yield bucket
        finally:
            await bucket.close()


async def deliver(bucket: MerchantBucket) -> PrintworksError:
    """Why a delivery to it fails."""
    content = Content(
        lambda _key, offset, length: FILE[offset : offset + length], "a", len(FILE), SHA256, 0, "text/css"
    )
    with pytest.raises(PrintworksError) as caught:
        await bucket.deliver(content, "a.pdf", begun=lambda _: None)
    assert isinstance(caught.value, PoisonError | TransientError)
    assert isinstance(caught.value, ObjectMissingError | ObjectExistsError) or caught.value.code in set(Reason)
    return caught.value


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


XML = "content-type: application/xml"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><Error><Code>&j;</Code></Error>"
)
OBJECT = ('etag: "a"', "last-modified: Wed, 01 Jul 2026 10:00:00 GMT", f"x-amz-meta-sha256: {SHA256}")

ANSWERS = {
    "no document": answer(403, b"<not closed", XML),
    "an empty document": answer(403, b"<Error/>", XML),
    "another document": answer(403, b"<a><b/></a>", XML),
    "a document that grows": answer(403, BOMB, XML),
    "a document in no encoding": answer(403, b"\xff\xfe\x00<", XML),
    "a document with a foreign entity": answer(
        403, b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Error><Code>&x;</Code></Error>', XML
    ),
    "a page": answer(403, b"<html>\xff</html>", "content-type: text/html"),
    "an odd status": answer(299, b"x", XML),
    "a redirect inward": answer(307, b"", "location: http://169.254.169.254/latest"),
    "a redirect with a document": answer(301, b"<Error><Code>PermanentRedirect</Code></Error>", XML),
    "no date": answer(200, b"", "etag: a", "last-modified: yesterday"),
    "an impossible date": answer(200, b"", "etag: a", "last-modified: Mon, 99 Foo 0000 99:99:99 GMT"),
    "odd digests": answer(200, b"", *OBJECT, "x-amz-meta-crc32: nonsense"),
    "odd numbers": answer(200, b"", *OBJECT, "content-length: -5"),
    "nothing": answer(200),
    "a protocol of its own": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "hardly a head": b"HTTP/1.1 200",
    "countless headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 5_000 + b"\r\n",
    "an endless header": b"HTTP/1.1 200 OK\r\na: " + b"b" * 1_000_000,
}


# An answer that urllib3 itself cannot read is closed when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("method", ["HEAD", "PUT"])
async def test_any_answer_becomes_a_reason(method: str, name: str) -> None:
    async def store(asked: str, writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWERS[name] if asked == method else answer(404))

    async with bucket_of(store) as bucket:
        async with asyncio.timeout(10):
            error = await deliver(bucket)
    assert "root:" not in str(error)


def memory_mb(*, afresh: bool = False) -> float:
    """Most resident memory of this process, so far or from now on."""
    if afresh:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(peak) / 1024


@pytest.mark.parametrize("status", [200, 403])
async def test_an_answer_without_an_end_is_not_kept(status: int) -> None:
    sent = 0

    async def store(asked: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        if asked != "PUT":
            writer.write(answer(404))
            return
        writer.write(f"HTTP/1.1 {status} OK\r\n{XML}\r\nconnection: close\r\n\r\n".encode())
        while sent < 300:
            writer.write(b" " * (1 << 20))
            await writer.drain()
            sent += 1

    before = memory_mb(afresh=True)
    async with bucket_of(store) as bucket:
        await deliver(bucket)
    assert memory_mb() - before < MAX_GROWTH_MB
    assert sent < 300


async def test_content_without_an_end_is_read_no_further_than_the_file_is_long() -> None:
    """Its ETag proves nothing, so that the object is read back."""
    sent = 0

    async def store(asked: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        if asked == "GET":
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + FILE)
            while sent < 300:
                writer.write(bytes(1 << 20))
                await writer.drain()
                sent += 1
        elif asked == "PUT":
            writer.write(answer(200, b"", 'etag: "-"'))
        else:
            writer.write(
                f"HTTP/1.1 200 OK\r\ncontent-length: {len(FILE)}\r\n".encode()
                + "\r\n".join(OBJECT).encode()
                + b"\r\n\r\n"
            )

    async with bucket_of(store) as bucket:
        await deliver(bucket)
    assert sent < 300


@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 403 No\r\n\r\n", b"HTTP/1.1 200 OK\r\na: "]
)
async def test_a_store_that_never_ends_an_answer_is_left_when_nobody_waits_any_more(
    beginning: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def store(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        for _turn in range(150):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.2)

    monkeypatch.setattr("printworks_common.storage.merchant.CLOSE_SECONDS", 1.0)
    began = time.monotonic()
    async with bucket_of(store) as bucket:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await bucket.get_bytes("a.pdf")
    assert time.monotonic() - began < 10


async def test_a_store_that_is_busy_is_asked_again_and_says_not_how_long_to_wait() -> None:
    asked: list[str] = []

    async def store(method: str, writer: asyncio.StreamWriter) -> None:
        asked.append(method)
        writer.write(answer(503, b"", "retry-after: 100000"))

    async with bucket_of(store, retries=2) as bucket:
        async with asyncio.timeout(10):
            with pytest.raises(TransientError) as caught:
                await bucket.get_bytes("a.pdf")
    assert caught.value.code == Reason.STORAGE_UNREACHABLE
    assert asked == ["GET"] * 3


async def test_a_name_is_resolved_once_for_each_connection_and_judged_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve, addresses, asked = socket.getaddrinfo, ["127.0.0.1", "169.254.169.254"], list[str]()

    def changing(host: str, *arguments: Any, **named: Any) -> Any:
        return resolve(addresses.pop(0) if host == "rebinding.example" else host, *arguments, **named)

    async def store(method: str, writer: asyncio.StreamWriter) -> None:
        asked.append(method)
        writer.write(answer(404, b"<Error><Code>NoSuchKey</Code></Error>", XML))

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    async with bucket_of(store, host="rebinding.example") as bucket:
        with pytest.raises(ObjectMissingError):
            await bucket.get_bytes("a.pdf")
        with pytest.raises(PoisonError) as caught:
            await bucket.get_bytes("a.pdf")
    assert caught.value.code == Reason.STORAGE_ADDRESS_REFUSED
    assert asked == ["GET"]
    assert addresses == []
