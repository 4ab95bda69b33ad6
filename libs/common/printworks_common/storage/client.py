"""The MinIO client as we want it: a pool of the right size, time-outs, few retries, a fixed region."""

import os
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import certifi
import urllib3
from minio import Minio
from pydantic import SecretStr

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0


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


def connection_pool(settings: StorageConnection, connections: int) -> urllib3.PoolManager:
    """Connections for `connections` threads. Requests are repeated only while that cannot change their meaning."""
    ca_file = settings.s3_ca_file or os.environ.get("SSL_CERT_FILE") or certifi.where()
    return urllib3.PoolManager(
        num_pools=4,
        maxsize=connections,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        retries=urllib3.Retry(
            total=3,
            connect=2,
            read=2,
            redirect=0,
            backoff_factor=0.2,
            backoff_jitter=0.1,
            status_forcelist=(500, 502, 503, 504),
            raise_on_status=False,
        ),
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(ca_file),
    )


def open_client(settings: StorageConnection, endpoint: str, pool: urllib3.PoolManager) -> Minio:
    """A client for an endpoint URL. The region is given, so that nothing is asked of the store before a request."""
    parts = urlsplit(endpoint)
    return Minio(
        parts.netloc,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=parts.scheme == "https",
        region=settings.s3_region,
        http_client=pool,
    )
