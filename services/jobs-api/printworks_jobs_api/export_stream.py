"""The bytes of an export, from any place on, read from the stores as they are sent: nothing is kept."""

import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from printworks_common.postgres import Pool, ground_errors

from printworks_jobs_api.export_places import Places, Session
from printworks_jobs_api.exports import SQL, Export, Part
from printworks_jobs_api.ranges import ByteRange
from printworks_jobs_api.zipping import ZipEntry, central_header, local_header

_PAGE = 500


class BrokenExportError(Exception):
    """The store has other bytes than the archive was planned with; the download cannot go on."""


class Streams:
    def __init__(self, pool: Pool, places: Places) -> None:
        self._pool = pool
        self._places = places

    async def outdated(self, export: Export, part: Part) -> bool:
        """Whether a file of the part was cleared or erased meanwhile."""
        with ground_errors():
            found = await self._pool.fetchval(SQL["cleared_files"], export.row["shop"], export.export_id, part.part)
        return found is True

    async def manifest(self, export: Export) -> AsyncGenerator[bytes]:
        """NDJSON: a line per file and per print job without files, then an end record with counts and the digest of
        all lines before it, so that a cut download is known as one."""
        digest = hashlib.sha256()
        after = 0
        while True:
            with ground_errors():
                rows = await self._pool.fetch(SQL["lines_after"], export.row["shop"], export.export_id, after, _PAGE)
            if not rows:
                break
            piece = b"".join(_line(row["line"]) for row in rows)
            digest.update(piece)
            yield piece
            after = rows[-1]["position"]
        yield _line(end_record(export, digest.hexdigest()))

    async def part(self, export: Export, part: Part, wanted: ByteRange) -> AsyncGenerator[bytes]:
        """The bytes of an archive in a range. Raises BrokenExportError, and what the stores raise."""
        async with self._places.session(export.row["shop"]) as session:
            if wanted.start < part.content_bytes:
                async for piece in self._contents(session, export, part, wanted):
                    yield piece
            if wanted.end >= part.content_bytes and wanted.start < part.content_bytes + part.directory_bytes:
                async for piece in self._directory(export, part, wanted):
                    yield piece
            ending = _cut(part.ending, part.content_bytes + part.directory_bytes, wanted)
            if ending:
                yield ending

    async def _contents(self, session: Session, export: Export, part: Part, wanted: ByteRange) -> AsyncGenerator[bytes]:
        async for row in self._entries(export, part, wanted.start):
            at = row["content_offset"]
            if at > wanted.end:
                return
            header = local_header(_entry(row))
            if piece := _cut(header, at, wanted):
                yield piece
            begin = at + len(header)
            first, last = max(wanted.start, begin), min(wanted.end, begin + row["bytes"] - 1)
            if first > last:
                continue
            bucket, key = await session.open(row["place"])
            left = last - first + 1
            async with aclosing(bucket.stream(key, (first - begin, last - begin))) as pieces:
                async for piece in pieces:
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
            if left:
                raise BrokenExportError

    async def _directory(self, export: Export, part: Part, wanted: ByteRange) -> AsyncGenerator[bytes]:
        async for row in self._entries(export, part, 0):
            record = central_header(_entry(row), row["content_offset"])
            if piece := _cut(record, part.content_bytes + row["directory_offset"], wanted):
                yield piece

    async def _entries(self, export: Export, part: Part, place: int) -> AsyncIterator[Any]:
        """Rows of the part's files from the one on whose bytes are at `place`."""
        while place < part.content_bytes:
            with ground_errors():
                rows = await self._pool.fetch(
                    SQL["contents_from"], export.row["shop"], export.export_id, part.part, place, _PAGE
                )
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                return
            # Behind the last file the query would give that one again.
            place = rows[-1]["content_offset"] + len(local_header(_entry(rows[-1]))) + rows[-1]["bytes"]


def end_record(export: Export, lines_sha256: str) -> dict[str, Any]:
    row = export.row
    return {
        "type": "end",
        "files": row["files"],
        "bytes": row["bytes"],
        "jobs": row["jobs_done"],
        "jobs_without_files": row["jobs_without_files"],
        "parts": len(export.parts),
        "lines_sha256": lines_sha256,
    }


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _entry(row: Any) -> ZipEntry:
    return ZipEntry(row["path"], row["bytes"], row["crc32"])


def _cut(piece: bytes, at: int, wanted: ByteRange) -> bytes:
    """What of a piece that stands at `at` lies in the range."""
    return piece[max(0, wanted.start - at) : max(0, wanted.end + 1 - at)]
