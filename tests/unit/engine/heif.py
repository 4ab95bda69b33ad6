"""HEIC files put together from pictures that are coded already: there is no encoder here, and hostile ones need none.

A file holds items: coded pictures, and grids and overlays made of other items (ISO/IEC 23008-12, section 6.6).
"""

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
DEPTH = b"urn:mpeg:hevc:2015:auxid:2"
GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap"
_BRANDS = b"heic\0\0\0\0mif1heicmiaf"
_FILLER = 38
"""Type of a piece of coded data that says nothing (ITU-T H.265, table 7-1)."""


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
    """`size`: what the file says of it. `parts`: numbers, from 1, of the items that it is made of. `of`: the item that
    it belongs to, `link`: how (thmb, cdsc, auxl), `auxiliary`: as what."""

    kind: bytes
    data: bytes
    size: tuple[int, int] | None = None
    parts: Sequence[int] = ()
    of: int = 0
    link: bytes = b"auxl"
    auxiliary: bytes = b""


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
    above = [replace(whole, of=len(tiles) + 2, auxiliary=ALPHA)] if transparent else []
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


def telephone(coded: Coded, size: tuple[int, int], tile_bytes: int) -> bytes:
    """What a telephone writes: a grid whose tiles take `tile_bytes` each, with a small picture of it, a depth map, a
    map of gains for bright screens in half the size, the picture for these made of both (tmap, ISO 21496-1), EXIF."""
    columns, rows = (-(-whole // side) for whole, side in zip(size, coded.size, strict=True))
    half = (-(-columns // 2), -(-rows // 2))
    photo = _filled(coded, columns * rows, tile_bytes)
    gains = _filled(coded, half[0] * half[1], tile_bytes // 4)
    whole = len(photo) + len(gains) + 1
    return file(
        coded,
        [
            *photo,
            *gains,
            grid(columns, rows, size, range(1, len(photo) + 1)),
            replace(
                grid(*half, (size[0] // 2, size[1] // 2), range(len(photo) + 1, whole)), of=whole, auxiliary=GAIN_MAP
            ),
            Item(b"hvc1", coded.data, coded.size, of=whole, auxiliary=DEPTH),
            Item(b"hvc1", coded.data, coded.size, of=whole, link=b"thmb"),
            Item(b"Exif", b"\0\0\0\6Exif\0\0" + Image.Exif().tobytes(), of=whole, link=b"cdsc"),
            Item(b"tmap", bytes(62), size, [whole, whole + 1]),
        ],
        shown=whole,
    )


def collected(coded: Coded, columns: int, rows: int) -> bytes:
    """A grid of one picture and, not part of it, the picture alone, which is the one to show."""
    tiles = _copies(coded, columns * rows)
    size = (columns * coded.size[0], rows * coded.size[1])
    items = [*tiles, grid(columns, rows, size, range(1, len(tiles) + 1)), *_copies(coded, 1)]
    return file(coded, items, beside=[len(tiles) + 1])


def _filled(coded: Coded, count: int, size: int) -> list[Item]:
    """As many pictures, each with data of its own."""
    filler = max(0, size - len(coded.data) - 8)
    return [
        Item(
            b"hvc1",
            struct.pack(">I2BI", filler + 6, _FILLER << 1, 1, number) + b"\xff" * filler + coded.data,
            coded.size,
        )
        for number in range(1, count + 1)
    ]


def file(
    coded: Coded, items: Sequence[Item], *, turned: bytes = b"", shown: int = 0, beside: Sequence[int] = ()
) -> bytes:
    """A HEIC file that shows an item, the last one if it is not said; `beside`: others of equal rank."""
    shown = shown or len(items)
    visible = frozenset({shown, *beside})
    places: dict[bytes, int] = {}
    data = b""
    for item in items:
        if item.data not in places:
            places[item.data] = len(data)
            data += item.data
    head = _box(b"ftyp", _BRANDS)
    before = len(head) + len(_meta(coded, items, places, 0, turned, shown, visible)) + 8
    return head + _meta(coded, items, places, before, turned, shown, visible) + _box(b"mdat", data)


def _copies(coded: Coded, count: int) -> list[Item]:
    return [Item(b"hvc1", coded.data, coded.size)] * count


def _meta(
    coded: Coded,
    items: Sequence[Item],
    places: Mapping[bytes, int],
    begin: int,
    turned: bytes,
    shown: int,
    visible: Collection[int],
) -> bytes:
    sizes = sorted({item.size for item in items if item.size})
    kinds = sorted({item.auxiliary for item in items if item.auxiliary})
    properties = [
        _box(b"hvcC", coded.setup),
        *(_full(b"ispe", struct.pack(">II", *size)) for size in sizes),
        *(_full(b"auxC", kind + b"\0") for kind in kinds),
        turned,
    ]
    where = used = infos = references = b""
    for number, item in enumerate(items, 1):
        where += struct.pack(">3H2I", number, 0, 1, begin + places[item.data], len(item.data))
        infos += _full(b"infe", struct.pack(">2H", number, 0) + item.kind + b"\0", 2, number not in visible)
        own = [2 + sizes.index(item.size)] if item.size else []
        own += [0x81] if item.kind == b"hvc1" else []
        own += [2 + len(sizes) + kinds.index(item.auxiliary)] if item.auxiliary else []
        own += [0x80 | len(properties)] if turned and number == shown else []
        used += struct.pack(">HB", number, len(own)) + bytes(own)
        if item.of:
            references += _box(item.link, struct.pack(">3H", number, 1, item.of))
        if item.parts:
            references += _box(b"dimg", struct.pack(f">{2 + len(item.parts)}H", number, len(item.parts), *item.parts))
    count = len(items)
    return _full(
        b"meta",
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + _full(b"pitm", struct.pack(">H", shown))
        + _full(b"iloc", struct.pack(">2BH", 0x44, 0, count) + where)
        + _full(b"iinf", struct.pack(">H", count) + infos)
        + (_full(b"iref", references) if references else b"")
        + _box(b"iprp", _box(b"ipco", b"".join(properties)) + _full(b"ipma", struct.pack(">I", count) + used)),
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
