"""The MinIO client as we want it: a pool of the right size, time-outs, few retries, a fixed region."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import certifi
import urllib3
from minio import Minio
from pydantic import SecretStr
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
RETRIES = 3
RETRIED_STATUSES = (500, 502, 503, 504)
SEND_BYTES = 256 * 1024
"""A body is sent in pieces of this size, each with a time-out of its own (`CONNECT_SECONDS`): the socket's time-out is
for a whole send, so that a part of 16 MiB in one piece would need a line of 5 MiB/s."""


class StorageConnection(Protocol):
    """What a store needs of the settings; a merchant's own storage comes as such an object too."""

    @property
    def s3_endpoint(self) -> str: ...
    @property
    def s3_public_endpoint(self) -> str | None: ...
    @property
    def s3_region(self) -> str: ...
    @property
    def s3_access_key(self) -> str: ...
    @property
    def s3_secret_key(self) -> SecretStr: ...
    @property
    def s3_ca_file(self) -> Path | None: ...
    @property
    def bucket(self) -> str: ...


def connection_pool(
    settings: StorageConnection,
    connections: int,
    *,
    read_seconds: float = READ_SECONDS,
    retries: int = RETRIES,
    retried_statuses: Collection[int] = RETRIED_STATUSES,
) -> urllib3.PoolManager:
    """Connections for `connections` threads. Requests are repeated only while that cannot change their meaning."""
    ca_file = settings.s3_ca_file or os.environ.get("SSL_CERT_FILE") or certifi.where()
    pool = urllib3.PoolManager(
        num_pools=4,
        maxsize=connections,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        retries=urllib3.Retry(
            total=retries,
            connect=min(2, retries),
            read=min(2, retries),
            redirect=0,
            backoff_factor=0.2,
            backoff_jitter=0.1,
            status_forcelist=retried_statuses,
            respect_retry_after_header=bool(retried_statuses),
            raise_on_status=False,
        ),
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(ca_file),
    )
    use_connections(pool, _HTTPPool, _HTTPSPool)
    return pool


def use_connections(
    pool: urllib3.PoolManager, http: type[HTTPConnectionPool], https: type[HTTPSConnectionPool]
) -> None:
    """Which kinds of connections a pool opens."""
    schemes: dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]] = {"http": http, "https": https}
    pool.pool_classes_by_scheme = schemes


class PiecewiseHTTP(HTTPConnection):
    def send(self, data: Any) -> None:
        for piece in pieces_of(data):
            super().send(piece)


class PiecewiseHTTPS(HTTPSConnection):
    def send(self, data: Any) -> None:
        for piece in pieces_of(data):
            super().send(piece)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls: Any = PiecewiseHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls: Any = PiecewiseHTTPS


def pieces_of(data: Any) -> list[Any]:
    """A body in memory as views of `SEND_BYTES`; anything else as it is."""
    if not isinstance(data, bytes) or len(data) <= SEND_BYTES:
        return [data]
    whole = memoryview(data)
    return [whole[start : start + SEND_BYTES] for start in range(0, len(data), SEND_BYTES)]


def open_client(
    settings: StorageConnection, endpoint: str, pool: urllib3.PoolManager, *, virtual_host: bool | None = None
) -> Minio:
    """A client for an endpoint URL. The region is given, so that nothing is asked of the store before a request.

    virtual_host: the bucket in the host's name, or in the path; None: as is usual for the endpoint.
    """
    parts = urlsplit(endpoint)
    client = Minio(
        parts.netloc,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=parts.scheme == "https",
        region=settings.s3_region,
        http_client=pool,
    )
    if virtual_host is True:
        client.enable_virtual_style_endpoint()
    elif virtual_host is False:
        client.disable_virtual_style_endpoint()
    return client
