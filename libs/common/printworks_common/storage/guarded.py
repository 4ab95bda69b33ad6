"""Connections to storage whose address a merchant has written: judged as the fetcher judges, connected to as judged."""

import socket
from ipaddress import ip_address
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from printworks_common.addresses import denial_of
from printworks_common.errors import PoisonError
from printworks_common.failures import REASONS, Reason
from printworks_common.logs import get_logger
from printworks_common.storage.client import StorageConnection, connection_pool

_log = get_logger("printworks.storage")


def guarded_pool(
    settings: StorageConnection, connections: int, *, allow_private_addresses: bool = False
) -> urllib3.PoolManager:
    """For `ObjectStore(…, pool=…)`. A request to an address that is not allowed raises PoisonError with the reason of a
    storage that does not answer, so that nobody can explore a network by it."""
    pool = connection_pool(settings, connections)
    schemes: dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]] = {
        "http": _InsideHTTPPool if allow_private_addresses else _OutsideHTTPPool,
        "https": _InsideHTTPSPool if allow_private_addresses else _OutsideHTTPSPool,
    }
    pool.pool_classes_by_scheme = schemes
    return pool


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
            raise PoisonError(REASONS[Reason.STORAGE_UNREACHABLE].sentence, code=Reason.STORAGE_UNREACHABLE)
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


class _OutsideHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=False)


class _OutsideHTTPS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=False)


class _InsideHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=True)


class _InsideHTTPS(HTTPSConnection):
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
