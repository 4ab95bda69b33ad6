"""HEIC files put together from pictures that are coded already: there is no encoder here, and hostile ones need none.

A file holds items: coded pictures, and grids and overlays made of other items (ISO/IEC 23008-12, section 6.6).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_BRANDS = b"heic\0\0\0\0mif1heicmiaf"


@dataclass(frozen=True)
class Coded:
    """A picture as it lies in a HEIC file: its data, and how a decoder is to be set up for it."""

    data: bytes
    setup: bytes
    size: tuple[int, int]

    @classmethod
    def of(cls, path: Path) -> "Coded":
        """The only picture of a file whose data fill its `mdat`."""
        boxes = dict(_boxes(path.read_bytes()))
        properties = dict(_boxes(dict(_boxes(dict(_boxes(boxes[b"meta"][4:]))[b"iprp"]))[b"ipco"]))
        return cls(boxes[b"mdat"], properties[b"hvcC"], struct.unpack(">II", properties[b"ispe"][4:]))


@dataclass(frozen=True)
class Item:
    """`parts`: numbers, from 1, of the items that it is made of. `size`: what the file says of it. `alpha_of`: the item
    whose transparency it is."""

    kind: bytes
    data: bytes
    size: tuple[int, int]
    parts: Sequence[int] = ()
    alpha_of: int = 0


def grid(columns: int, rows: int, size: tuple[int, int], parts: Sequence[int]) -> Item:
    return Item(b"grid", struct.pack(">4B2I", 0, 1, rows - 1, columns - 1, *size), size, parts)


def overlay(size: tuple[int, int], parts: Sequence[int]) -> Item:
    """All parts one above the other."""
    head = struct.pack(">2B4H2I", 0, 1, 0, 0, 0, 65535, *size)
    return Item(b"iovl", head + bytes(8 * len(parts)), size, parts)


def tiled(
    coded: Coded, columns: int, rows: int, size: tuple[int, int], *, turned: bytes = b"", transparent: bool = False
) -> bytes:
    """A grid of one picture again and again, as cameras write it; `turned`: a property of the grid (irot, imir);
    `transparent`: the same grid is its alpha."""
    tiles = _copies(coded, columns * rows)
    whole = grid(columns, rows, size, range(1, len(tiles) + 1))
    above = [replace(whole, alpha_of=len(tiles) + 2)] if transparent else []
    return file(coded, [*tiles, *above, whole], turned=turned)


def nested_overlays(coded: Coded, wide: int, levels: int) -> bytes:
    """`wide ** levels` pictures to be decoded, in a few kilobytes: each overlay is of all those one level below."""
    items = _copies(coded, wide)
    below = list(range(1, wide + 1))
    for level in range(levels):
        items += [overlay(coded.size, below)] * (wide if level + 1 < levels else 1)
        below = list(range(below[-1] + 1, len(items) + 1))
    return file(coded, items)


def stacked(coded: Coded, count: int) -> bytes:
    """One overlay of as many pictures, all of them in full size."""
    items = _copies(coded, count)
    return file(coded, [*items, overlay(coded.size, range(1, count + 1))])


def lying(coded: Coded, size: tuple[int, int]) -> bytes:
    """A picture of which the file says another size than its data have."""
    return file(coded, [Item(b"hvc1", coded.data, size)])


def file(coded: Coded, items: Sequence[Item], *, turned: bytes = b"") -> bytes:
    """A HEIC file that shows its last item."""
    places: dict[bytes, int] = {}
    data = b""
    for item in items:
        if item.data not in places:
            places[item.data] = len(data)
            data += item.data
    head = _box(b"ftyp", _BRANDS)
    before = len(head) + len(_meta(coded, items, places, 0, turned)) + 8
    return head + _meta(coded, items, places, before, turned) + _box(b"mdat", data)


def _copies(coded: Coded, count: int) -> list[Item]:
    return [Item(b"hvc1", coded.data, coded.size)] * count


def _meta(coded: Coded, items: Sequence[Item], places: dict[bytes, int], begin: int, turned: bytes) -> bytes:
    sizes = sorted({item.size for item in items})
    last = len(items)
    alpha = _full(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
    areas = [_full(b"ispe", struct.pack(">II", *size)) for size in sizes]
    properties = [_box(b"hvcC", coded.setup), *areas, alpha, turned]
    where = used = infos = references = b""
    for number, item in enumerate(items, 1):
        where += struct.pack(">3H2I", number, 0, 1, begin + places[item.data], len(item.data))
        hidden = number != last
        infos += _full(b"infe", struct.pack(">2H", number, 0) + item.kind + b"\0", 2, hidden)
        own = [2 + sizes.index(item.size)]
        own += [0x81] if item.kind == b"hvc1" else []
        own += [2 + len(sizes)] if item.alpha_of else []
        own += [0x80 | (3 + len(sizes))] if turned and not hidden else []
        used += struct.pack(">HB", number, len(own)) + bytes(own)
        if item.alpha_of:
            references += _box(b"auxl", struct.pack(">3H", number, 1, item.alpha_of))
        if item.parts:
            references += _box(b"dimg", struct.pack(f">{2 + len(item.parts)}H", number, len(item.parts), *item.parts))
    return _full(
        b"meta",
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + _full(b"pitm", struct.pack(">H", last))
        + _full(b"iloc", struct.pack(">2BH", 0x44, 0, last) + where)
        + _full(b"iinf", struct.pack(">H", last) + infos)
        + (_full(b"iref", references) if references else b"")
        + _box(b"iprp", _box(b"ipco", b"".join(properties)) + _full(b"ipma", struct.pack(">I", last) + used)),
    )


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(data), kind) + data


def _full(kind: bytes, data: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + data)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + length]
        at += length
