"""`/files/<token>/<name>`: the stable links of files, as they stand in metafields, events and pages.

The token decides alone; the name is for the reader. Whether the file may still be read is looked up on every request:
live → thumbnails and previews are streamed, print files redirect to a short-lived link (or are streamed where the store
has no address for browsers); cleared → 410; forged or unknown → 404. What was delivered to the shop's own storage is
read there in the same way.
"""

import asyncio
import html
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from printworks_common.errors import PoisonError, TransientError
from printworks_common.failures import Reason
from printworks_common.filelinks import FileRef
from printworks_common.logs import get_logger
from printworks_common.storage import ObjectMissingError

from printworks_jobs_api.api.conditional import matches
from printworks_jobs_api.api.context import Services, ServicesDep
from printworks_jobs_api.export_places import place_of
from printworks_jobs_api.metrics import FILE_REQUESTS
from printworks_jobs_api.problems import problem
from printworks_jobs_api.ranges import ByteRange, UnsatisfiableRangeError, parse_range
from printworks_jobs_api.tenancy import act_for

router = APIRouter()

PROJECTOR_WAIT_SECONDS = 2.0
"""A link may reach a reader a moment before the snapshot has reached the read model."""
_LOOK_SECONDS = 0.1

_LOOKED_AT = frozenset({"thumbnail", "preview"})
_SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "application/pdf"})
"""Types that a browser shows without running anything; all others are downloads."""

_TITLES = {"file_cleared": "File cleared", "file_unknown": "File not found"}

_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Resource-Policy": "same-site",
}

_log = get_logger(__name__)


@router.head("/files/{token}/{name}", tags=["files"], response_class=Response, operation_id="head_file")
@router.get("/files/{token}/{name}", tags=["files"], response_class=Response, operation_id="open_file")
async def open_file(token: str, name: str, request: Request, services: ServicesDep) -> Response:
    """A file of a print job, by the link that stands in the metafield."""
    del name
    ref = services.signer.read(token)
    row = None if ref is None else await _row(services, ref)
    if ref is None or row is None:
        return _count("unknown", _page(request, 404, "file_unknown", "There is no file at this address."))
    if row["state"] != "live":
        return _count("gone", _gone(request))
    etag = f'"{row["sha256"]}"'
    headers = {
        **_HEADERS,
        # Pictures are shown in the Shopify admin, which is another site.
        "Cross-Origin-Resource-Policy": "cross-origin" if row["role"] in _LOOKED_AT else "same-site",
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=300",
        "Content-Disposition": content_disposition(
            row["name"], inline=row["role"] in _LOOKED_AT, media_type=row["media_type"]
        ),
    }
    if matches(request.headers.get("if-none-match"), etag):
        return _count("not_modified", Response(status_code=304, headers=headers))
    if request.method == "HEAD":
        length = {"Content-Length": str(row["bytes"])}
        return _count("head", Response(media_type=row["media_type"], headers=headers | length))
    if "bucket" not in place_of(row):
        return await _hosted(request, services, ref.shop, row, headers)
    return await _delivered(request, services, ref.shop, row, headers)


async def _row(services: Services, ref: FileRef) -> Mapping[str, Any] | None:
    """The file's row; a link that we have signed is given a moment to appear in the read model."""
    act_for(ref.shop)
    deadline = asyncio.get_running_loop().time() + PROJECTOR_WAIT_SECONDS
    while True:
        row = await services.reader.file(ref.shop, ref.file_id)
        if row is not None or asyncio.get_running_loop().time() >= deadline:
            return row
        await asyncio.sleep(_LOOK_SECONDS)


async def _hosted(
    request: Request, services: Services, shop: str, row: Mapping[str, Any], headers: dict[str, str]
) -> Response:
    try:
        return await _open(request, services, shop, row, headers)
    except ObjectMissingError:
        # The purge removes the object before its snapshot comes round; at any other time somebody must look.
        _log.warning("object_missing", file_id=str(row["file_id"]))
        return _count("gone", _gone(request))


async def _delivered(
    request: Request, services: Services, shop: str, row: Mapping[str, Any], headers: dict[str, str]
) -> Response:
    """A file in the shop's own storage. Why that cannot be read is for the merchant; others learn that it is so."""
    try:
        return await _open(request, services, shop, row, headers)
    except ObjectMissingError:
        return _count("gone", _page(request, 410, "file_removed", "This file is no longer in the shop's own storage."))
    except (PoisonError, TransientError) as error:
        _log.warning("own_storage_unreadable", shop=shop, file_id=str(row["file_id"]), code=error.code)
        if error.code == Reason.STORAGE_REMOVED:
            return _count("gone", _page(request, 410, error.code, "The shop has given up the storage of this file."))
        sentence = "The shop's own storage, in which this file lies, cannot be read just now."
        return _count("storage_unreadable", _page(request, 503, error.code, sentence))


async def _open(
    request: Request, services: Services, shop: str, row: Mapping[str, Any], headers: dict[str, str]
) -> Response:
    """Redirected or streamed. Raises ObjectMissingError, and what the shop's own storage raises."""
    place = place_of(row)
    if row["role"] not in _LOOKED_AT:
        async with services.places.session(shop) as session:
            bucket, key = await session.open(place)
            if bucket.presigns:
                name = safe_name(row["name"])
                link = await bucket.presign_get(key, name, row["media_type"], services.presign_seconds)
                answer = RedirectResponse(link, 302, headers=_HEADERS | {"Cache-Control": "no-store"})
                return _count("redirected", answer)
    return await _stream(request, _reader(services, shop, place), row, headers)


_Read = Callable[[tuple[int, int] | None], AsyncGenerator[bytes]]
"""From a span of bytes, both ends included, or None for all, to the bytes."""


def _reader(services: Services, shop: str, place: dict[str, str]) -> _Read:
    async def read(span: tuple[int, int] | None) -> AsyncGenerator[bytes]:
        async with services.places.session(shop) as session:
            bucket, key = await session.open(place)
            async with aclosing(bucket.stream(key, span)) as pieces:
                async for piece in pieces:
                    yield piece

    return read


async def _stream(request: Request, read: _Read, row: Mapping[str, Any], headers: dict[str, str]) -> Response:
    size: int = row["bytes"]
    part = None
    if request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        try:
            part = parse_range(request.headers.get("range"), size)
        except UnsatisfiableRangeError:
            refusal = problem(
                416,
                "range_not_satisfiable",
                "The file ends before this range.",
                headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"},
            )
            return _count("bad_range", refusal)
    body = await _opened(read, part)
    if part is None:
        headers = headers | {"Content-Length": str(size)}
        return _count("streamed", StreamingResponse(body, media_type=row["media_type"], headers=headers))
    headers = headers | {
        "Content-Length": str(part.length),
        "Content-Range": f"bytes {part.start}-{part.end}/{size}",
    }
    return _count("streamed_part", StreamingResponse(body, 206, media_type=row["media_type"], headers=headers))


async def _opened(read: _Read, part: ByteRange | None) -> AsyncIterator[bytes]:
    """The object's bytes, with the first piece already read, so that a missing object is known before the answer."""
    chunks = read(None if part is None else (part.start, part.end))
    first = await anext(chunks, b"")

    async def rest() -> AsyncIterator[bytes]:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    return rest()


def content_disposition(name: str, *, inline: bool, media_type: str) -> str:
    """Value of `Content-Disposition`: an ASCII name for old readers, and the real one (RFC 6266)."""
    plain = safe_name(name)
    ascii_name = plain.encode("ascii", "replace").decode().replace("?", "_")
    shown = "inline" if inline and media_type in _SHOWN_INLINE else "attachment"
    return f"{shown}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(plain, safe='')}"


def safe_name(name: str) -> str:
    """A file name without what means something to a file system or a header."""
    kept = "".join("_" if char in '/\\"<>:|?*' or not char.isprintable() else char for char in name)
    return kept.strip(" .")[:120] or "file"


def _gone(request: Request) -> Response:
    return _page(
        request,
        410,
        "file_cleared",
        "This file was cleared at the end of its retention period, or erased on request. It cannot be brought back.",
    )


def _page(request: Request, status: int, code: str, sentence: str) -> Response:
    """A small page for people, a problem document for machines."""
    if "text/html" not in request.headers.get("accept", ""):
        return problem(status, code, sentence, headers=_HEADERS)
    title = _TITLES.get(code, "File not available")
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        "<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;"
        "margin:18vh auto 0;padding:0 1.25rem}h1{font-size:1.4rem;margin:0 0 .5rem}</style></head>"
        f"<body><main><h1>{title}</h1><p>{html.escape(sentence)}</p></main></body></html>",
        status_code=status,
        headers=_HEADERS | {"Cache-Control": "no-store"},
    )


def _count(outcome: str, response: Response) -> Response:
    FILE_REQUESTS.labels(outcome).inc()
    return response
