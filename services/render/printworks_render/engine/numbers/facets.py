"""Facets: connected sets of cells of one paint, and what is measured on them.

A facet is 4-connected. Most measures go by runs, stretches of one facet in a row of cells, of which there are ten times
fewer than cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from printworks_render.engine.numbers.cells import Bytes, Floats, Labels

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Planes = Sequence[NDArray[np.float32]]
"""L*, a* and b* of the picture, each (rows, columns) and contiguous."""

# The 5 x 5 chamfer distance of OpenCV is at most 2 % too long.
_CHAMFER = 1.02


@dataclass(frozen=True)
class FacetMap:
    """labels: palette index per cell (rows, columns). paint: palette index per facet (n,), facets in the order of their
    first cells. starts, owner: first cell and facet of each run; runs side by side may have the same facet."""

    labels: Bytes
    paint: Bytes
    starts: NDArray[np.intp]
    owner: Labels

    @cached_property
    def facets(self) -> Labels:
        """Facet number per cell (rows, columns)."""
        return np.repeat(self.owner, self._lengths).reshape(self.labels.shape)

    @cached_property
    def _lengths(self) -> NDArray[np.intp]:
        return np.diff(self.starts, append=self.labels.size)

    def united(self, union: Ints, paint: Bytes) -> "FacetMap":
        """The map after joining facets: `union` has the new number of each facet, `paint` the paint of each new one.

        Neighbours must not have the same paint afterwards.
        """
        owner = union[self.owner].astype(np.int32)
        labels = np.repeat(paint[owner], self._lengths).reshape(self.labels.shape)
        return FacetMap(labels, paint, self.starts, owner)

    @property
    def count(self) -> int:
        return len(self.paint)

    def areas(self) -> Doubles:
        """Cells of each facet."""
        return np.bincount(self.owner, self._lengths, self.count).astype(np.float64)

    def sums(self, planes: Planes) -> Doubles:
        """Sum of the CIELAB values of each facet's cells (n, 3)."""
        runs = (np.add.reduceat(plane.ravel(), self.starts) for plane in planes)
        return np.stack([np.bincount(self.owner, run, self.count) for run in runs], axis=1).astype(np.float64)

    def depth(self) -> Floats:
        """Distance in cells of each cell's centre to the nearest centre of a cell on its facet's border.

        The inscribed radius of a facet is about its greatest depth and half a cell, before borders are smoothed.
        """
        border = np.zeros(self.labels.shape, dtype=bool)
        across, down = _changes(self.labels)
        border[:, 1:] |= across
        border[:, :-1] |= across
        border[1:] |= down
        border[:-1] |= down
        border[0] = border[-1] = True
        border[:, 0] = border[:, -1] = True
        inside = np.logical_not(border, out=border).view(np.uint8)
        return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5), dtype=np.float32)

    def deepest(self, depth: Floats) -> Floats:
        """Greatest depth of each facet, never more than the exact one."""
        result = np.zeros(self.count, dtype=np.float32)
        np.maximum.at(result, self.owner, np.maximum.reduceat(depth.ravel(), self.starts))
        return result / np.float32(_CHAMFER)


def _changes(labels: Bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a cell differs from the one on its left, and from the one above."""
    return labels[:, 1:] != labels[:, :-1], labels[1:] != labels[:-1]


def numbered(labels: Bytes) -> FacetMap:
    """Facets of a map of palette indices (rows, columns)."""
    begins = np.ones(labels.shape, dtype=bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=begins[:, 1:])
    run = np.cumsum(begins, dtype=np.int32).reshape(labels.shape)
    run -= 1
    count = int(run[-1, -1]) + 1
    touching = labels[1:] == labels[:-1]
    # One pair for each stretch in which two runs lie side by side.
    first = touching.copy()
    first[:, 1:] &= ~touching[:, :-1] | begins[1:, 1:] | begins[:-1, 1:]
    above, below = run[:-1][first], run[1:][first]
    links = coo_array((np.ones(len(above), dtype=np.uint8), (above, below)), shape=(count, count))
    parts, part = connected_components(links, directed=False)
    owner = np.asarray(part, dtype=np.int32)
    starts = np.flatnonzero(begins)
    paint = np.zeros(parts, dtype=np.uint8)
    paint[owner] = labels.ravel()[starts]
    return FacetMap(labels, paint, starts, owner)


@dataclass(frozen=True)
class Neighbours:
    """Pairs of facets with a common border, one < two, and its length in cell sides."""

    one: Ints
    two: Ints
    length: Doubles


def neighbours_of(current: FacetMap) -> Neighbours:
    across, down = _changes(current.labels)
    facets = current.facets
    one = np.concatenate([facets[:, 1:][across], facets[1:][down]]).astype(np.int64)
    two = np.concatenate([facets[:, :-1][across], facets[:-1][down]]).astype(np.int64)
    return gathered(one, two, np.ones(len(one)), current.count)


def gathered(one: Ints, two: Ints, length: Doubles, count: int) -> Neighbours:
    """Pairs of facets below `count`, each once, with the sum of their lengths."""
    keys = np.minimum(one, two) * count + np.maximum(one, two)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    sums = np.add.reduceat(length[order], starts) if len(starts) else np.zeros(0)
    return Neighbours(keys[starts] // count, keys[starts] % count, sums)
