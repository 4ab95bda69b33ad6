"""Borders between facets as shared arcs: each is traced, smoothed and drawn once.

A border runs along cell sides between corners of cells. Corners where more or fewer than two sides meet are nodes; an
arc runs from node to node, or around as a ring. Smoothing moves a corner by less than half a cell in x and in y, so
each corner keeps a square of its own, sides keep to the squares of their two ends, and no two arcs can cross or touch
except in their nodes: facets stay exactly the facets of the raster, without gaps or overlaps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from printworks_render.engine.numbers.cells import CellGrid, Labels

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

OUTSIDE = -1
_REACH = 0.48
_SMOOTHING = ((0.5, -0.52), 7)


@dataclass(frozen=True)
class Arcs:
    """points: (p, 2) millimetres, x to the right, y down; arc i has points[starts[i]:starts[i + 1]].

    left, right: the facets on both sides of each arc, seen along it; `OUTSIDE` beyond the canvas. A ring ends in the
    point in which it starts.
    """

    points: Doubles
    starts: Ints
    left: Ints
    right: Ints

    @property
    def count(self) -> int:
        return len(self.left)

    def arc_of_segment(self) -> tuple[Ints, Ints]:
        """Index of the first point of each segment, and its arc."""
        lengths = np.diff(self.starts) - 1
        arc = np.repeat(np.arange(self.count), lengths)
        offset = np.arange(len(arc)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return self.starts[arc] + offset, arc


@dataclass(frozen=True)
class _Sides:
    """Cell sides that are borders: corner numbers at both ends, facets on the left and right from tail to head."""

    tail: Ints
    head: Ints
    left: Ints
    right: Ints


def traced(facets: Labels, grid: CellGrid, *, tolerance_mm: float) -> Arcs:
    """Smoothed arcs of a facet map, thinned so that no point moves further than `tolerance_mm` from the smooth line."""
    sides = _sides(facets)
    seen = np.zeros((grid.rows + 1) * (grid.columns + 1), dtype=bool)
    seen[sides.tail] = True
    seen[sides.head] = True
    used = np.flatnonzero(seen)
    number = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    tail, head = number[sides.tail].astype(np.int64), number[sides.head].astype(np.int64)
    corner_y, corner_x = np.divmod(used, grid.columns + 1)
    order, starts, flipped = _chained(tail, head, len(used))
    place = _smoothed(corner_x, corner_y, tail, head, grid)
    scale = np.array([grid.width / grid.columns, grid.height / grid.rows])
    first = np.where(flipped, head[order], tail[order])
    last = np.where(flipped, tail[order], head[order])
    ends = np.concatenate([starts[1:], [len(order)]]) - 1
    lengths = ends - starts + 2
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    corners = np.empty(offsets[-1], dtype=np.int64)
    at = np.arange(len(order)) + np.repeat(np.arange(len(starts)), lengths - 1)
    corners[at] = first
    corners[offsets[1:] - 1] = last[ends]
    turned = flipped[starts]
    left = np.where(turned, sides.right[order[starts]], sides.left[order[starts]])
    right = np.where(turned, sides.left[order[starts]], sides.right[order[starts]])
    arcs = Arcs(place[corners] * scale, offsets, left, right)
    return _thinned(arcs, tolerance_mm)


def _sides(facets: Labels) -> _Sides:
    rows, columns = facets.shape
    framed = np.full((rows + 2, columns + 2), OUTSIDE, dtype=np.int64)
    framed[1:-1, 1:-1] = facets
    wide = columns + 1
    # Sides that run to the right, between the cell above (left hand) and the one below.
    above, below = framed[:-1, 1:-1], framed[1:, 1:-1]
    y, x = np.nonzero(above != below)
    level = (y * wide + x, y * wide + x + 1, above[y, x], below[y, x])
    # Sides that run down, between the cell to the right (left hand, y points down) and the one to the left.
    west, east = framed[1:-1, :-1], framed[1:-1, 1:]
    y, x = np.nonzero(west != east)
    upright = (y * wide + x, (y + 1) * wide + x, east[y, x], west[y, x])
    tail, head, left, right = (np.concatenate(pair) for pair in zip(level, upright, strict=True))
    return _Sides(tail, head, left, right)


def _chained(tail: Ints, head: Ints, corners: int) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Sides in the order of their arcs, where each arc starts, and which sides are walked from head to tail.

    Each side is walked in both directions as a half side; ranks within a chain come from pointer doubling, which needs
    as many steps as the longest chain has binary digits.
    """
    count = len(tail)
    degree = np.bincount(tail, minlength=corners) + np.bincount(head, minlength=corners)
    node = degree != 2
    _break_rings(tail, head, corners, node)
    goal = np.concatenate([head, tail])
    number = np.arange(count, dtype=np.int64)
    total = np.bincount(tail, number, corners) + np.bincount(head, number, corners)
    other = total[goal].astype(np.int64) - np.tile(number, 2)
    ending = node[goal]
    other[ending] = 0
    following = np.where(tail[other] == goal, other, other + count)
    itself = np.arange(2 * count, dtype=np.int64)
    pointer = np.where(ending, itself, following)
    steps = np.where(ending, 0, 1).astype(np.int64)
    while True:
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            break
        steps += steps[pointer]
        pointer = further
    # Both directions of an arc end in different half sides; the direction with the lower end is kept.
    back = np.concatenate([itself[count:], itself[:count]])
    kept = pointer < pointer[back]
    half = np.flatnonzero(kept)
    order = half[np.lexsort((-steps[half], pointer[half]))]
    chain = pointer[order]
    starts = np.flatnonzero(np.concatenate([[True], chain[1:] != chain[:-1]]))
    return order % count, starts, order >= count


def _break_rings(tail: Ints, head: Ints, corners: int, node: NDArray[np.bool_]) -> None:
    """Make the lowest corner of each ring without a node into one."""
    inner = ~node[tail] & ~node[head]
    links = coo_array((np.ones(int(inner.sum()), dtype=np.uint8), (tail[inner], head[inner])), shape=(corners, corners))
    parts, part = connected_components(links, directed=False)
    attached = np.zeros(parts, dtype=bool)
    attached[part[tail[node[head]]]] = True
    attached[part[head[node[tail]]]] = True
    attached[part[node]] = True
    lowest = np.full(parts, corners, dtype=np.int64)
    np.minimum.at(lowest, part, np.arange(corners))
    node[lowest[~attached]] = True


def _smoothed(corner_x: Ints, corner_y: Ints, tail: Ints, head: Ints, grid: CellGrid) -> Doubles:
    """Corners in cells after Taubin smoothing over the graph of sides, each within `_REACH` of its place.

    Corners on the canvas' edge stay where they are.
    """
    fixed = np.stack([corner_x, corner_y], axis=1).astype(np.float64)
    count = len(fixed)
    degree = np.bincount(tail, minlength=count) + np.bincount(head, minlength=count)
    free = (corner_x > 0) & (corner_x < grid.columns) & (corner_y > 0) & (corner_y < grid.rows)
    share = np.where(free, 1.0 / degree, 0.0)[:, None]
    links = coo_array(
        (np.ones(2 * len(tail)), (np.concatenate([tail, head]), np.concatenate([head, tail]))), shape=(count, count)
    ).tocsr()
    place = fixed.copy()
    weights, rounds = _SMOOTHING
    kept = free[:, None]
    for _ in range(rounds):
        for weight in weights:
            pull = links @ place
            pull *= share
            pull -= place * kept
            pull *= weight
            place += pull
            np.clip(place, fixed - _REACH, fixed + _REACH, out=place)
    return place


def _thinned(arcs: Arcs, tolerance: float) -> Arcs:
    """Leave out points that are nearly on the line of their neighbours, every second one at a time.

    Three passes; each moves the line by less than a third of the tolerance.
    """
    points, starts = arcs.points, arcs.starts
    for _ in range(3):
        count = len(points)
        index = np.arange(count)
        arc = np.repeat(np.arange(arcs.count), np.diff(starts))
        inner = (index > starts[arc]) & (index < starts[arc + 1] - 1) & ((index - starts[arc]) % 2 == 1)
        before, after = points[np.maximum(index - 1, 0)], points[np.minimum(index + 1, count - 1)]
        chord = after - before
        away = points - before
        across = np.abs(chord[:, 0] * away[:, 1] - chord[:, 1] * away[:, 0])
        near = across <= (tolerance / 3) * np.hypot(chord[:, 0], chord[:, 1])
        # A ring keeps at least four points, so that it stays a surface.
        roomy = (np.diff(starts) > 5)[arc]
        drop = inner & near & roomy
        kept = ~drop
        sums = np.concatenate([[0], np.cumsum(kept)])
        points, starts = points[kept], sums[starts]
    return Arcs(points, starts, arcs.left, arcs.right)
