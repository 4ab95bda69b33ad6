"""A bucket in a merchant's own storage: files are put there, looked at and read. There is no way to delete one."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from minio.error import S3Error
from pydantic import SecretStr

from printworks_common.errors import PoisonError, TransientError
from printworks_common.failures import REASONS, Reason
from printworks_common.storage import transfer
from printworks_common.storage.bucket import Bucket
from printworks_common.storage.client import READ_SECONDS, RETRIES, open_client
from printworks_common.storage.digests import Digest
from printworks_common.storage.errors import ObjectExistsError, ObjectMissingError
from printworks_common.storage.guarded import guarded_pool
from printworks_common.storage.model import StoredObject
from printworks_common.storage.refusals import merchant_errors
from printworks_common.storage.relay import Content, Upload, send
from printworks_common.storage.verify import verify

THREADS = 4
CLOSE_SECONDS = 15.0
TEST_OBJECT = "printworks-test.txt"
_TEST_CONTENT = b"Printworks has tested that it can write and read here. This file may be deleted.\n"
_HTTPS = 443
_FIRST_FREE_PORT = 1024
"""A port below it belongs to some other service: nobody is to knock there through us."""


@dataclass(frozen=True)
class MerchantConnection:
    """Where a merchant's bucket is and what opens it, in the clear: for a `MerchantBucket`, and not to be kept."""

    s3_endpoint: str
    s3_region: str
    bucket: str
    addressing: Literal["path", "virtual"]
    s3_access_key: str
    s3_secret_key: SecretStr
    browsable: bool = True
    s3_ca_file: Path | None = None

    @property
    def s3_public_endpoint(self) -> str | None:
        return self.s3_endpoint if self.browsable else None


def check_endpoint(endpoint: str, *, allow_private_addresses: bool = False) -> None:
    """Whether files may be sent to this endpoint at all; where its name leads is judged at each connection.

    Raises PoisonError `storage_address_refused`: not https, a port below 1024 other than 443, a name without a dot,
    user, path or query in it.
    """
    parts = urlsplit(endpoint)
    try:
        port = parts.port or (_HTTPS if parts.scheme == "https" else 80)
    except ValueError:
        raise _address_refused() from None
    bare = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
        raise _address_refused()
    if endpoint.rstrip("/") != bare:
        raise _address_refused()
    if allow_private_addresses:
        return
    if parts.scheme != "https" or "." not in parts.hostname.rstrip(".") or not _port_is_free(port):
        raise _address_refused()


def _port_is_free(port: int) -> bool:
    return port == _HTTPS or port >= _FIRST_FREE_PORT


def _address_refused() -> PoisonError:
    return PoisonError(REASONS[Reason.STORAGE_ADDRESS_REFUSED].sentence, code=Reason.STORAGE_ADDRESS_REFUSED)


class MerchantBucket(Bucket):
    """All methods raise what `merchant_errors` raises: PoisonError and TransientError whose codes are reasons of a
    failed print job. Raises PoisonError at once when the endpoint is not allowed.

    Connections go to public addresses only, unless `allow_private_addresses`, and let nothing through but what adds and
    reads (`guarded.py`).
    """

    def __init__(
        self,
        connection: MerchantConnection,
        *,
        allow_private_addresses: bool = False,
        threads: int = THREADS,
        read_seconds: float = READ_SECONDS,
        retries: int = RETRIES,
    ) -> None:
        check_endpoint(connection.s3_endpoint, allow_private_addresses=allow_private_addresses)
        self._pool = guarded_pool(
            connection,
            threads,
            allow_private_addresses=allow_private_addresses,
            read_seconds=read_seconds,
            retries=retries,
        )
        endpoint, virtual = connection.s3_endpoint.rstrip("/"), connection.addressing == "virtual"
        with _setting_errors():
            client = open_client(connection, endpoint, self._pool, virtual_host=virtual)
        super().__init__(
            connection.bucket,
            client,
            public=client if connection.browsable else None,
            threads=ThreadPoolExecutor(threads, thread_name_prefix="merchant-bucket"),
            errors=_bucket_errors,
        )

    async def deliver(self, content: Content, key: str, *, begun: Callable[[str], None]) -> StoredObject:
        """Copy an object here, straight to its final key, verified. One that is there already is left as it is.

        `begun` is called with the id of a multipart upload, in a thread, before its first part. A cancelled call ends
        its upload before the next part. Raises ObjectExistsError when something else lies under the key, and
        SourceGoneError.
        """
        given_up = threading.Event()
        try:
            return await self._run(lambda: self._deliver(content, key, Upload(begun, given_up)))
        except asyncio.CancelledError:
            given_up.set()
            raise

    async def abandon(self, key: str, upload_id: str) -> None:
        """End a multipart upload of ours that was begun and never completed; one that is gone is no error."""

        def work() -> None:
            try:
                self._client._abort_multipart_upload(self._bucket, key, upload_id)
            except S3Error as error:
                if error.code != "NoSuchUpload":
                    raise

        await self._run(work)

    async def check(self, key: str = TEST_OBJECT) -> None:
        """Put a small file, look at it and read it: all that a delivery needs. The file stays, since nothing is
        deleted here; a later check finds it and writes it again."""
        await self._run(lambda: self._check(key))

    async def close(self) -> None:
        """Let the threads end what they do, for a while; what waits is given up. A store that does not end its answers
        is left in the middle of them."""
        ending = asyncio.create_task(asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True))
        await asyncio.wait({ending}, timeout=CLOSE_SECONDS)
        self._pool.break_off()
        await ending
        self._pool.clear()

    def _deliver(self, content: Content, key: str, upload: Upload) -> StoredObject:
        found = self._found(key)
        if found is None:
            digest = send(self._client, self._bucket, key, content, upload)
        elif (found.bytes, found.sha256) == (content.bytes, content.sha256):
            # Ours, of an earlier try that did not get to verify it or to tell of it.
            digest = Digest(content.bytes, content.sha256, content.crc32, "")
        else:
            raise ObjectExistsError
        stored = self._client.stat_object(self._bucket, key)
        verify(self._client, self._bucket, key, stored, digest)
        return transfer.described(stored, key)

    def _found(self, key: str) -> StoredObject | None:
        """What lies under the key, as far as we may see: without the right to list, a missing key looks forbidden. The
        put that follows says what is really wrong."""
        try:
            with merchant_errors():
                return transfer.described(self._client.stat_object(self._bucket, key), key)
        except ObjectMissingError:
            return None
        except PoisonError as error:
            if error.code in {Reason.STORAGE_REFUSED, Reason.STORAGE_SETTING_WRONG}:
                return None
            raise

    def _check(self, key: str) -> None:
        digest = hashlib.sha256(_TEST_CONTENT).hexdigest()
        self._client._put_object(self._bucket, key, _TEST_CONTENT, {"Content-Type": "text/plain"})
        stored = self._client.stat_object(self._bucket, key)
        expected = Digest(len(_TEST_CONTENT), digest, 0, "")
        verify(self._client, self._bucket, key, stored, expected)


@contextmanager
def _bucket_errors() -> Generator[None, None, None]:
    """`merchant_errors`, and what our own checks of the bytes found."""
    with _setting_errors(), merchant_errors():
        try:
            yield
        except TransientError as error:
            if error.code == "store_damaged":
                raise TransientError(str(error), code=Reason.STORAGE_DAMAGED) from error
            raise


@contextmanager
def _setting_errors() -> Generator[None, None, None]:
    """The client refuses names of buckets and regions that no store could have."""
    try:
        yield
    except ValueError as error:
        raise PoisonError("The name of bucket or region is not one.", code=Reason.STORAGE_SETTING_WRONG) from error
