"""Downloads of exports: manifest and archives as responses, with ranges. For the API and for the pages."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from uuid import UUID

from fastapi import Response
from fastapi.responses import StreamingResponse
from printworks_common.errors import PoisonError
from printworks_common.storage import ObjectMissingError

from printworks_jobs_api.api.conditional import matches
from printworks_jobs_api.export_stream import BrokenExportError, Streams
from printworks_jobs_api.exports import Exports
from printworks_jobs_api.problems import ProblemError, not_found
from printworks_jobs_api.ranges import ByteRange, UnsatisfiableRangeError, asked_part

MANIFEST_TYPE = "application/x-ndjson"


async def manifest(
    exports: Exports, streams: Streams, shop: str, export_id: UUID, headers: Mapping[str, str]
) -> Response:
    """The manifest of a ready export. Raises ProblemError as `Exports.ready_export`."""
    export = await exports.ready_export(shop, export_id)
    answer = _headers(f'"{export_id.hex}"', f"export-{export_id}.ndjson")
    if matches(headers.get("if-none-match"), answer["ETag"]):
        return Response(status_code=304, headers=answer)
    return StreamingResponse(streams.manifest(export), media_type=MANIFEST_TYPE, headers=answer)


async def archive(
    exports: Exports,
    streams: Streams,
    shop: str,
    export_id: UUID,
    number: int,
    *,
    method: str,
    headers: Mapping[str, str],
) -> Response:
    """A ZIP archive of a ready export, or a range of it. The bytes are the same each time.

    Raises ProblemError as `Exports.ready_export`, 404 for a part that there is not, 410 `export_outdated` when a file
    in it was cleared or erased meanwhile, 416 `range_not_satisfiable`.
    """
    export = await exports.ready_export(shop, export_id)
    part = next((one for one in export.parts if one.part == number), None)
    if part is None:
        raise not_found("part of this export")
    answer = _headers(part.etag, f"export-{export_id}-{number:04d}.zip") | {"Accept-Ranges": "bytes"}
    if matches(headers.get("if-none-match"), part.etag):
        return Response(status_code=304, headers=answer)
    if await streams.outdated(export, part):
        raise _outdated()
    if method == "HEAD":
        return Response(media_type="application/zip", headers=answer | {"Content-Length": str(part.size)})
    try:
        asked = asked_part(headers.get("range"), headers.get("if-range"), part.etag, part.size)
    except UnsatisfiableRangeError as error:
        raise ProblemError(
            416,
            "range_not_satisfiable",
            "The archive ends before this range.",
            headers={"Content-Range": f"bytes */{part.size}", "Accept-Ranges": "bytes"},
        ) from error
    sent = asked or ByteRange(0, part.size - 1)
    answer["Content-Length"] = str(sent.length)
    if asked is not None:
        answer["Content-Range"] = f"bytes {sent.start}-{sent.end}/{part.size}"
    try:
        body = await _begun(streams.part(export, part, sent))
    except (ObjectMissingError, BrokenExportError, PoisonError) as error:
        raise _outdated() from error
    return StreamingResponse(body, 200 if asked is None else 206, media_type="application/zip", headers=answer)


async def _begun(pieces: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, the first of which is read already: what is wrong at once is known before the answer begins."""
    first = await anext(pieces)

    async def rest() -> AsyncIterator[bytes]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return rest()


def _headers(etag: str, name: str) -> dict[str, str]:
    return {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
        "Content-Disposition": f'attachment; filename="{name}"',
    }


def _outdated() -> ProblemError:
    return ProblemError(
        410, "export_outdated", "Files of this export were cleared or erased meanwhile. Make a new export."
    )
