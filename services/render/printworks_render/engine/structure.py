"""How many parts a picture file is made of: looked at in one pass over its bytes, before a decoder sees them.

A file of few kilobytes can keep a decoder busy for minutes: a JPEG whose scans are repeated a thousand times, a PNG of
millions of empty chunks, a HEIC of overlays of overlays. Its pixels give no hint of it. The limits lie far beyond what
cameras and programs write.
"""

import mmap
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from printworks_common.failures import Reason

from printworks_render.engine.job import RenderError
from printworks_render.engine.sniff import Format

MAX_JPEG_SCANS = 100
"""Each goes over all pixels again. Usual encoders write about ten; libtiff stops at as many as here."""
MAX_JPEG_SEGMENTS = 10_000
MAX_JPEG_STRAY_BYTES = 256 << 10
"""Bytes between the segments of a header that belong to none."""
MAX_PNG_CHUNKS = 200_000
"""100 MB in the 8 KB chunks of libpng are 13,000."""
MAX_GIF_BLOCKS = 600_000
"""Blocks of at most 255 bytes: 100 MB and more of a single frame."""
MAX_TIFF_ENTRIES = 1_000
MAX_TIFF_VALUES = 1_000_000
"""Values of one entry that are not bytes, such as the places of strips and tiles."""
MAX_BMP_RUN_BYTES = 8 << 20
"""Of a BMP with runs, which Pillow decodes run by run in Python: about 2 million in a second."""
MAX_HEIF_BOXES = 100_000
"""And references, and properties of items."""
MAX_HEIF_PARTS = 2_000
"""Pictures that one is put together from, with theirs, each as often as it is used: the decoder remembers none. The 48
million pixels of a telephone are a grid of 192."""
MAX_HEIF_PIXELS = 160_000_000
"""Of all those parts."""

_JPEG_MARKER = re.compile(rb"\xff([^\xff\x00\xd0-\xd7])")
"""Not with `\xff+`: a pattern that begins with one fixed byte is searched for ten times faster."""
_SOS, _SOI, _EOI, _TEM = 0xDA, 0xD8, 0xD9, 0x01
_TIFF_BYTES = frozenset({1, 2, 6, 7})
"""Types of entries whose values are single bytes (TIFF 6.0, section 2)."""
_BMP_RUNS = frozenset({1, 2})
"""Compressions by runs, of 8 and of 4 bits."""


def check_structure(path: Path, kind: Format) -> None:
    """Raises `RenderError(upload_corrupt)` for a file of more parts than any picture needs.

    What is damaged is left to the decoder, which tells it better.
    """
    look = _LOOKS.get(kind)
    if look is None:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            look(data)
        except (IndexError, struct.error):
            return  # ends in the middle of a part


def _refuse(kind: Format, parts: str) -> RenderError:
    return RenderError(Reason.UPLOAD_CORRUPT, f"The {kind.label} file is made of too many {parts} to be a picture.")


def _jpeg(data: mmap.mmap) -> None:
    """Segments and scans up to the end of the image (ITU-T T.81, annex B)."""
    at, segments, scans, stray = 2, 0, 0, 0
    while found := _JPEG_MARKER.search(data, at):
        if scans == 0:
            stray += found.start() - at
        if stray > MAX_JPEG_STRAY_BYTES:
            raise _refuse(Format.JPEG, "stray bytes")
        marker, at = found[1][0], found.end()
        if marker == _EOI:
            return
        segments += 1
        scans += marker == _SOS
        if scans > MAX_JPEG_SCANS:
            raise _refuse(Format.JPEG, "scans")
        if segments > MAX_JPEG_SEGMENTS:
            raise _refuse(Format.JPEG, "segments")
        if marker not in {_SOI, _TEM}:
            at += struct.unpack_from(">H", data, at)[0]


def _png(data: mmap.mmap) -> None:
    at, chunks = 8, 0
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IEND":
            return
        chunks += 1
        if chunks > MAX_PNG_CHUNKS:
            raise _refuse(Format.PNG, "chunks")
        at += 12 + length


def _gif(data: mmap.mmap) -> None:
    """Blocks up to the second frame, of which only that it is there is asked for (GIF89a, section 15)."""
    blocks = frames = 0
    at = 13 + _table(data[10])
    while True:
        introducer = data[at]
        if introducer == 0x2C:
            frames += 1
            if frames > 1:
                return
            at += 11 + _table(data[at + 9])
        elif introducer == 0x21:
            at += 2
        elif introducer == 0x3B:
            return
        else:
            blocks, at = blocks + 1, at + 1
            if blocks > MAX_GIF_BLOCKS:
                raise _refuse(Format.GIF, "blocks")
            continue
        for end in _sub_blocks(data, at):
            blocks, at = blocks + 1, end
            if blocks > MAX_GIF_BLOCKS:
                raise _refuse(Format.GIF, "blocks")


def _table(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(data: mmap.mmap, at: int) -> Iterator[int]:
    """Where each block of a chain ends; the last is the empty one."""
    while True:
        length = data[at]
        at += 1 + length
        yield at
        if length == 0:
            return


def _tiff(data: mmap.mmap) -> None:
    """Entries of the first directory, which is all that is read."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    (at,) = struct.unpack_from(f"{order}Q", data, 8) if big else struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}{'Q' if big else 'H'}", data, at)
    if entries > MAX_TIFF_ENTRIES:
        raise _refuse(Format.TIFF, "entries")
    at += 8 if big else 2
    for number in range(entries):
        place = at + number * (20 if big else 12)
        kind, count = struct.unpack_from(f"{order}H{'Q' if big else 'I'}", data, place + 2)
        if kind not in _TIFF_BYTES and count > MAX_TIFF_VALUES:
            raise _refuse(Format.TIFF, "values")


def _bmp(data: mmap.mmap) -> None:
    (compression,) = struct.unpack_from("<I", data, 30)
    if compression in _BMP_RUNS and len(data) > MAX_BMP_RUN_BYTES:
        raise _refuse(Format.BMP, "runs")


def _heif(data: mmap.mmap) -> None:
    """Parts of each picture that is part of no other (ISO/IEC 23008-12, section 6.6)."""
    reader = _Heif(data)
    for kind, begin, end in reader.boxes(0, len(data)):
        if kind == b"meta":
            parts, pixels = reader.references(begin + 4, end), reader.pixels(begin + 4, end)
            for item in parts.keys() - {part for of_item in parts.values() for part in of_item}:
                _count(item, parts, pixels)


def _count(item: int, parts: Mapping[int, list[int]], pixels: Mapping[int, int]) -> None:
    """Level by level, so that no depth and no ring is too much; each step of the work is a part that counts."""
    level, count, area = Counter({item: 1}), 0, 0
    while level:
        below: Counter[int] = Counter()
        for one, times in level.items():
            for part in parts.get(one, ()):
                below[part] += times
                count += times
                area += times * pixels.get(part, 0)
                if count > MAX_HEIF_PARTS or area > MAX_HEIF_PIXELS:
                    raise _refuse(Format.HEIC, "parts")
        level = below


class _Heif:
    """The boxes of an ISO media file (ISO/IEC 14496-12) that tell what is made of what."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._seen = 0

    def boxes(self, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Kind of each box, and where its content begins and ends."""
        at = begin
        while at < end:
            self._look_at(1)
            length, kind = struct.unpack_from(">I4s", self._data, at)
            head = 8
            if length == 1:
                (length,), head = struct.unpack_from(">Q", self._data, at + 8), 16
            stop = min(end, at + length) if length else end
            if stop < at + head:
                return
            yield kind, at + head, stop
            at = stop

    def _look_at(self, count: int) -> None:
        self._seen += count
        if self._seen > MAX_HEIF_BOXES:
            raise _refuse(Format.HEIC, "boxes")

    def references(self, begin: int, end: int) -> dict[int, list[int]]:
        """Items that each derived item is made of."""
        found: dict[int, list[int]] = {}
        for kind, start, stop in self.boxes(begin, end):
            if kind == b"iref":
                number = ">I" if self._data[start] else ">H"
                for name, at, _ in self.boxes(start + 4, stop):
                    if name == b"dimg":
                        item, count = struct.unpack_from(f"{number}H", self._data, at)
                        self._look_at(count)
                        parts = struct.unpack_from(
                            f">{count}{number[1]}", self._data, at + struct.calcsize(f"{number}H")
                        )
                        found.setdefault(item, []).extend(parts)
        return found

    def pixels(self, begin: int, end: int) -> dict[int, int]:
        """Pixels of each item, by what is said of it; the decoder refuses data that have another size."""
        found: dict[int, int] = {}
        for kind, start, stop in self.boxes(begin, end):
            if kind != b"iprp":
                continue
            sizes: list[int] = []
            for name, at, until in self.boxes(start, stop):
                if name == b"ipco":
                    sizes = [self._area(at) if one == b"ispe" else 0 for one, at, _ in self.boxes(at, until)]
                elif name == b"ipma":
                    for item, used in self._associations(at, until):
                        found[item] = max(found.get(item, 0), sizes[used - 1] if 0 < used <= len(sizes) else 0)
        return found

    def _area(self, at: int) -> int:
        width, height = struct.unpack_from(">II", self._data, at + 4)
        return width * height

    def _associations(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Each item with the number of each of its properties."""
        version, wide = self._data[begin], self._data[begin + 3] & 1
        head, each, mask = (">IB" if version else ">HB"), (">H" if wide else ">B"), (0x7FFF if wide else 0x7F)
        at = begin + 8
        while at < end:
            item, count = struct.unpack_from(head, self._data, at)
            at += struct.calcsize(head)
            self._look_at(1 + count)
            for _ in range(count):
                (used,) = struct.unpack_from(each, self._data, at)
                at += struct.calcsize(each)
                yield item, used & mask


_LOOKS = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.GIF: _gif,
    Format.TIFF: _tiff,
    Format.BMP: _bmp,
    Format.HEIC: _heif,
}
