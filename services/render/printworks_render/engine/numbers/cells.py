"""The picture as a raster of cells whose size depends on the canvas alone, never on the photo's pixels.

All later steps work on these cells. A cell is a fraction of a millimetre: small enough that a border smoothed by at
most half a cell is smooth for the eye, large enough that time and memory stay the same for 1 and for 100 megapixels.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Labels = NDArray[np.int32]
Floats = NDArray[np.float32]

CELL_MM = 0.42
"""Side of a cell. 300 DPI are 0.085 mm, a fine brush draws about 0.5 mm."""

MAX_CELLS = 2_500_000
"""Bound of time and memory: larger canvases get larger cells (from about 630 x 630 mm on)."""


@dataclass(frozen=True)
class CellGrid:
    """`columns` x `rows` cells over a canvas of `width` x `height` millimetres."""

    columns: int
    rows: int
    width: float
    height: float

    @property
    def size_mm(self) -> float:
        """Side of a cell in millimetres; columns and rows are rounded, so cells are square to 1 in 1,000."""
        return sqrt((self.width / self.columns) * (self.height / self.rows))


def grid_for(width: float, height: float, smallest_radius: float) -> CellGrid:
    """The grid of a canvas in millimetres. The smallest facet's radius stays at least three cells."""
    size = min(CELL_MM, smallest_radius / 3)
    size = max(size, sqrt(width * height / MAX_CELLS))
    return CellGrid(max(8, round(width / size)), max(8, round(height / size)), width, height)


def picture_on(grid: CellGrid, rgb: Bytes, *, smooth_mm: float) -> tuple[Bytes, Bytes]:
    """The picture on the grid, sRGB (rows, columns, 3): as it is, and smoothed for facets.

    Smoothing keeps edges (a median, then a small Gaussian), since what is finer than a brush only makes crumbs.
    """
    height, width = rgb.shape[:2]
    shrinks = width >= grid.columns and height >= grid.rows
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    cells: Any = cv2.resize(rgb, (grid.columns, grid.rows), interpolation=way)
    smooth: Any = cells
    if smooth_mm > 0:
        smooth = cv2.medianBlur(smooth, 5)
        smooth = cv2.GaussianBlur(smooth, (0, 0), max(0.6, smooth_mm / grid.size_mm))
    return cells, smooth


def lab_of(rgb: Bytes) -> Floats:
    """CIELAB (D65) of sRGB bytes (h, w, 3), single precision."""
    scaled = np.multiply(rgb, np.float32(1 / 255), dtype=np.float32)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), dtype=np.float32)


def planes_of(lab: Floats) -> list[Floats]:
    """L*, a* and b*, each (h, w) and contiguous."""
    return [np.asarray(plane, dtype=np.float32) for plane in cv2.split(lab)]
