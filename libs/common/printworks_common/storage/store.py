"""The hosted bucket: everything of a `Bucket`, and writing, listing and deleting."""

import asyncio
import io
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from minio.commonconfig import CopySource
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject

from printworks_common.errors import PrintworksError, TransientError
from printworks_common.logs import get_logger
from printworks_common.storage import transfer
from printworks_common.storage.bucket import Bucket
from printworks_common.storage.client import StorageConnection, connection_pool, open_client
from printworks_common.storage.errors import REFUSED, damaged, missing_bucket, of_code, store_errors
from printworks_common.storage.model import Cleared, DeleteFailure, ListedObject, StoredObject
from printworks_common.storage.probe import USUAL, Capabilities, probe

THREADS = 16
PAGE = 1000
"""Keys per request: the most that S3 lists or deletes at once."""

ANSWER_SECONDS = 5.0
"""A store that needs longer for its bucket's name does not answer."""

_log = get_logger("printworks.storage")


class ObjectStore(Bucket):
    """The hosted bucket. All methods raise GroundMissingError while the store is away, refuses us, or lacks the bucket.

    What the store honours is assumed until `open` has asked it.
    """

    def __init__(self, settings: StorageConnection, *, threads: int = THREADS) -> None:
        self._pool = connection_pool(settings, threads)
        public = settings.s3_public_endpoint
        super().__init__(
            settings.bucket,
            open_client(settings, settings.s3_endpoint, self._pool),
            public=open_client(settings, public, self._pool) if public else None,
            threads=ThreadPoolExecutor(threads, thread_name_prefix="object-store"),
            errors=store_errors,
        )
        self._can = USUAL

    async def open(self) -> Capabilities:
        """Find out what the store honours, and go by it from now on. Raises GroundMissingError."""
        self._can = await self._run(lambda: probe(self._client, self._bucket))
        _log.info(
            "store_probed",
            conditional_puts=self._can.conditional_puts,
            checksums=self._can.checksums,
            mode=self._can.versioning,
        )
        return self._can

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
                    self._client,
                    self._bucket,
                    key,
                    file,
                    media_type,
                    metadata or {},
                    if_absent=if_absent,
                    can=self._can,
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
                self._client,
                self._bucket,
                key,
                io.BytesIO(content),
                media_type,
                metadata or {},
                if_absent=if_absent,
                can=self._can,
            )
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

    async def abort_uploads(self, prefix: str, wanted: Callable[[str], bool] = lambda _: True) -> int:
        """Abort multipart uploads under a prefix that were begun and never finished: those of keys that are `wanted`.
        Returns how many."""
        return await self._run(lambda: self._abort_uploads(prefix, wanted))

    async def folders(self, prefix: str) -> Sequence[str]:
        """The prefixes one level (one slash) below a prefix, each with its slash at the end."""

        def work() -> Sequence[str]:
            found = self._client.list_objects(self._bucket, prefix=prefix)
            return [name for one in found if (name := one.object_name or "").endswith("/") and name != prefix]

        return await self._run(work)

    async def time(self) -> datetime | None:
        """What the store's own clock says, to the second; None where it does not tell."""

        def work() -> datetime | None:
            answer = self._client._execute("HEAD", self._bucket)
            told = answer.headers.get("Date")
            return None if told is None else parsedate_to_datetime(told)

        return await self._run(work)

    async def probe(self) -> None:
        """Ask for the bucket. Raises GroundMissingError."""
        if not await self._run(lambda: self._client.bucket_exists(self._bucket)):
            raise missing_bucket()

    async def answers(self) -> bool:
        """Whether the bucket can be reached within `ANSWER_SECONDS`."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.probe()
        except (PrintworksError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Let the threads end what they do; what waits is given up."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._pool.clear()

    async def _listed(self, prefix: str, *, versions: bool) -> AsyncIterator[ListedObject]:
        def begin() -> Iterator[Object]:
            return iter(
                self._client.list_objects(
                    self._bucket, prefix=prefix, recursive=True, include_version=versions and self._can.lists_versions
                )
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

    def _abort_uploads(self, prefix: str, wanted: Callable[[str], bool]) -> int:
        aborted = 0
        listed = prefix if self._can.lists_uploads else ""
        key_marker = upload_marker = None
        while True:
            found = self._client._list_multipart_uploads(
                self._bucket, prefix=listed, key_marker=key_marker, upload_id_marker=upload_marker
            )
            for upload in found.uploads:
                key = upload.object_name or ""
                if key.startswith(prefix) and wanted(key):
                    self._client._abort_multipart_upload(self._bucket, key, upload.upload_id or "")
                    aborted += 1
            if not found.is_truncated or not found.uploads:
                return aborted
            key_marker, upload_marker = found.next_key_marker, found.next_upload_id_marker


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
