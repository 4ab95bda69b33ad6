"""Taking uploads in: from a request into a file, never through memory, with their limit watched while they come."""

import hashlib
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path

import anyio

from printworks_jobs_api.problems import ProblemError

_HEAD_BYTES = 64


@dataclass(frozen=True)
class Received:
    """An upload on disk. `head` are its first bytes."""

    sha256: str
    size: int
    head: bytes


def picture_type(head: bytes) -> str | None:
    """Media type by the first bytes of a picture in a format that can be printed; None for anything else.

    The full check is the pinning's and the renderer's; this one answers at once what is hopeless.
    """
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in range(8, len(head), 4)}
        if brands & {b"avif", b"avis"}:
            return "image/avif"
        if brands & {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim"}:
            return "image/heic"
    return None


_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
)


async def receive(chunks: AsyncIterable[bytes], path: Path, limit: int, *, what: str = "picture") -> Received:
    """Write an upload to a file. Raises ProblemError 413 as soon as it is longer than `limit`, 422 when it is empty."""
    digest = hashlib.sha256()
    size = 0
    head = b""
    async with await anyio.open_file(path, "wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise too_large(limit, what)
            if len(head) < _HEAD_BYTES:
                head = (head + chunk)[:_HEAD_BYTES]
            digest.update(chunk)
            await file.write(chunk)
    if size == 0:
        raise ProblemError(422, "upload_empty", f"The {what} is empty.")
    return Received(digest.hexdigest(), size, head)


def too_large(limit: int, what: str = "picture") -> ProblemError:
    """413 with the limit, in bytes."""
    return ProblemError(
        413, "upload_too_large", f"The {what} is larger than {limit // (1024 * 1024)} MB.", limit_bytes=limit
    )
