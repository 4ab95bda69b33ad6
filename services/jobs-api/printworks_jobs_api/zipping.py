"""The bytes of a ZIP archive of stored files, piece by piece, before any content has been read. Pure.

Sizes and CRC-32 of all files are known, nothing is compressed and every entry has the same date, so that the place of
each byte is known beforehand: an archive can be sent from anywhere on, and is the same each time. Formats: APPNOTE.TXT
6.3.10 of PKWARE, sections 4.3 to 4.5; ZIP64 only where a number needs it.
"""

import struct
from dataclasses import dataclass

_UTF8_NAMES = 1 << 11
_DATE = (1 << 5) | 1
"""1980-01-01, the first day that the format knows."""
_MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF
_PLAIN, _ZIP64 = 20, 45
_UNIX = 3 << 8
_MODE = 0o100644 << 16


@dataclass(frozen=True)
class ZipEntry:
    """A file in an archive: `name` with / between folders, size and CRC-32 of its content."""

    name: str
    bytes: int
    crc32: int


def local_header(entry: ZipEntry) -> bytes:
    """What stands before a file's content."""
    name = entry.name.encode()
    large = entry.bytes >= _MAX_32
    extra = struct.pack("<HHQQ", 1, 16, entry.bytes, entry.bytes) if large else b""
    size = _MAX_32 if large else entry.bytes
    return (
        struct.pack(
            "<4sHHHHHIIIHH",
            b"PK\x03\x04", _ZIP64 if large else _PLAIN, _UTF8_NAMES, 0, 0, _DATE, entry.crc32, size, size,
            len(name), len(extra),
        )
        + name
        + extra
    )  # fmt: skip


def central_header(entry: ZipEntry, offset: int) -> bytes:
    """A file's record in the directory at the end; `offset` is where its local header begins."""
    name = entry.name.encode()
    large, far = entry.bytes >= _MAX_32, offset >= _MAX_32
    numbers = ([entry.bytes, entry.bytes] if large else []) + ([offset] if far else [])
    extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    version = _ZIP64 if numbers else _PLAIN
    size = _MAX_32 if large else entry.bytes
    return (
        struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            b"PK\x01\x02", _UNIX | version, version, _UTF8_NAMES, 0, 0, _DATE, entry.crc32, size, size,
            len(name), len(extra), 0, 0, 0, _MODE, _MAX_32 if far else offset,
        )
        + name
        + extra
    )  # fmt: skip


def end_records(files: int, directory_bytes: int, directory_offset: int) -> bytes:
    """What closes an archive of so many files, whose directory is so long and begins there."""
    ending = struct.pack(
        "<4sHHHHIIH",
        b"PK\x05\x06", 0, 0, min(files, _MAX_16), min(files, _MAX_16), min(directory_bytes, _MAX_32),
        min(directory_offset, _MAX_32), 0,
    )  # fmt: skip
    if files < _MAX_16 and directory_bytes < _MAX_32 and directory_offset < _MAX_32:
        return ending
    record = struct.pack(
        "<4sQHHIIQQQQ",
        b"PK\x06\x06", 44, _UNIX | _ZIP64, _ZIP64, 0, 0, files, files, directory_bytes, directory_offset,
    )  # fmt: skip
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, directory_offset + directory_bytes, 1)
    return record + locator + ending
