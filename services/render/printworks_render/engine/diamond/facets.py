"""How the finished painting will look: every drill with the light and dark sides of its facets, without symbols."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.diamond.grid_raster import edges, fill_cells
from printworks_render.engine.diamond.palette import rgbs
from printworks_render.engine.diamond.pattern import Pattern

Pixels = NDArray[np.uint8]

_BEVEL = 0.26
"""Width of a square drill's slanted sides, in parts of its own."""

# How much lighter or darker the sides of a drill look under light from the top left, and its flat top.
_TOP, _LEFT, _RIGHT, _BOTTOM, _FLAT = 1.16, 1.07, 0.90, 0.80, 1.0
_GAP = 0.72


def finished(pattern: Pattern, width: int, height: int, *, round_drills: bool) -> Pixels:
    """The painting as (height, width, 3) pixels."""
    xs, ys = edges(0, width, pattern.columns), edges(0, height, pattern.rows)
    size = int(max(np.diff(xs).max(), np.diff(ys).max()))
    light = _light(size, round_drills=round_drills)
    colours = rgbs(pattern.drills).astype(np.float32)
    tiles = np.zeros((len(colours), size, size, 4), dtype=np.uint8)
    tiles[..., :3] = np.clip(np.rint(colours[:, None, None, :] * light[None, :, :, None]), 0, 255)
    canvas = np.empty((height, width, 3), dtype=np.uint8)
    fill_cells(canvas, pattern.cells, tiles, xs, ys)
    return canvas


@lru_cache(maxsize=32)
def _light(size: int, *, round_drills: bool) -> NDArray[np.float32]:
    """Brightness of each pixel of a drill; the mean is 1, so that the painting keeps its colours from afar."""
    at = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(at, at)
    if round_drills:
        radius = np.hypot(x, y)
        slope = np.clip((radius - 0.25) / 0.22, 0, 1)
        light = 1 - 0.32 * slope * (x + y) / np.maximum(radius, 1e-6) / np.sqrt(2)
        light = np.where(radius > 0.5, _GAP, light)
    else:
        edge = 0.5 - _BEVEL
        light = np.full((size, size), _FLAT)
        sides = np.maximum(np.abs(x), np.abs(y)) > edge
        upright = np.abs(y) >= np.abs(x)
        light = np.where(sides & upright, np.where(y < 0, _TOP, _BOTTOM), light)
        light = np.where(sides & ~upright, np.where(x < 0, _LEFT, _RIGHT), light)
    return np.asarray(light / light.mean(), dtype=np.float32)
