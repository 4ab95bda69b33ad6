"""What the hosted bucket and a merchant's have in common: an async surface over a blocking client, and reading."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from minio import Minio
from urllib3 import BaseHTTPResponse

from printworks_common.storage import transfer
from printworks_common.storage.model import StoredObject

STREAM_BYTES = 256 * 1024

MAX_PRESIGNED_SECONDS = 900
MAX_BYTES_IN_MEMORY = 16 * 1024 * 1024

T = TypeVar("T")


class Bucket:
    """One bucket, read by `client`. `public` signs links for browsers; `errors` turns the client's errors into ours."""

    def __init__(
        self,
        bucket: str,
        client: Minio,
        *,
        public: Minio | None,
        threads: ThreadPoolExecutor,
        errors: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._bucket = bucket
        self._client = client
        self._public = public
        self._threads = threads
        self._errors = errors

    @property
    def presigns(self) -> bool:
        """Whether the store can be reached by a browser."""
        return self._public is not None

    async def head(self, key: str) -> StoredObject:
        """What is recorded of an object. Raises ObjectMissingError."""
        return await self._run(lambda: transfer.described(self._client.stat_object(self._bucket, key), key))

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
                reading = self._threads.submit(self._read, response)
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

    def read_part(self, key: str, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, for a thread that moves an object piece by piece; fewer at the end."""
        with self._errors():
            return transfer.read_part(self._client, self._bucket, key, offset, length)

    async def _run(self, work: Callable[[], T], *, abandoned: Callable[[T], None] | None = None) -> T:
        def guarded() -> T:
            with self._errors():
                return work()

        future = self._threads.submit(guarded)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if abandoned is not None:
                future.add_done_callback(lambda done: _abandon(done, abandoned))
            raise

    def _read(self, response: BaseHTTPResponse) -> bytes:
        with self._errors():
            return response.read(STREAM_BYTES)


def attachment(filename: str) -> str:
    """`Content-Disposition` of a download: an ASCII name for old readers, and the real one (RFC 6266)."""
    kept = "".join("_" if char in '/\\"<>:|?*' or not char.isprintable() else char for char in filename).strip(" .")
    name = kept[:120] or "file"
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _close(response: BaseHTTPResponse) -> None:
    """Give the connection back; one that has not been read to its end is closed."""
    response.close()
    response.release_conn()


def _abandon(done: Future[T], let_go: Callable[[T], None]) -> None:
    if not done.cancelled() and done.exception() is None:
        let_go(done.result())
