"""Forms with a file in them: looked at before they are read, since the file goes to the disk as it comes in."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.datastructures import UploadFile

from printworks_jobs_api.problems import ProblemError

FORM_BYTES = 64 * 1024
"""What a form may be longer than the file in it."""

_UPLOAD_CHUNK = 256 * 1024


def form_length(request: Request) -> int:
    """As the request says it. Raises ProblemError 411 `length_required`."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise ProblemError(411, "length_required", "Send the length of the form.")
    return int(length)


async def chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(_UPLOAD_CHUNK):
        yield chunk
