"""Digests of content, in one pass, and the ETag that a store should answer with.

ETag: MD5 of the content for a single put; for a multipart upload MD5 of the parts' binary MD5s, `-`, number of parts
(Amazon S3 user guide, "Checking object integrity"; MinIO, Ceph and SeaweedFS do the same). A store that encrypts with
keys of its own may answer otherwise, with something that is no such ETag, or says so in its headers.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

CHUNK_BYTES = 1024 * 1024
PART_BYTES = 16 * 1024 * 1024
"""Size of the parts of a multipart upload; also the most that one upload keeps in memory."""

_ETAG = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")


@dataclass(frozen=True)
class Digest:
    """Of a whole content: `bytes` long, sha256 as hex, CRC-32 as in zip files, and the ETag of its upload."""

    bytes: int
    sha256: str
    crc32: int
    etag: str


class Digester:
    """Takes content piece by piece."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._crc32 = 0
        self._bytes = 0
        self._parts: list[bytes] = []
        self._part = hashlib.md5(usedforsecurity=False)
        self._in_part = 0

    def update(self, piece: bytes) -> None:
        self._sha256.update(piece)
        self._crc32 = zlib.crc32(piece, self._crc32)
        self._bytes += len(piece)
        view = memoryview(piece)
        while view:
            if self._in_part == PART_BYTES:
                self._close_part()
            taken = view[: PART_BYTES - self._in_part]
            self._part.update(taken)
            self._in_part += len(taken)
            view = view[len(taken) :]

    def digest(self) -> Digest:
        """Of everything taken so far; the digester is done with."""
        self._close_part()
        if len(self._parts) == 1:
            etag = self._parts[0].hex()
        else:
            joined = hashlib.md5(b"".join(self._parts), usedforsecurity=False)
            etag = f"{joined.hexdigest()}-{len(self._parts)}"
        return Digest(self._bytes, self._sha256.hexdigest(), self._crc32, etag)

    def _close_part(self) -> None:
        self._parts.append(self._part.digest())
        self._part = hashlib.md5(usedforsecurity=False)
        self._in_part = 0


def of_pieces(pieces: Iterable[bytes]) -> Digest:
    digester = Digester()
    for piece in pieces:
        digester.update(piece)
    return digester.digest()


def of_file(file: BinaryIO) -> Digest:
    """Of an open file from its position to its end."""
    return of_pieces(iter(lambda: file.read(CHUNK_BYTES), b""))


def is_etag(answered: str) -> bool:
    """Whether an ETag has the form of one that is made of MD5."""
    return _ETAG.fullmatch(answered) is not None


def etag_contradicts(expected: str, answered: str) -> bool:
    """Whether the store's ETag tells that it holds other bytes. An ETag of another kind tells nothing."""
    if not is_etag(answered) or ("-" in expected) != ("-" in answered):
        return False
    return expected != answered
