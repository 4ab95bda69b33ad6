"""Byte ranges of a request (RFC 9110, section 14). Pure."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class ByteRange:
    """Part of a file: `start` and `end` are positions of bytes, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start + 1


class UnsatisfiableRangeError(ValueError):
    """The range lies behind the end of the file: 416."""


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The part that is asked for; None for the whole file, also for forms that a server may ignore (several ranges,
    other units). Raises UnsatisfiableRangeError."""
    match = _ONE_RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        suffix = int(last)
        if suffix == 0 or size == 0:
            raise UnsatisfiableRangeError
        return ByteRange(max(0, size - suffix), size - 1)
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise UnsatisfiableRangeError
    return ByteRange(start, end)


def asked_part(range_header: str | None, if_range: str | None, etag: str, size: int) -> ByteRange | None:
    """As `parse_range`; None also when `If-Range` names another version than the one with this strong ETag."""
    if if_range is not None and if_range != etag:
        return None
    return parse_range(range_header, size)
