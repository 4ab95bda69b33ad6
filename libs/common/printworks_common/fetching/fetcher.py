"""The fetcher: an address that anybody may have written, turned into a file within limits, or a typed error."""

import asyncio
import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import certifi
import httpcore
import httpx

from printworks_common.fetching.errors import (
    BlockedAddressError,
    FetchMissingError,
    FetchTooLargeError,
    FetchUnreachableError,
    FetchUnsupportedError,
)
from printworks_common.fetching.guard import GuardedBackend, Resolver
from printworks_common.fetching.media_types import SNIFFED_BYTES, media_type_of
from printworks_common.logs import get_logger
from printworks_common.metrics import counter, histogram

MAX_BYTES = 25 * 1024 * 1024
TOTAL_SECONDS = 20.0
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
MAX_REDIRECTS = 3
MAX_URL_LENGTH = 4096
PARALLEL = 32

_PORTS = frozenset({80, 443})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAY_PASS = frozenset({408, 425, 429})
_HEADERS: tuple[tuple[str, str], ...] = (
    ("user-agent", "Printworks"),
    ("accept", "*/*"),
    ("accept-encoding", "identity"),
    ("connection", "close"),
)

FETCHES = counter("printworks_fetches_total", "Files fetched from addresses of customers, by outcome.", ["outcome"])
FETCH_SECONDS = histogram(
    "printworks_fetch_seconds", "Time of a fetch.", buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
)

_log = get_logger("printworks.fetching")


@dataclass(frozen=True)
class FetchedFile:
    """A file that was fetched: where it lies now, its length, sha256 (hex) and media type (by its first bytes)."""

    path: Path
    bytes: int
    sha256: str
    media_type: str


class Fetcher:
    """Fetches by GET. `allow_private_addresses` opens loopback, private networks and all ports: demonstrations, tests.

    No proxies, cookies, credentials or kept connections; nothing is taken from the environment.
    """

    def __init__(
        self,
        *,
        allow_private_addresses: bool = False,
        total_seconds: float = TOTAL_SECONDS,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._allow_private = allow_private_addresses
        self._total_seconds = total_seconds
        self._resolver = resolver or Resolver()
        self._gate = asyncio.Semaphore(PARALLEL)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or ssl.create_default_context(cafile=certifi.where()),
            max_connections=PARALLEL,
            # Each request connects anew, so that the judgement of an address is never older than its use.
            max_keepalive_connections=0,
            http1=True,
            http2=False,
            network_backend=GuardedBackend(self._resolver, allow_private=allow_private_addresses),
        )

    async def fetch(
        self, url: str, path: Path, *, max_bytes: int = MAX_BYTES, accepts: frozenset[str] | None = None
    ) -> FetchedFile:
        """Fetch `url` into `path`.

        `accepts` are media types (as of `media_types`); other content is given up at its first bytes. After an error
        nothing is left at `path`. Raises FetchMissingError (also for blocked addresses), FetchUnreachableError,
        FetchTooLargeError, FetchUnsupportedError.
        """
        outcome = "cancelled"
        try:
            async with self._gate:
                with FETCH_SECONDS.time():
                    fetched = await self._within_time(url, path, max_bytes, accepts)
            outcome = "fetched"
        except BlockedAddressError as error:
            outcome = "blocked"
            _log.warning("fetch_blocked", code=error.denial)
            raise
        except (FetchMissingError, FetchUnreachableError, FetchTooLargeError, FetchUnsupportedError) as error:
            outcome = error.code
            raise
        finally:
            FETCHES.labels(outcome).inc()
            if outcome != "fetched":
                _remove(path)
        return fetched

    async def close(self) -> None:
        self._resolver.close()
        await self._pool.aclose()

    async def _within_time(self, url: str, path: Path, max_bytes: int, accepts: frozenset[str] | None) -> FetchedFile:
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._follow(url, path, max_bytes, accepts)
        except TimeoutError as error:
            raise FetchUnreachableError from error
        except (
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            httpcore.ConnectionNotAvailable,
            ssl.SSLError,
        ) as error:
            raise FetchUnreachableError from error

    async def _follow(self, url: str, path: Path, max_bytes: int, accepts: frozenset[str] | None) -> FetchedFile:
        target = self._checked(url)
        for _ in range(MAX_REDIRECTS + 1):
            request = httpcore.URL(
                scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
            )
            async with self._pool.stream(
                "GET",
                request,
                headers=_HEADERS,
                extensions={
                    "timeout": {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": None}
                },
            ) as response:
                headers = _headers(response)
                if response.status not in _REDIRECTS or "location" not in headers:
                    _check_answer(response.status, headers, max_bytes)
                    return await _receive(response, headers, path, max_bytes, accepts)
                target = self._checked(headers["location"], base=target)
        raise FetchMissingError

    def _checked(self, url: str, *, base: httpx.URL | None = None) -> httpx.URL:
        """The URL, if it is one that may be fetched at all; where it leads is judged when connecting."""
        try:
            parsed = httpx.URL(url) if base is None else base.join(url)
            host = parsed.host  # decodes it, which not every name can be
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise BlockedAddressError("invalid_url") from error
        if len(url) > MAX_URL_LENGTH or not host:
            raise BlockedAddressError("invalid_url")
        if parsed.scheme not in {"http", "https"}:
            raise BlockedAddressError("scheme")
        if parsed.userinfo:
            raise BlockedAddressError("userinfo")
        if not self._allow_private and parsed.port is not None and parsed.port not in _PORTS:
            raise BlockedAddressError("port")
        return parsed


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _check_answer(status: int, headers: Mapping[str, str], max_bytes: int) -> None:
    if status >= 500 or status in _MAY_PASS:
        raise FetchUnreachableError(retry_after=_retry_after(headers))
    if status not in {200, 203}:
        raise FetchMissingError
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        # We asked for none; what is compressed may be a thousand times larger than its bytes.
        raise FetchUnsupportedError
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise FetchTooLargeError(max_bytes)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    return min(float(value), 300.0) if value.isascii() and value.isdecimal() else None


async def _receive(
    response: httpcore.Response,
    headers: Mapping[str, str],
    path: Path,
    max_bytes: int,
    accepts: frozenset[str] | None,
) -> FetchedFile:
    digest = hashlib.sha256()
    head = b""
    size = 0
    with _opened(path) as file:
        async for piece in response.aiter_stream():
            size += len(piece)
            if size > max_bytes:
                raise FetchTooLargeError(max_bytes)
            if len(head) < SNIFFED_BYTES:
                head = (head + piece)[:SNIFFED_BYTES]
                if len(head) == SNIFFED_BYTES:
                    _check_type(head, headers, accepts)
            digest.update(piece)
            file.write(piece)
    media_type = _check_type(head, headers, accepts)
    return FetchedFile(path, size, digest.hexdigest(), media_type)


def _check_type(head: bytes, headers: Mapping[str, str], accepts: frozenset[str] | None) -> str:
    media_type = media_type_of(head, headers.get("content-type"))
    if accepts is not None and media_type not in accepts:
        raise FetchUnsupportedError
    return media_type


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    # Written in the loop: pieces of 64 KB go to the page cache, which is quicker than a change of thread.
    return path.open("wb")
