"""A pattern: which drill lies in which cell, and how many drills and bags of each colour a kit needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.colour import srgb_to_lab
from printworks_render.engine.diamond import confetti, mapping
from printworks_render.engine.diamond.choice import choose
from printworks_render.engine.diamond.palette import Drill, labs

Pixels = NDArray[np.uint8]

CONFETTI_LIMITS: dict[str, float | None] = {"none": None, "moderate": 6.0, "strong": 1000.0}
"""How much CIEDE2000 a cell may lose when its confetti is cleaned, per setting; None: not cleaned."""

# How much more badly served cells weigh in the choice of colours; 1 would be the plain mean. At 2 the mean of a photo
# rises by less than 0.05, small areas of a colour of their own (lips, flags) keep it, and dithering has more to mix.
_WEIGHT_OF_OUTLIERS = 2.0


@dataclass(frozen=True)
class Pattern:
    """`cells` (rows, columns) holds indices into `drills`, which are sorted as the palette is; every drill occurs."""

    cells: NDArray[np.uint8]
    drills: tuple[Drill, ...]

    @property
    def rows(self) -> int:
        return int(self.cells.shape[0])

    @property
    def columns(self) -> int:
        return int(self.cells.shape[1])

    def counts(self) -> NDArray[np.intp]:
        """Cells of each drill, (k,)."""
        return np.bincount(self.cells.reshape(-1), minlength=len(self.drills))


@dataclass(frozen=True)
class Quantity:
    """What a kit needs of one colour: cells to fill, drills with the spare share, bags."""

    drill: Drill
    cells: int
    drills: int
    bags: int


def quantities(pattern: Pattern, spare: float, bag_size: int) -> list[Quantity]:
    """Per drill of the pattern: cells, cells and spare share rounded up, and full bags of `bag_size`."""
    share = 1 + Fraction(str(spare))
    result: list[Quantity] = []
    for drill, cells in zip(pattern.drills, pattern.counts().tolist(), strict=True):
        needed = -(-cells * share.numerator // share.denominator)
        result.append(Quantity(drill, cells, needed, -(-needed // bag_size)))
    return result


def make_pattern(
    picture: Pixels,
    grid: tuple[int, int],
    palette: Sequence[Drill],
    colours: int,
    dithering: float = 0.0,
    cleaning: str = "none",
) -> Pattern:
    """Lay `picture` (height, width, 3; sRGB) out in drills.

    grid: rows and columns; the picture is stretched to it. colours: exactly so many of `palette` are used; fewer only
    when the picture, in cells, has fewer different colours itself or the palette is smaller. dithering: share of the
    error passed on, 0 to 1. cleaning: a key of `CONFETTI_LIMITS`.
    """
    cells = srgb_to_lab(resample(picture, grid))
    flat = cells.reshape(-1, 3)
    count = min(colours, _different(flat), len(palette))
    chosen = choose(flat, labs(palette), count, _WEIGHT_OF_OUTLIERS)
    drills = [palette[index] for index in chosen]
    lab = labs(drills)
    if dithering > 0:
        index, cost = mapping.diffuse(cells, lab, dithering)
    else:
        cost = mapping.costs(cells, lab)
        index = cost.argmin(axis=2)
    limit = CONFETTI_LIMITS[cleaning]
    if limit is not None:
        index = confetti.clean(index, cost, limit)
    index = confetti.keep_all_colours(index, cost)
    return Pattern(index.astype(np.uint8), tuple(drills))


def _different(lab: NDArray[np.float64]) -> int:
    """How many colours there are, to a quarter of a unit of CIELAB."""
    steps = np.rint(lab * 4).astype(np.int64) + 2048
    return len(np.unique((steps[:, 0] << 24) | (steps[:, 1] << 12) | steps[:, 2]))


def resample(picture: Pixels, grid: tuple[int, int]) -> Pixels:
    """The picture (height, width, 3) with one pixel per cell: the mean of the pixels that the cell covers, or, for a
    picture smaller than the grid, a bicubic enlargement."""
    rows, columns = grid
    height, width = picture.shape[:2]
    method = cv2.INTER_AREA if height >= rows and width >= columns else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (columns, rows), interpolation=method), dtype=np.uint8)
