"""Connections to storage whose address a merchant has written: judged as the fetcher judges, connected to as judged.

They let through only what adds and reads: whatever the code above asks for, nothing in a merchant's bucket is deleted,
listed or configured.
"""

import socket
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import urllib3
from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from printworks_common.addresses import denial_of
from printworks_common.errors import PoisonError
from printworks_common.failures import REASONS, Reason
from printworks_common.logs import get_logger
from printworks_common.storage.client import (
    READ_SECONDS,
    RETRIES,
    PiecewiseHTTP,
    PiecewiseHTTPS,
    StorageConnection,
    connection_pool,
    use_connections,
)

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
) -> urllib3.PoolManager:
    """For a client of a merchant's bucket. A request to an address that is not allowed raises PoisonError
    `storage_address_refused`, one that does more than to add and to read PoisonError `store_rejected`."""
    pool = connection_pool(settings, connections, read_seconds=read_seconds, retries=retries)
    if allow_private_addresses:
        use_connections(pool, _InsideHTTPPool, _InsideHTTPSPool)
    else:
        use_connections(pool, _OutsideHTTPPool, _OutsideHTTPSPool)
    return _AddingOnly(pool)


class _AddingOnly(urllib3.PoolManager):
    """Hands on to another pool what adds or reads."""

    def __init__(self, pool: urllib3.PoolManager) -> None:
        super().__init__(num_pools=1)
        self._guarded = pool

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> BaseHTTPResponse:
        if not adds_or_reads(method, url):
            raise PoisonError(f"A {method} of this kind is never sent to a merchant's bucket.", code="store_rejected")
        # A redirect is an answer of the store: its body says which region or endpoint would be right.
        return self._guarded.urlopen(method, url, redirect=False, **kw)

    def clear(self) -> None:
        self._guarded.clear()


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


class _OutsideHTTP(PiecewiseHTTP):
    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=False)


class _OutsideHTTPS(PiecewiseHTTPS):
    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=False)


class _InsideHTTP(PiecewiseHTTP):
    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=True)


class _InsideHTTPS(PiecewiseHTTPS):
    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=True)


class _OutsideHTTPPool(HTTPConnectionPool):
    ConnectionCls: Any = _OutsideHTTP


class _OutsideHTTPSPool(HTTPSConnectionPool):
    ConnectionCls: Any = _OutsideHTTPS


class _InsideHTTPPool(HTTPConnectionPool):
    ConnectionCls: Any = _InsideHTTP


class _InsideHTTPSPool(HTTPSConnectionPool):
    ConnectionCls: Any = _InsideHTTPS
