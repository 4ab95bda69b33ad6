"""Replacing a customer's picture: from the request into the hosted bucket, then a command that names it."""

import tempfile
from collections.abc import AsyncIterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from printworks_common.events.control import CommandKind, ReplacementInput
from printworks_common.templates import photo_input

from printworks_jobs_api.api.context import Services
from printworks_jobs_api.commands import check_possible
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.receiving import picture_type, receive, too_large

__all__ = ["find_input", "replace", "too_large"]


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
