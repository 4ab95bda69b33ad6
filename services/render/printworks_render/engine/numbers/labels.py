"""Where each facet's number stands and how large it is, measured on the smooth borders that are printed.

The number's box lies in a circle that touches the facet's nearest border, so it never leaves its facet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.numbers.arcs import OUTSIDE, Arcs
from printworks_render.engine.numbers.cells import CellGrid, Floats
from printworks_render.engine.numbers.facets import FacetMap

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Spots:
    """Per facet: centre (n, 2) in millimetres, radius of the largest circle around it inside the facet, exact area in
    square millimetres within the smooth borders."""

    centre: Doubles
    radius: Doubles
    area: Doubles


def spots_of(facets: FacetMap, depth: Floats, arcs: Arcs, grid: CellGrid) -> Spots:
    """depth: of the cells, as `FacetMap.depth` gives it."""
    count = facets.count
    centre = _centres(facets, depth, grid)
    first, arc = arcs.arc_of_segment()
    start, end = arcs.points[first], arcs.points[first + 1]
    radius = np.full(count, np.inf)
    area = np.zeros(count)
    turn = (start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1]) / 2
    for facet, sign in ((arcs.right[arc], 1.0), (arcs.left[arc], -1.0)):
        inside = facet != OUTSIDE
        mine = facet[inside]
        np.minimum.at(radius, mine, _distance(centre[mine], start[inside], end[inside]))
        area += sign * np.bincount(mine, turn[inside], count)
    return Spots(centre, radius, area)


def _centres(facets: FacetMap, depth: Floats, grid: CellGrid) -> Doubles:
    """The middle one of the deepest cells of each facet."""
    count = facets.count
    runs = np.maximum.reduceat(depth.ravel(), facets.starts)
    greatest = np.zeros(count, dtype=np.float32)
    np.maximum.at(greatest, facets.owner, runs)
    # Of each run that reaches the greatest depth, the first cell that does.
    deep = np.flatnonzero(runs == greatest[facets.owner])
    begin = facets.starts[deep]
    end = np.append(facets.starts, facets.labels.size)[deep + 1]
    best = np.array([at + int(depth.ravel()[at:to].argmax()) for at, to in zip(begin, end, strict=True)])
    owner = facets.owner[deep]
    order = np.argsort(owner, kind="stable")
    owner, best = owner[order], best[order]
    first = np.searchsorted(owner, np.arange(count))
    last = np.searchsorted(owner, np.arange(count), side="right") - 1
    y, x = np.divmod(best[(first + last) // 2], grid.columns)
    return np.stack([(x + 0.5) * grid.width / grid.columns, (y + 0.5) * grid.height / grid.rows], axis=1)


def _distance(point: Doubles, start: Doubles, end: Doubles) -> Doubles:
    """Distance of each point to its segment."""
    along = end - start
    length = np.maximum((along * along).sum(axis=1), 1e-12)
    share = np.clip(((point - start) * along).sum(axis=1) / length, 0.0, 1.0)
    gap = point - start - share[:, None] * along
    return np.hypot(gap[:, 0], gap[:, 1])
