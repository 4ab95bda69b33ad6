"""Borders: each traced once, from node to node or around, smoothed without leaving gaps."""

import numpy as np
import pytest
from printworks_render.engine.numbers.arcs import OUTSIDE, Arcs, traced
from printworks_render.engine.numbers.cells import CellGrid
from printworks_render.engine.numbers.facets import numbered


def arcs_of(labels: list[list[int]], *, cell: float = 1.0) -> Arcs:
    map_ = numbered(np.array(labels, dtype=np.uint8))
    rows, columns = map_.facets.shape
    return traced(map_.facets, CellGrid(columns, rows, columns * cell, rows * cell), tolerance_mm=0.0)


def areas(arcs: Arcs, count: int) -> np.ndarray:
    first, arc = arcs.arc_of_segment()
    start, end = arcs.points[first], arcs.points[first + 1]
    turn = (start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1]) / 2
    total = np.zeros(count)
    for side, sign in ((arcs.right, 1.0), (arcs.left, -1.0)):
        inside = side[arc] != OUTSIDE
        total += sign * np.bincount(side[arc][inside], turn[inside], count)
    return total


def random_map(seed: int, rows: int = 24, columns: int = 31) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, (rows, columns), dtype=np.uint8)


def test_one_facet_has_one_arc_around_the_canvas() -> None:
    arcs = arcs_of([[1, 1], [1, 1]])
    assert arcs.count == 1
    assert {int(arcs.left[0]), int(arcs.right[0])} == {0, OUTSIDE}
    assert (arcs.points[0] == arcs.points[-1]).all()


def test_two_halves_share_the_border_between_them() -> None:
    arcs = arcs_of([[0, 1], [0, 1]])
    shared = [i for i in range(arcs.count) if OUTSIDE not in (arcs.left[i], arcs.right[i])]
    assert len(shared) == 1
    assert arcs.count == 3


def test_an_island_has_a_ring_of_its_own() -> None:
    labels = [[0] * 7 for _ in range(7)]
    for y in range(2, 5):
        for x in range(2, 5):
            labels[y][x] = 1
    arcs = arcs_of(labels)
    assert arcs.count == 2
    ring = next(i for i in range(arcs.count) if OUTSIDE not in (arcs.left[i], arcs.right[i]))
    points = arcs.points[arcs.starts[ring] : arcs.starts[ring + 1]]
    assert (points[0] == points[-1]).all()


@pytest.mark.parametrize("seed", range(5))
def test_facets_fill_the_canvas_exactly_after_smoothing(seed: int) -> None:
    map_ = numbered(random_map(seed))
    rows, columns = map_.facets.shape
    arcs = traced(map_.facets, CellGrid(columns, rows, columns * 0.4, rows * 0.4), tolerance_mm=0.03)
    found = areas(arcs, map_.count)
    assert found.sum() == pytest.approx(rows * columns * 0.16)
    assert (found > 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_every_side_between_two_facets_belongs_to_one_arc(seed: int) -> None:
    labels = random_map(seed)
    map_ = numbered(labels)
    rows, columns = labels.shape
    arcs = traced(map_.facets, CellGrid(columns, rows, float(columns), float(rows)), tolerance_mm=-1.0)
    sides = int((labels[:, 1:] != labels[:, :-1]).sum() + (labels[1:] != labels[:-1]).sum()) + 2 * (rows + columns)
    first, _ = arcs.arc_of_segment()
    assert len(first) == sides
    ends = np.stack([arcs.points[first], arcs.points[first + 1]], axis=1).round(6)
    ordered = [tuple(sorted((tuple(one), tuple(two)))) for one, two in ends.tolist()]
    assert len(set(ordered)) == sides


@pytest.mark.parametrize("seed", range(3))
def test_no_corner_moves_by_half_a_cell_and_edges_of_the_canvas_stay(seed: int) -> None:
    map_ = numbered(random_map(seed))
    rows, columns = map_.facets.shape
    points = traced(map_.facets, CellGrid(columns, rows, float(columns), float(rows)), tolerance_mm=-1.0).points
    assert np.abs(points - points.round()).max() < 0.5
    assert points.min() == 0.0
    assert points[:, 0].max() == columns
    assert points[:, 1].max() == rows


def test_a_slanted_border_becomes_smooth() -> None:
    y, x = np.mgrid[:60, :60]
    map_ = numbered((x > 10 + y / 3).astype(np.uint8))
    arcs = traced(map_.facets, CellGrid(60, 60, 60.0, 60.0), tolerance_mm=0.0)
    shared = next(i for i in range(arcs.count) if OUTSIDE not in (arcs.left[i], arcs.right[i]))
    points = arcs.points[arcs.starts[shared] : arcs.starts[shared + 1]]
    middle = points[(points[:, 1] > 5) & (points[:, 1] < 55)]
    off = np.abs(middle[:, 0] - (10.5 + middle[:, 1] / 3)) / np.hypot(1, 1 / 3)
    assert off.max() < 0.75
    assert np.abs(np.diff(np.unwrap(np.arctan2(*np.diff(middle, axis=0).T)))).max() < 0.6


def test_arcs_are_the_same_every_time() -> None:
    map_ = numbered(random_map(9))
    grid = CellGrid(31, 24, 31.0, 24.0)
    one, two = (traced(map_.facets, grid, tolerance_mm=0.03) for _ in range(2))
    assert np.array_equal(one.points, two.points)
    assert np.array_equal(one.starts, two.starts)
