"""Connections to storage whose address a merchant has written: judged as the fetcher judges, connected to as judged.

They let through only what adds and reads: whatever the code above asks for, nothing in a merchant's bucket is deleted,
listed or configured. And they take in only what an answer may be: a store that never ends one holds neither memory nor,
after `break_off`, a thread.
"""

import socket
import threading
import time
import weakref
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import urllib3
from urllib3 import BaseHTTPResponse, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from printworks_common.addresses import denial_of
from printworks_common.errors import PoisonError
from printworks_common.failures import REASONS, Reason
from printworks_common.logs import get_logger
from printworks_common.storage.client import (
    READ_SECONDS,
    RETRIED_STATUSES,
    RETRIES,
    PiecewiseHTTP,
    PiecewiseHTTPS,
    StorageConnection,
    connection_pool,
    use_connections,
)

MAX_ANSWER_BYTES = 1 << 20
"""Of any answer but an object's content."""
PAUSE_SECONDS = 0.2

_PIECE_BYTES = 64 * 1024
_CONTENT = frozenset({200, 206})

_log = get_logger("printworks.storage")

_QUERIES = {
    "GET": frozenset({"response-content-disposition", "response-content-type", "versionId"}),
    "HEAD": frozenset({"versionId"}),
    "PUT": frozenset({"partNumber", "uploadId"}),
}


def guarded_pool(
    settings: StorageConnection,
    connections: int,
    *,
    allow_private_addresses: bool = False,
    read_seconds: float = READ_SECONDS,
    retries: int = RETRIES,
) -> "GuardedPool":
    """For a client of a merchant's bucket. A request to an address that is not allowed raises PoisonError
    `storage_address_refused`, one that does more than to add and to read PoisonError `store_rejected`."""
    # The answers that are worth another try are looked at below: urllib3 would read them to their end, however far that
    # is, and wait for as long as they say.
    pool = connection_pool(settings, connections, read_seconds=read_seconds, retries=retries, retried_statuses=())
    sockets = _Sockets()
    use_connections(pool, *_connections(sockets, allow_private=allow_private_addresses))
    return GuardedPool(pool, sockets, retries)


class GuardedPool(urllib3.PoolManager):
    """Hands on to another pool what adds or reads. All answers but contents of objects are read here, up to a size."""

    def __init__(self, pool: urllib3.PoolManager, sockets: "_Sockets", retries: int) -> None:
        super().__init__(num_pools=1)
        self._guarded = pool
        self._sockets = sockets
        self._tries = 1 + retries

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> BaseHTTPResponse:
        if not adds_or_reads(method, url):
            raise PoisonError(f"A {method} of this kind is never sent to a merchant's bucket.", code="store_rejected")
        piecewise = not kw.pop("preload_content", True)
        tries = 0
        while True:
            tries += 1
            # A redirect is an answer of the store: its body says which region or endpoint would be right.
            answer = self._guarded.urlopen(
                method, url, redirect=False, preload_content=False, decode_content=False, **kw
            )
            if piecewise and answer.status in _CONTENT:
                return answer
            whole = _whole(answer, method)
            if whole.status not in RETRIED_STATUSES or method == "POST" or tries == self._tries:
                return whole
            time.sleep(PAUSE_SECONDS * 2**tries)

    def clear(self) -> None:
        self._guarded.clear()

    def break_off(self) -> None:
        """End all requests, those under way with an error, so that no thread waits for a store any more."""
        self._sockets.break_off()


def _whole(answer: BaseHTTPResponse, method: str) -> BaseHTTPResponse:
    """An answer that is no more than a document, in memory. Raises PoisonError `storage_refused`."""
    body = bytearray()
    try:
        while piece := answer.read(min(_PIECE_BYTES, MAX_ANSWER_BYTES + 1 - len(body))):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise PoisonError("The store answered more than any answer has.", code=Reason.STORAGE_REFUSED)
        answer.drain_conn()  # its end has come; this lets go of an empty body too
    except BaseException:
        answer.close()
        raise
    finally:
        answer.release_conn()
    return HTTPResponse(
        body=bytes(body), headers=answer.headers, status=answer.status, reason=answer.reason, request_method=method
    )


class _Sockets:
    """What is connected, to be broken off by another thread."""

    def __init__(self) -> None:
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._broken_off = False

    def watch(self, connected: socket.socket) -> socket.socket:
        with self._lock:
            self._open.add(connected)
            if self._broken_off:
                _shut(connected)
        return connected

    def break_off(self) -> None:
        with self._lock:
            self._broken_off = True
            for one in self._open:
                _shut(one)


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):  # closed by the other side already
        connected.shutdown(socket.SHUT_RDWR)


def adds_or_reads(method: str, url: str) -> bool:
    """Whether a request of S3 puts, heads or reads an object, or belongs to a multipart upload of our own.

    The one request that looks like a deletion, `DELETE …?uploadId=`, ends an upload that was never completed.
    """
    query = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    match method:
        case "GET" | "HEAD" | "PUT":
            return query <= _QUERIES[method]
        case "POST":
            return query in ({"uploads"}, {"uploadId"})
        case "DELETE":
            return query == {"uploadId"}
        case _:
            return False


def _connect(connection: HTTPConnection, *, allow_private: bool) -> socket.socket:
    """Resolve once, judge every answer, connect to one of them. TLS still checks the name."""
    try:
        found = socket.getaddrinfo(connection._dns_host, connection.port or 443, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except UnicodeError as error:
        raise NewConnectionError(connection, "the name is no name") from error
    for answer in found:
        denial = denial_of(ip_address(answer[4][0]), allow_private=allow_private)
        if denial is not None:
            _log.warning("storage_blocked", code=str(denial))
            raise PoisonError(REASONS[Reason.STORAGE_ADDRESS_REFUSED].sentence, code=Reason.STORAGE_ADDRESS_REFUSED)
    failure: OSError | None = None
    for answer in found:
        try:
            connected = socket.create_connection(
                (str(answer[4][0]), connection.port or 443), timeout=_seconds(connection.timeout)
            )
        except OSError as error:
            failure = error
            continue
        for option in connection.socket_options or ():
            connected.setsockopt(*option)
        return connected
    raise NewConnectionError(connection, "no address of the name can be reached") from failure


def _seconds(timeout: Any) -> float | None:
    return float(timeout) if isinstance(timeout, int | float) else None


def _connections(
    sockets: _Sockets, *, allow_private: bool
) -> tuple[type[HTTPConnectionPool], type[HTTPSConnectionPool]]:
    class Http(PiecewiseHTTP):
        def _new_conn(self) -> socket.socket:
            return sockets.watch(_connect(self, allow_private=allow_private))

    class Https(PiecewiseHTTPS):
        def _new_conn(self) -> socket.socket:
            return _connect(self, allow_private=allow_private)

        def connect(self) -> None:
            super().connect()  # a handshake has a time-out as a whole
            sockets.watch(cast("socket.socket", self.sock))

    class HttpPool(HTTPConnectionPool):
        ConnectionCls: Any = Http

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls: Any = Https

    return HttpPool, HttpsPool
