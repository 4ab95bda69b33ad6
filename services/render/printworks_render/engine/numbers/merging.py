"""From a label per cell to facets that can be painted: each at least so wide and so large, in millimetres.

A facet that is too small joins the neighbour that it resembles most, weighed by the border they share; the union is
measured and given the paint nearest to its mean colour. This goes on until every facet holds the limits, so groups of
crumbs (leaves, fur) become patches of their own and are not simply swallowed. Radius is measured on the raster by a
distance transform, everything else on the graph of neighbours.
"""

from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from printworks_render.engine.numbers.cells import Bytes, Floats
from printworks_render.engine.numbers.facets import (
    Doubles,
    FacetMap,
    Ints,
    Neighbours,
    Planes,
    gathered,
    neighbours_of,
    numbered,
)
from printworks_render.engine.numbers.palette import nearest

Mask = NDArray[np.bool_]

_SAME_COLOUR = 12.0
"""Added to squared CIELAB distances: below it, the common border matters more than the colour."""
_GRAPH_ROUNDS = 4
_PATIENT_PASSES = 6
_MAX_PASSES = 40


@dataclass(frozen=True)
class Limits:
    """Smallest inscribed radius and area of a facet, in cells."""

    radius: float
    area: float


@dataclass(frozen=True)
class Patchwork:
    """Facets with what merging knows of them: neighbours, cells and sums of CIELAB of each. A union has the sums of its
    parts, so cells are visited once and not after every merge."""

    facets: FacetMap
    neighbours: Neighbours
    area: Doubles
    sums: Doubles

    @property
    def means(self) -> Floats:
        """Mean colour of each facet in CIELAB (n, 3)."""
        return (self.sums / self.area[:, None]).astype(np.float32)

    def repainted(self, paint: Bytes) -> "Patchwork":
        """With a new paint for each facet; neighbours of the same paint are joined."""
        return self.joined(np.arange(self.facets.count), paint)

    def joined(self, root: Ints, paint: Bytes) -> "Patchwork":
        """With each facet joined to its `root`, painted as `paint` of the root says, and so are neighbours that then
        have the same paint."""
        one, two = root[self.neighbours.one], root[self.neighbours.two]
        same = paint[one] == paint[two]
        source = np.concatenate([one[same], np.arange(len(root))])
        target = np.concatenate([two[same], root])
        lowest = _roots(source, target, len(root))
        kept, union = np.unique(lowest, return_inverse=True)
        count = len(kept)
        union = union.astype(np.int64)
        one, two = union[self.neighbours.one], union[self.neighbours.two]
        apart = one != two
        neighbours = gathered(one[apart], two[apart], self.neighbours.length[apart], count)
        area = np.bincount(union, self.area, count).astype(np.float64)
        return Patchwork(
            self.facets.united(union, paint[root[kept]]), neighbours, area, _summed(union, self.sums, count)
        )


def patchwork(labels: Bytes, planes: Planes) -> Patchwork:
    facets = numbered(labels)
    return Patchwork(facets, neighbours_of(facets), facets.areas(), facets.sums(planes))


def _summed(group: Ints, values: Doubles, count: int) -> Doubles:
    """Sums of the rows (n, 3) of each group."""
    return np.stack([np.bincount(group, values[:, axis], count) for axis in range(3)], axis=1).astype(np.float64)


def merged(current: Patchwork, palette: Floats, limits: Limits) -> tuple[Patchwork, Floats]:
    """Joined until all facets hold the limits, and the depth of the cells; one facet when two have no room."""
    depth = current.facets.depth()
    for turn in range(_MAX_PASSES):
        small = (current.facets.deepest(depth) < limits.radius) | (current.area < limits.area)
        if not small.any() or current.facets.count == 1:
            break
        graph = _Graph(current, small)
        graph.shrink(limits, patient=turn < _PATIENT_PASSES)
        current = current.joined(graph.root, graph.paints(palette))
        depth = current.facets.depth()
    return current, depth


def trimmed(current: FacetMap, depth: Floats, radius: float) -> Bytes:
    """Palette index per cell after cutting off what of a facet is thinner than twice the radius (cells).

    Every cell goes to the facet whose core, its cells deeper than the radius, is nearest: borders between wide parts
    stay where they are, for both sides have lost the same; tails and channels that no brush can fill are closed.
    """
    outside = depth < radius - 0.5
    if outside.all():
        return current.labels
    _, found = cv2.distanceTransformWithLabels(outside.view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    nearest_core = np.asarray(found, dtype=np.int32)
    core = ~outside
    paint = np.zeros(int(nearest_core.max()) + 1, dtype=np.uint8)
    paint[nearest_core[core]] = current.labels[core]
    return paint[nearest_core]


class _Graph:
    """Facets of one pass and which of them were joined."""

    def __init__(self, start: Patchwork, small: Mask) -> None:
        self.count = start.facets.count
        self.root: Ints = np.arange(self.count)
        self._edges = start.neighbours
        self._area = start.area
        self._sums = start.sums
        self._small = small

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
        # On a draw small facets join each other rather than a large one, which would swallow them one by one.
        order = np.lexsort((target, ~self._small[target], cost, source))
        first = order[np.flatnonzero(np.diff(source[order], prepend=-1))]
        source, target = source[first], target[first]
        if not prefer_large:
            # What a facet that is swallowed in this round has chosen as its own neighbour waits for the next one:
            # otherwise a chain of crumbs would vanish in a large facet at its end, whatever their colours.
            swallowed = np.zeros(self.count, dtype=bool)
            swallowed[source[~self._small[target]]] = True
            stays = ~swallowed[target]
            source, target = source[stays], target[stays]
        root = _roots(source, target, self.count)
        self.root = root[self.root]
        good = np.zeros(self.count, dtype=bool)
        np.logical_or.at(good, root, ~self._small)
        self._small = ~good
        self._area = np.bincount(root, self._area, self.count)
        self._sums = _summed(root, self._sums, self.count)
        self._small &= self._area > 0
        one, two = root[one], root[two]
        apart_still = one != two
        self._edges = gathered(one[apart_still], two[apart_still], length[apart_still], self.count)
        return True

    def paints(self, palette: Floats) -> Bytes:
        """Palette index per root: the one nearest to the mean colour of what has joined it."""
        means = (self._sums / np.maximum(self._area, 1.0)[:, None]).astype(np.float32)
        return nearest(means[None], palette)[0]


def _roots(source: Ints, target: Ints, count: int) -> Ints:
    """Root (lowest number) of each of `count` nodes after joining all pairs."""
    pairs = coo_array((np.ones(len(source), dtype=np.uint8), (source, target)), shape=(count, count))
    _, part = connected_components(pairs, directed=False)
    lowest = np.full(count, count, dtype=np.int64)
    np.minimum.at(lowest, part, np.arange(count))
    return lowest[part]
