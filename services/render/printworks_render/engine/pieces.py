"""Pieces of a printed area, in the order of drawing, and how each gets onto pixels.

A piece is either pixels (`Fill`, `Photo`, `Mirror`) or vectors (`Vectors`). The raster file has them all on its pixels;
the PDF has the leading pixel pieces as one picture and the rest above it.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from printworks_common.templates.layers import Filters

from printworks_render.engine.content import Content
from printworks_render.engine.decode import Picture, decode
from printworks_render.engine.geometry import Rect, Sheet
from printworks_render.engine.inks import rgb_of
from printworks_render.engine.rasterise import vector_tiles
from printworks_render.engine.resample import Cut, blend, paste, paste_turned, turned_extent

Raster = NDArray[np.uint8]


@dataclass(frozen=True)
class Fill:
    """A colour over a rectangle."""

    colour: str
    rect: Rect


@dataclass(frozen=True)
class Photo:
    """A part of a picture file, `size` (width, height) millimetres large and turned around the centre of `rect`, which
    cuts it off. Decoded when it is drawn, so that a collage needs the memory of one picture at a time."""

    path: Path
    cut: Cut
    rect: Rect
    size: tuple[float, float]
    rotation: float = 0.0
    filters: Filters = field(default_factory=Filters)
    sharpen: float = 0.0
    opacity: float = 1.0

    @property
    def fills_rect(self) -> bool:
        """Whether the picture, if opaque, leaves nothing of the rectangle free."""
        extent = turned_extent(self.rect.width, self.rect.height, self.rotation)
        reach = self.size[0] >= extent[0] - 0.01 and self.size[1] >= extent[1] - 0.01
        return self.opacity >= 1 and (reach or self.rotation % 90 == 0)


@dataclass(frozen=True)
class Mirror:
    """What lies around the canvas (wrap and bleed) shows the canvas mirrored at its edges."""


@dataclass(frozen=True)
class Vectors:
    """Anything that is drawn with PDF operators; it stays inside `bounds`."""

    draw: Callable[[Content], None]
    bounds: Rect


Piece = Fill | Photo | Mirror | Vectors


def blank(sheet: Sheet) -> Raster:
    """White pixels of the whole medium."""
    width, height = sheet.pixels
    return np.full((height, width, 3), 255, dtype=np.uint8)


def draw_piece(canvas: Raster, sheet: Sheet, piece: Piece, notes: list[str]) -> None:
    """Draw one piece onto the medium's pixels (h, w, 3), in place. Raises `RenderError` for an unusable picture."""
    match piece:
        case Fill():
            left, top, right, bottom = _whole(sheet, piece.rect)
            canvas[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = rgb_of(piece.colour)
        case Photo():
            _draw_photo(canvas, sheet, piece, notes)
        case Mirror():
            _mirror(canvas, sheet)
        case Vectors():
            for left, top, pixels in vector_tiles(piece.draw, piece.bounds, sheet):
                blend(canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]], pixels, 1.0)


def _whole(sheet: Sheet, rect: Rect) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(value) for value in sheet.to_pixels(rect))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _draw_photo(canvas: Raster, sheet: Sheet, photo: Photo, notes: list[str]) -> None:
    left, top, right, bottom = _whole(sheet, photo.rect)
    scale = (right - left) / photo.rect.width
    size = photo.size[0] * scale, photo.size[1] * scale
    want = round(size[0] / photo.cut.width), round(size[1] / photo.cut.height)
    picture = decode(photo.path, want)
    notes.extend(note for note in picture.notes if note not in notes)
    with _tile(canvas, left, top, right - left, bottom - top) as target:
        _place(target, picture, photo, size)


def _place(target: Raster, picture: Picture, photo: Photo, size: tuple[float, float]) -> None:
    quarters, rest = divmod(photo.rotation % 360, 90)
    if rest == 0:
        paste(
            target,
            picture,
            photo.cut,
            filters=photo.filters,
            sharpen=photo.sharpen,
            opacity=photo.opacity,
            quarter_turns=int(quarters),
        )
        return
    paste_turned(
        target,
        picture,
        photo.cut,
        size,
        photo.rotation,
        filters=photo.filters,
        sharpen=photo.sharpen,
        opacity=photo.opacity,
    )


@contextmanager
def _tile(canvas: Raster, left: int, top: int, width: int, height: int) -> Generator[Raster]:
    """A part of the canvas to draw on, also where it reaches beyond the canvas."""
    rows, columns = canvas.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(columns, left + width), min(rows, top + height)
    if (x0, y0, x1, y1) == (left, top, left + width, top + height):
        yield canvas[y0:y1, x0:x1]
        return
    if x1 <= x0 or y1 <= y0:
        yield np.zeros((height, width, 3), dtype=np.uint8)
        return
    tile = np.zeros((height, width, 3), dtype=np.uint8)
    inner = tile[y0 - top : y1 - top, x0 - left : x1 - left]
    inner[:] = canvas[y0:y1, x0:x1]
    yield tile
    canvas[y0:y1, x0:x1] = inner


def _mirror(canvas: Raster, sheet: Sheet) -> None:
    left, top, right, bottom = _whole(sheet, sheet.canvas)
    out_left, out_top, out_right, out_bottom = _whole(sheet, sheet.bleed_box)
    _mirror_columns(canvas[top:bottom], left, right, max(0, out_left), min(canvas.shape[1], out_right))
    rows = canvas[:, max(0, out_left) : out_right].transpose(1, 0, 2)
    _mirror_columns(rows, top, bottom, max(0, out_top), min(canvas.shape[0], out_bottom))


def _mirror_columns(pixels: Raster, inner: int, outer: int, start: int, end: int) -> None:
    """Fill columns [start, inner) and [outer, end) from inside, mirrored at the edges, as often as needed."""
    width = outer - inner
    for target in [*range(start, inner), *range(outer, end)]:
        offset = (target - inner) % (2 * width)
        source = offset if offset < width else 2 * width - 1 - offset
        pixels[:, target] = pixels[:, inner + source]


def photo_tile(sheet: Sheet, photo: Photo, notes: list[str]) -> tuple[Raster, Raster]:
    """A photo alone at the sheet's resolution: colour (h, w, 3), not premultiplied, and alpha (h, w)."""
    left, top, right, bottom = _whole(sheet, photo.rect)
    width, height = right - left, bottom - top
    scale = width / photo.rect.width
    size = photo.size[0] * scale, photo.size[1] * scale
    picture = decode(photo.path, (round(size[0] / photo.cut.width), round(size[1] / photo.cut.height)))
    notes.extend(note for note in picture.notes if note not in notes)
    # Drawn on black and on white, the difference is what shines through.
    black = np.zeros((height, width, 3), dtype=np.uint8)
    white = np.full((height, width, 3), 255, dtype=np.uint8)
    _place(black, picture, photo, size)
    _place(white, picture, photo, size)
    alpha = (255 - (white.astype(np.int16) - black).max(axis=2)).clip(0, 255).astype(np.uint8)
    colour = np.minimum(black.astype(np.uint32) * 255 // np.maximum(alpha, 1)[..., None], 255).astype(np.uint8)
    return colour, alpha
