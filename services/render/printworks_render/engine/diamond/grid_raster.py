"""The drill grid as pixels: a tile for each colour with its symbol, drawn once, put into every cell.

Symbols are the same drawings as in the PDF; only the way is shorter than through a PDF reader.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.diamond import symbols
from printworks_render.engine.diamond.cells import GRID_COLOUR, GRID_LINE_MM
from printworks_render.engine.diamond.glyphs import CORNERS, Glyph, glyph
from printworks_render.engine.diamond.palette import rgbs
from printworks_render.engine.diamond.pattern import Pattern
from printworks_render.engine.geometry import MM_PER_INCH, Rect, Sheet

Pixels = NDArray[np.uint8]
Shares = NDArray[np.float32]

_OVERSAMPLING = 8
_SUBPIXEL_BITS = 4
_WHITE = (255, 255, 255)


def coverage(drawing: Glyph, size: int, share: float = 1.0) -> Shares:
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


def edges(start: float, end: float, count: int) -> NDArray[np.intp]:
    """Whole-pixel positions of the `count` + 1 edges of cells between two positions."""
    return np.rint(np.linspace(start, end, count + 1)).astype(np.intp)


def paint_grid(canvas: Pixels, sheet: Sheet, place: Rect, pattern: Pattern, *, round_drills: bool, lines: bool) -> None:
    """Draw the grid with its symbols at `place` onto the medium's pixels (h, w, 3), in place.

    Edges of cells are rounded to whole pixels, so that cells differ by at most one pixel and nothing drifts.
    """
    left, top, right, bottom = sheet.to_pixels(place)
    xs, ys = edges(left, right, pattern.columns), edges(top, bottom, pattern.rows)
    size = int(max(np.diff(xs).max(), np.diff(ys).max()))
    line = line_pixels(sheet.dpi) if lines and not round_drills else 0
    fill_cells(canvas, pattern.cells, _tiles(pattern, size, line, round_drills=round_drills), xs, ys)
    if line:
        canvas[ys[0] : ys[-1], xs[-1] : xs[-1] + line] = GRID_COLOUR
        canvas[ys[-1] : ys[-1] + line, xs[0] : xs[-1] + line] = GRID_COLOUR


def fill_cells(
    canvas: Pixels, cells: NDArray[np.uint8], tiles: Pixels, xs: NDArray[np.intp], ys: NDArray[np.intp]
) -> None:
    """Put the tile (k, size, size, 4) of each cell between its edges; what a tile is too large by is cut off."""
    words = np.ascontiguousarray(tiles).view(np.uint32)[..., 0]
    size = words.shape[1]
    widths = np.diff(xs)
    kept = np.flatnonzero((np.arange(size)[None, :] < widths[:, None]).reshape(-1))
    for row, indices in enumerate(cells):
        height = int(ys[row + 1] - ys[row])
        band = words[indices, :height].transpose(1, 0, 2).reshape(height, -1)
        band = np.take(band, kept, axis=1)
        pixels = band.view(np.uint8).reshape(height, -1, 4)
        canvas[ys[row] : ys[row + 1], xs[0] : xs[-1]] = cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB)


def line_pixels(dpi: float) -> int:
    """Width of the lines between cells; none where a line would be thinner than half a pixel."""
    return round(GRID_LINE_MM * dpi / MM_PER_INCH)


def _tiles(pattern: Pattern, size: int, line: int, *, round_drills: bool) -> Pixels:
    """A tile for each drill, (k, size, size, 4)."""
    colours = rgbs(pattern.drills)
    chosen = symbols.inks(pattern.drills).tolist()
    tiles = np.zeros((len(colours), size, size, 4), dtype=np.uint8)
    share = symbols.share_of_cell(round_drills=round_drills)
    corner = coverage(glyph(CORNERS), size) if round_drills else None
    for number, drill in enumerate(pattern.drills):
        tile = np.broadcast_to(colours[number].astype(np.float32), (size, size, 3))
        if corner is not None:
            tile = _over(tile, _WHITE, corner)
        tile = _over(tile, symbols.INKS[chosen[number]], coverage(glyph(drill.symbol), size, share))
        tiles[number, ..., :3] = np.rint(tile)
    if line:
        tiles[:, :line, :, :3] = GRID_COLOUR
        tiles[:, :, :line, :3] = GRID_COLOUR
    return tiles


def _over(tile: Shares, colour: tuple[int, int, int], share: Shares) -> Shares:
    mixed = tile + (np.array(colour, dtype=np.float32) - tile) * share[..., None]
    return np.asarray(mixed, dtype=np.float32)
