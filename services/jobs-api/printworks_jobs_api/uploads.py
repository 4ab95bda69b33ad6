"""Replacing a customer's picture: from the request into the hosted bucket, then a command that names it.

The upload goes through a file, never through memory, and its limit is watched while it comes in.
"""

import hashlib
import tempfile
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
from printworks_common.events.control import CommandKind, ReplacementInput
from printworks_common.templates import photo_input

from printworks_jobs_api.api.context import Services
from printworks_jobs_api.commands import check_possible
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keys import Principal
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


def find_input(inputs: list[dict[str, Any]], slot: str) -> str:
    """Id of the picture that is meant: an input's id, or the slot of one of the customer's pictures.

    Raises ProblemError 404 `unknown_input` with the ids there are.
    """
    pictures = [one["input_id"] for one in inputs if one["kind"] == "upload"]
    for wanted in (slot, photo_input(slot)):
        if wanted in pictures:
            return wanted
    raise ProblemError(404, "unknown_input", "This print job has no picture of that name.", inputs=pictures)


async def replace(
    services: Services,
    principal: Principal,
    job_id: UUID,
    slot: str,
    chunks: AsyncIterable[bytes],
    headers: Mapping[str, str],
) -> Answer:
    """Take the picture in, store it below the order's prefix, and ask for a new artwork version with it.

    Raises ProblemError 404, 409 (state of the job), 413 `upload_too_large`, 415 `upload_unsupported`, 422
    `upload_empty`.
    """
    job = await services.reader.job(principal.shop, job_id)
    check_possible(CommandKind.REPLACE_INPUT, job.row["status"])
    input_id = find_input(job.row["detail"]["inputs"], slot)
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > services.upload_max_bytes:
        raise too_large(services.upload_max_bytes)
    with tempfile.TemporaryDirectory(prefix="upload-", dir=services.upload_dir) as folder:
        path = Path(folder) / "picture"
        received = await receive(chunks, path, services.upload_max_bytes)
        media_type = picture_type(received.head)
        if media_type is None:
            raise ProblemError(
                415,
                "upload_unsupported",
                "This is not a picture that can be printed. Send a JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF or BMP.",
            )
        row = job.row
        key = (
            f"orders/{row['order_date'].isoformat()}/{principal.shop}/{row['order_id']}/{job_id}"
            f"/inputs/{received.sha256}"
        )
        await services.store.put_file(key, path, media_type)
    replacement = ReplacementInput(
        input_id=input_id, key=key, sha256=received.sha256, bytes=received.size, media_type=media_type
    )
    return await services.commands.issue(principal, job_id, CommandKind.REPLACE_INPUT, replacement=replacement)


async def receive(chunks: AsyncIterable[bytes], path: Path, limit: int) -> Received:
    """Write an upload to a file. Raises ProblemError 413 as soon as it is longer than `limit`, 422 when it is empty."""
    digest = hashlib.sha256()
    size = 0
    head = b""
    async with await anyio.open_file(path, "wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            if len(head) < _HEAD_BYTES:
                head = (head + chunk)[:_HEAD_BYTES]
            digest.update(chunk)
            await file.write(chunk)
    if size == 0:
        raise ProblemError(422, "upload_empty", "The picture is empty.")
    return Received(digest.hexdigest(), size, head)


def too_large(limit: int) -> ProblemError:
    """413 with the limit, in bytes."""
    return ProblemError(
        413, "upload_too_large", f"The picture is larger than {limit // (1024 * 1024)} MB.", limit_bytes=limit
    )
