"""From a label per cell to facets that can be painted: each at least so wide and so large, in millimetres.

A facet is a 4-connected set of cells of one paint. One that is too small joins the neighbour that it resembles most,
weighed by the border they share; the union is measured and given the paint nearest to its mean colour. This goes on
until every facet holds the limits, so groups of crumbs (leaves, fur) become patches of their own and are not simply
swallowed. Radius is measured on the raster by a distance transform, everything else on the graph of neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from printworks_render.engine.numbers.cells import Bytes, Floats, Labels
from printworks_render.engine.numbers.palette import nearest

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Planes = Sequence[NDArray[np.float32]]
"""L*, a* and b* of the picture, each (rows, columns) and contiguous."""

# The 5 x 5 chamfer distance of OpenCV is at most 2 % too long.
_CHAMFER = 1.02
_SAME_COLOUR = 12.0
_GRAPH_ROUNDS = 4
_PATIENT_PASSES = 6
_MAX_PASSES = 40


@dataclass(frozen=True)
class Limits:
    """Smallest inscribed radius and area of a facet, in cells."""

    radius: float
    area: float


@dataclass(frozen=True)
class FacetMap:
    """facets: facet number per cell (rows, columns), 0 to n - 1; paint: index into the palette per facet (n,)."""

    facets: Labels
    paint: Bytes

    @property
    def count(self) -> int:
        return len(self.paint)

    def painted(self) -> Bytes:
        """Palette index per cell."""
        return self.paint[self.facets]


@dataclass(frozen=True)
class Neighbours:
    """Pairs of facets with a common border, one < two, and its length in cell sides."""

    one: Ints
    two: Ints
    length: Doubles


def numbered(labels: Bytes) -> FacetMap:
    """Facets of a map of palette indices, numbered in the order of their first cells.

    Works on runs of equal cells in a row, of which there are ten times fewer than cells.
    """
    begins = np.ones(labels.shape, dtype=bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=begins[:, 1:])
    run = np.cumsum(begins, dtype=np.int32).reshape(labels.shape) - np.int32(1)
    count = int(run[-1, -1]) + 1
    touching = labels[1:] == labels[:-1]
    # One pair for each stretch in which two runs lie side by side.
    first = touching.copy()
    first[:, 1:] &= ~touching[:, :-1] | begins[1:, 1:] | begins[:-1, 1:]
    above, below = run[:-1][first], run[1:][first]
    links = coo_array((np.ones(len(above), dtype=np.uint8), (above, below)), shape=(count, count))
    parts, part = connected_components(links, directed=False)
    paint = np.zeros(parts, dtype=np.uint8)
    paint[part] = labels[begins]
    return FacetMap(part.astype(np.int32)[run], paint)


def depth_of(facets: Labels) -> Floats:
    """Distance in cells of each cell's centre to the nearest centre of a cell on its facet's border.

    The inscribed radius of a facet is at least its greatest depth, also after borders are moved by half a cell.
    """
    inside = np.ones(facets.shape, dtype=np.uint8)
    across = facets[:, 1:] != facets[:, :-1]
    down = facets[1:] != facets[:-1]
    inside[:, 1:][across] = 0
    inside[:, :-1][across] = 0
    inside[1:][down] = 0
    inside[:-1][down] = 0
    inside[0] = inside[-1] = 0
    inside[:, 0] = inside[:, -1] = 0
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5), dtype=np.float32)


def deepest(facets: Labels, depth: Floats, count: int) -> Floats:
    """Greatest depth per facet."""
    result = np.zeros(count, dtype=np.float32)
    np.maximum.at(result, facets.ravel(), depth.ravel())
    return result / np.float32(_CHAMFER)


def neighbours_of(facets: Labels, count: int) -> Neighbours:
    across = facets[:, 1:] != facets[:, :-1]
    down = facets[1:] != facets[:-1]
    one = np.concatenate([facets[:, 1:][across], facets[1:][down]]).astype(np.int64)
    two = np.concatenate([facets[:, :-1][across], facets[:-1][down]]).astype(np.int64)
    return _gathered(one, two, np.ones(len(one)), count)


def _gathered(one: Ints, two: Ints, length: Doubles, count: int) -> Neighbours:
    keys = np.minimum(one, two) * count + np.maximum(one, two)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.intp)
    sums = np.add.reduceat(length[order], starts) if len(starts) else np.zeros(0)
    return Neighbours(keys[starts] // count, keys[starts] % count, sums)


def colour_sums(facets: Labels, planes: Planes, count: int) -> Doubles:
    """Sum of the CIELAB values of each facet's cells (count, 3)."""
    flat = facets.ravel()
    return np.stack([np.bincount(flat, plane.ravel(), count) for plane in planes], axis=1).astype(np.float64)


def trimmed(current: FacetMap, radius: float) -> Bytes:
    """Palette index per cell after cutting off what of a facet is thinner than twice the radius (cells).

    Every cell goes to the facet whose core, its cells deeper than the radius, is nearest: borders between wide parts
    stay where they are, for both sides have lost the same; tails and channels that no brush can fill are closed.
    """
    core = depth_of(current.facets) >= radius - 0.5
    if not core.any():
        return current.painted()
    holes = np.where(core, np.uint8(0), np.uint8(1))
    _, labels = cv2.distanceTransformWithLabels(holes, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    nearest_core = np.asarray(labels, dtype=np.int32)
    owner = np.zeros(int(nearest_core.max()) + 1, dtype=np.int32)
    owner[nearest_core[core]] = current.facets[core]
    return current.paint[owner[nearest_core]]


def merged(labels: Bytes, planes: Planes, palette: Floats, limits: Limits) -> FacetMap:
    """Facets of the map that all hold the limits; one facet when the canvas is too small for two."""
    current = numbered(labels)
    for turn in range(_MAX_PASSES):
        depth = deepest(current.facets, depth_of(current.facets), current.count)
        area = np.bincount(current.facets.ravel(), minlength=current.count).astype(np.float64)
        small = (depth < limits.radius) | (area < limits.area)
        if not small.any() or current.count == 1:
            break
        sums = colour_sums(current.facets, planes, current.count)
        graph = _Graph(neighbours_of(current.facets, current.count), area, sums, small)
        graph.shrink(limits, patient=turn < _PATIENT_PASSES)
        paint = graph.paints(palette)
        current = numbered(paint[current.facets])
    return current


class _Graph:
    """Facets of one pass and which of them were joined."""

    def __init__(self, neighbours: Neighbours, area: Doubles, sums: Doubles, small: Mask) -> None:
        self.count = len(area)
        self._edges = neighbours
        self._area = area
        self._sums = sums
        self._small = small
        self._root = np.arange(self.count)

    def shrink(self, limits: Limits, *, patient: bool) -> None:
        """Join small facets in rounds. A union of small facets whose area suffices is left to be measured on the
        raster; without patience it has to join a facet that holds the limits, so that the passes end."""
        for _ in range(_GRAPH_ROUNDS):
            if not self._join(prefer_large=not patient):
                return
            needed = max(limits.area, pi * limits.radius**2)
            self._small &= self._area < needed

    def _join(self, *, prefer_large: bool) -> bool:
        one, two, length = self._edges.one, self._edges.two, self._edges.length
        means = self._sums / np.maximum(self._area, 1.0)[:, None]
        apart = ((means[one] - means[two]) ** 2).sum(axis=1) + _SAME_COLOUR
        source = np.concatenate([one, two])
        target = np.concatenate([two, one])
        cost = np.concatenate([apart / length, apart / length])
        if prefer_large:
            cost = np.where(self._small[target], cost * 1e9, cost)
        wanted = self._small[source]
        source, target, cost = source[wanted], target[wanted], cost[wanted]
        if not len(source):
            return False
        order = np.lexsort((target, cost, source))
        first = order[np.concatenate([[True], source[order][1:] != source[order][:-1]])]
        root = _roots(source[first], target[first], self.count)
        self._root = root[self._root]
        good = np.zeros(self.count, dtype=bool)
        np.logical_or.at(good, root, ~self._small)
        self._small = ~good
        self._area = np.bincount(root, self._area, self.count)
        self._sums = np.stack([np.bincount(root, self._sums[:, axis], self.count) for axis in range(3)], axis=1)
        self._small &= self._area > 0
        one, two = root[one], root[two]
        apart_still = one != two
        self._edges = _gathered(one[apart_still], two[apart_still], length[apart_still], self.count)
        return True

    def paints(self, palette: Floats) -> Bytes:
        """Palette index per original facet: the one nearest to the mean colour of what it belongs to now."""
        means = (self._sums / np.maximum(self._area, 1.0)[:, None]).astype(np.float32)
        paint = nearest(means[None], palette)[0]
        return paint[self._root]


def _roots(source: Ints, target: Ints, count: int) -> Ints:
    """Root (lowest number) of each of `count` nodes after joining all pairs."""
    pairs = coo_array((np.ones(len(source), dtype=np.uint8), (source, target)), shape=(count, count))
    _, part = connected_components(pairs, directed=False)
    lowest = np.full(count, count, dtype=np.int64)
    np.minimum.at(lowest, part, np.arange(count))
    return lowest[part]
