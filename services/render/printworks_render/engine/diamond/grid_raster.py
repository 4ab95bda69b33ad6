"""The drill grid as pixels: a tile for each colour with its symbol, drawn once, put into every cell.

Tiles hold indices into a small table of colours (drill, its ink, and the steps between them at a symbol's edge), so
that a canvas of 28 million pixels takes 28 MB and compresses in a fraction of a second.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.diamond import symbols
from printworks_render.engine.diamond.cells import GRID_COLOUR, GRID_LINE_MM
from printworks_render.engine.diamond.glyphs import CORNERS, Glyph, glyph
from printworks_render.engine.diamond.pattern import Pattern

Pixels = NDArray[np.uint8]

_OVERSAMPLING = 8
_SUBPIXEL_BITS = 4
_MAX_STEPS = 6
_WHITE = np.array([255, 255, 255], dtype=np.uint8)


@dataclass(frozen=True)
class IndexedGrid:
    """Pixels (height, width) as indices into `palette` (n, 3), n at most 65,536."""

    indices: NDArray[np.unsignedinteger[Any]]
    palette: Pixels


def coverage(drawing: Glyph, size: int, share: float = 1.0) -> NDArray[np.float32]:
    """How much of each pixel of a square of `size` pixels the drawing covers, 0 to 1; the drawing's own
    square takes `share` of the side, in the middle."""
    side = size * _OVERSAMPLING
    mask = np.zeros((side, side), dtype=np.uint8)
    scale = side * (1 << _SUBPIXEL_BITS)
    for path in drawing.paths:
        points = (np.array([(x - 0.5, 0.5 - y) for x, y in path.points]) * share + 0.5) * scale
        corners = [np.rint(points).astype(np.int32)]
        if path.filled:
            cv2.fillPoly(mask, corners, 255, cv2.LINE_8, _SUBPIXEL_BITS)
        else:
            width = max(1, round(drawing.width * side * share))
            cv2.polylines(mask, corners, path.closed, 255, width, cv2.LINE_8, _SUBPIXEL_BITS)
    covered = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(covered, dtype=np.float32) / np.float32(255)


def edges(start: float, pitch: float, count: int) -> NDArray[np.intp]:
    """Pixel positions of the `count` + 1 edges of cells of `pitch` pixels from `start`."""
    return np.rint(start + pitch * np.arange(count + 1)).astype(np.intp)


def paint_grid(
    pattern: Pattern, left: float, top: float, pitch: float, line: int, *, round_drills: bool
) -> tuple[IndexedGrid, int, int]:
    """The grid whose top left corner is at pixel (left, top), with cells of `pitch` pixels and lines of `line` pixels.

    Returns the pixels and the whole pixel at which they begin (x, y). Edges of cells are rounded to whole pixels, so
    that cells differ by at most one pixel and nothing drifts.
    """
    xs, ys = edges(left, pitch, pattern.columns), edges(top, pitch, pattern.rows)
    size = int(max(np.diff(xs).max(), np.diff(ys).max()))
    tiles, palette = _tiles(pattern, size, line, round_drills=round_drills)
    widths = np.diff(xs)
    offsets = np.arange(size)
    kept = np.flatnonzero((offsets[None, :] < widths[:, None]).reshape(-1))
    whole = len(kept) == pattern.columns * size
    out = np.empty((ys[-1] - ys[0], xs[-1] - xs[0]), dtype=tiles.dtype)
    for row, cells in enumerate(pattern.cells):
        height = int(ys[row + 1] - ys[row])
        band = tiles[cells, :height].transpose(1, 0, 2).reshape(height, -1)
        target = out[ys[row] - ys[0] : ys[row + 1] - ys[0]]
        if whole:
            target[:] = band
        else:
            np.take(band, kept, axis=1, out=target)
    if line and not round_drills:
        out[:, -line:] = len(palette) - 1
        out[-line:] = len(palette) - 1
    return IndexedGrid(out, palette), int(xs[0]), int(ys[0])


def line_pixels(dpi: float) -> int:
    """Width of the lines between cells; none where a line would be much thinner than a pixel."""
    return round(GRID_LINE_MM * dpi / 25.4 + 0.1)


def _tiles(
    pattern: Pattern, size: int, line: int, *, round_drills: bool
) -> tuple[NDArray[np.unsignedinteger[Any]], Pixels]:
    """Tiles (k, size, size) of indices, and the palette, whose last colour is that of the lines."""
    count = len(pattern.drills)
    steps = max(2, min(_MAX_STEPS, 250 // count)) if not round_drills else _MAX_STEPS
    ink_of = symbols.inks(pattern.drills)
    ramps: list[Pixels] = []
    tiles = np.zeros((count, size, size), dtype=np.uint16)
    corner = np.rint(coverage(glyph(CORNERS), size) * (steps - 1)).astype(np.uint16) if round_drills else None
    for number, drill in enumerate(pattern.drills):
        own = np.array(drill.rgb, dtype=np.float64)
        ink = np.array(symbols.INKS[int(ink_of[number])], dtype=np.float64)
        base = sum(len(ramp) for ramp in ramps)
        ramps.append(_ramp(own, ink, steps))
        drawn = coverage(glyph(drill.symbol), size, symbols.share_of_cell(round_drills=round_drills))
        covered = np.rint(drawn * (steps - 1)).astype(np.uint16)
        tiles[number] = base + covered
        if corner is not None:
            ramps.append(_ramp(own, _WHITE.astype(np.float64), steps))
            tiles[number] = np.where((corner > 0) & (covered == 0), base + steps + corner, tiles[number])
    palette = np.concatenate([*ramps, np.array([GRID_COLOUR], dtype=np.uint8)])
    if line and not round_drills:
        tiles[:, :line, :] = len(palette) - 1
        tiles[:, :, :line] = len(palette) - 1
    return (tiles.astype(np.uint8) if len(palette) <= 256 else tiles), palette


def _ramp(start: NDArray[np.float64], end: NDArray[np.float64], steps: int) -> Pixels:
    share = np.linspace(0, 1, steps)[:, None]
    return np.rint(start + (end - start) * share).astype(np.uint8)
