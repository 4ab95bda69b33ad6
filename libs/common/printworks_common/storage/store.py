"""The object store: an async surface over a blocking client in a bounded pool of threads."""

import asyncio
import io
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import urllib3
from minio.commonconfig import CopySource
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject
from urllib3 import BaseHTTPResponse

from printworks_common.errors import GroundMissingError, PrintworksError, TransientError
from printworks_common.storage import transfer
from printworks_common.storage.client import StorageConnection, connection_pool, open_client
from printworks_common.storage.errors import REFUSED, damaged, of_code, store_errors
from printworks_common.storage.model import Cleared, DeleteFailure, ListedObject, StoredObject

THREADS = 16
STREAM_BYTES = 256 * 1024
PAGE = 1000
"""Keys per request: the most that S3 lists or deletes at once."""

MAX_PRESIGNED_SECONDS = 900
MAX_BYTES_IN_MEMORY = 16 * 1024 * 1024

T = TypeVar("T")


class ObjectStore:
    """One bucket. All methods raise GroundMissingError while the store is away, refuses us, or lacks the bucket.

    `pool` replaces the connections, for a store whose address is not ours to trust.
    """

    def __init__(
        self, settings: StorageConnection, *, threads: int = THREADS, pool: urllib3.PoolManager | None = None
    ) -> None:
        self._bucket = settings.bucket
        self._pool = pool or connection_pool(settings, threads)
        self._client = open_client(settings, settings.s3_endpoint, self._pool)
        self._public = (
            open_client(settings, settings.s3_public_endpoint, self._pool) if settings.s3_public_endpoint else None
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="object-store")

    @property
    def presigns(self) -> bool:
        """Whether the store can be reached by a browser."""
        return self._public is not None

    async def put_file(
        self,
        key: str,
        path: Path,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
        *,
        if_absent: bool = False,
    ) -> StoredObject:
        """Upload a file; returns when the store holds it and has shown that size and digest are right.

        Raises TransientError (`store_damaged`) when they are not, ObjectExistsError when the key is taken and
        `if_absent` is set.
        """

        def work() -> StoredObject:
            with path.open("rb") as file:
                return transfer.put(
                    self._client, self._bucket, key, file, media_type, metadata or {}, if_absent=if_absent
                )

        return await self._run(work)

    async def put_bytes(
        self,
        key: str,
        content: bytes,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
        *,
        if_absent: bool = False,
    ) -> StoredObject:
        """As `put_file`."""
        return await self._run(
            lambda: transfer.put(
                self._client, self._bucket, key, io.BytesIO(content), media_type, metadata or {}, if_absent=if_absent
            )
        )

    async def get_file(self, key: str, path: Path, sha256: str | None = None) -> StoredObject:
        """Fetch an object into a file, verified; at `path` there is the whole content or nothing.

        Raises ObjectMissingError, and TransientError (`store_damaged`) when the bytes are wrong three times.
        """
        return await self._run(lambda: transfer.get_file(self._client, self._bucket, key, path, sha256))

    async def get_bytes(self, key: str, *, limit: int = MAX_BYTES_IN_MEMORY) -> bytes:
        """The content of a small object, verified. Raises ObjectMissingError, ValueError above `limit` bytes."""
        return await self._run(lambda: transfer.get_bytes(self._client, self._bucket, key, limit))

    async def stream(self, key: str, part: tuple[int, int] | None = None) -> AsyncGenerator[bytes, None]:
        """The content piece by piece, or the bytes from `part[0]` to `part[1]`, both included.

        A slow reader holds a connection, but no thread. Raises ObjectMissingError before the first piece.
        """
        offset, length = (0, 0) if part is None else (part[0], part[1] - part[0] + 1)
        response = await self._run(
            lambda: self._client.get_object(self._bucket, key, offset=offset, length=length), abandoned=_close
        )
        reading: Future[bytes] | None = None
        try:
            while True:
                reading = self._threads.submit(_read, response)
                piece = await asyncio.wrap_future(reading)
                if not piece:
                    return
                yield piece
        finally:
            # A reader that goes away in the middle leaves a thread in `read`: the connection is closed after it.
            if reading is None or reading.done():
                _close(response)
            else:
                reading.add_done_callback(lambda _: _close(response))

    async def head(self, key: str) -> StoredObject:
        """What is recorded of an object. Raises ObjectMissingError."""
        return await self._run(
            lambda: transfer.described(self._client.stat_object(self._bucket, key), key),
        )

    async def list(self, prefix: str) -> AsyncIterator[ListedObject]:
        """The objects under a prefix, by key, page by page."""
        async for one in self._listed(prefix, versions=False):
            yield one

    async def list_versions(self, prefix: str) -> AsyncIterator[ListedObject]:
        """All versions and delete markers under a prefix. Without versioning: the objects, with version id None."""
        async for one in self._listed(prefix, versions=True):
            yield one

    async def delete_batch(self, keys: Iterable[str | tuple[str, str | None]]) -> Sequence[DeleteFailure]:
        """Delete keys, or (key, version id) pairs, 1000 per request. Returns those that the store did not delete; a key
        that is not there counts as deleted."""
        failures: list[DeleteFailure] = []
        wanted = iter(keys)
        while batch := [_delete_object(one) for one in itertools.islice(wanted, PAGE)]:
            failures.extend(await self._run(lambda batch=batch: self._delete(batch)))
        return failures

    async def delete_prefix(self, prefix: str) -> Cleared:
        """Delete everything under a prefix: objects with all versions, and uploads that were never finished.

        Raises TransientError (`store_delete_failed`) when something could not be deleted; what could is gone then.
        """
        if not prefix.endswith("/") or prefix.count("/") < 2:
            raise ValueError("a prefix to be cleared ends in a slash and is at least two levels deep")
        await self.abort_uploads(prefix)
        objects = size = 0
        batch: list[ListedObject] = []
        async for one in self.list_versions(prefix):
            batch.append(one)
            if len(batch) == PAGE:
                await self._clear(batch)
                objects, size, batch = objects + len(batch), size + sum(item.bytes for item in batch), []
        await self._clear(batch)
        return Cleared(objects + len(batch), size + sum(item.bytes for item in batch))

    async def copy(self, source: str, target: str) -> StoredObject:
        """Copy inside the bucket, by the store itself; digests come with it. Raises ObjectMissingError."""

        def work() -> StoredObject:
            before = transfer.described(self._client.stat_object(self._bucket, source), source)
            self._client.copy_object(self._bucket, target, CopySource(self._bucket, source))
            after = transfer.described(self._client.stat_object(self._bucket, target), target)
            if (after.bytes, after.sha256) != (before.bytes, before.sha256):
                raise damaged("The copy in the store is not the same as its source.")
            return after

        return await self._run(work)

    async def presign_get(self, key: str, filename: str, media_type: str, seconds: int) -> str:
        """A link that anybody may use for `seconds` (at most 900): a download under this name and type.

        Signed here, without asking the store. Raises ValueError where the store has no public endpoint.
        """
        if self._public is None:
            raise ValueError("the store has no public endpoint")
        if not 1 <= seconds <= MAX_PRESIGNED_SECONDS:
            raise ValueError(f"a link may be valid for 1 to {MAX_PRESIGNED_SECONDS} seconds")
        return self._public.presigned_get_object(
            self._bucket,
            key,
            expires=timedelta(seconds=seconds),
            response_headers={
                "response-content-disposition": attachment(filename),
                "response-content-type": media_type,
            },
        )

    async def abort_uploads(self, prefix: str) -> int:
        """Abort multipart uploads under a prefix that were begun and never finished. Returns how many."""
        return await self._run(lambda: self._abort_uploads(prefix))

    async def probe(self) -> None:
        """Ask for the bucket. Raises GroundMissingError."""
        if not await self._run(lambda: self._client.bucket_exists(self._bucket)):
            raise GroundMissingError("The bucket does not exist.", code="bucket_missing")

    async def answers(self) -> bool:
        """Whether the bucket can be reached: a readiness check."""
        try:
            await self.probe()
        except PrintworksError:
            return False
        return True

    async def close(self) -> None:
        """Let the threads end what they do; what waits is given up."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._pool.clear()

    async def _run(self, work: Callable[[], T], *, abandoned: Callable[[T], None] | None = None) -> T:
        def guarded() -> T:
            with store_errors():
                return work()

        future = self._threads.submit(guarded)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if abandoned is not None:
                future.add_done_callback(lambda done: _abandon(done, abandoned))
            raise

    async def _listed(self, prefix: str, *, versions: bool) -> AsyncIterator[ListedObject]:
        def begin() -> Iterator[Object]:
            return iter(
                self._client.list_objects(self._bucket, prefix=prefix, recursive=True, include_version=versions)
            )

        found = await self._run(begin)
        while page := await self._run(lambda: list(itertools.islice(found, PAGE))):
            for one in page:
                yield _listed_object(one)

    async def _clear(self, batch: Sequence[ListedObject]) -> None:
        failures = await self.delete_batch((one.key, one.version_id) for one in batch)
        if not failures:
            return
        if failures[0].code in REFUSED:
            raise of_code(failures[0].code, 403)
        raise TransientError(f"The store did not delete {len(failures)} objects.", code="store_delete_failed")

    def _delete(self, batch: Sequence[DeleteObject]) -> Sequence[DeleteFailure]:
        return [
            DeleteFailure(error.name or "", error.version_id, error.code or "")
            for error in self._client.remove_objects(self._bucket, batch)
        ]

    def _abort_uploads(self, prefix: str) -> int:
        aborted = 0
        while True:
            found = self._client._list_multipart_uploads(self._bucket, prefix=prefix)
            for upload in found.uploads:
                self._client._abort_multipart_upload(self._bucket, upload.object_name or "", upload.upload_id or "")
                aborted += 1
            if not found.is_truncated or not found.uploads:
                return aborted


def attachment(filename: str) -> str:
    """`Content-Disposition` of a download: an ASCII name for old readers, and the real one (RFC 6266)."""
    kept = "".join("_" if char in '/\\"<>:|?*' or not char.isprintable() else char for char in filename).strip(" .")
    name = kept[:120] or "file"
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _read(response: BaseHTTPResponse) -> bytes:
    with store_errors():
        return response.read(STREAM_BYTES)


def _close(response: BaseHTTPResponse) -> None:
    """Give the connection back; one that has not been read to its end is closed."""
    response.close()
    response.release_conn()


def _abandon(done: Future[T], let_go: Callable[[T], None]) -> None:
    if not done.cancelled() and done.exception() is None:
        let_go(done.result())


def _delete_object(one: str | tuple[str, str | None]) -> DeleteObject:
    if isinstance(one, str):
        return DeleteObject(one)
    key, version_id = one
    return DeleteObject(key, None if version_id in {None, "null"} else version_id)


def _listed_object(one: Object) -> ListedObject:
    return ListedObject(
        key=one.object_name or "",
        bytes=one.size or 0,
        etag=one.etag or "",
        modified=one.last_modified,
        version_id=one.version_id,
        deleted=one.is_delete_marker,
    )
