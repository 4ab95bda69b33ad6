"""Facets: numbering, measures, and merging until all can be painted."""

import numpy as np
import pytest
from printworks_render.engine.numbers.cells import lab_of
from printworks_render.engine.numbers.facets import neighbours_of, numbered
from printworks_render.engine.numbers.merging import Limits, merged, patchwork, trimmed
from scipy import ndimage

PALETTE_RGB = np.array([[20, 20, 20], [120, 120, 120], [230, 230, 230], [200, 40, 40]], dtype=np.uint8)
PALETTE = lab_of(PALETTE_RGB[None])[0]


def planes_of(labels: np.ndarray) -> list[np.ndarray]:
    lab = lab_of(PALETTE_RGB[labels])
    return [np.ascontiguousarray(lab[..., axis]) for axis in range(3)]


def parts_of(mask: np.ndarray) -> np.ndarray:
    """4-connected parts by another library, numbered from 1."""
    parts = np.zeros(mask.shape, dtype=np.int32)
    ndimage.label(mask, output=parts)
    return parts


def random_labels(seed: int, rows: int = 40, columns: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, (rows, columns), dtype=np.uint8)


@pytest.mark.parametrize("seed", range(4))
def test_facets_are_the_connected_sets_of_a_paint(seed: int) -> None:
    labels = random_labels(seed)
    found = numbered(labels)
    expected = sum(int(parts_of(labels == paint).max()) for paint in range(4))
    assert found.count == expected
    assert np.array_equal(found.paint[found.facets], labels)
    for paint in range(4):
        parts = parts_of(labels == paint)
        pairs = set(zip(parts[parts > 0].tolist(), found.facets[parts > 0].tolist(), strict=True))
        assert len(pairs) == len({one for one, _ in pairs}) == len({two for _, two in pairs})


def test_facets_are_numbered_in_the_order_of_their_first_cells() -> None:
    found = numbered(np.array([[1, 0, 1], [1, 1, 1]], dtype=np.uint8))
    assert found.facets.tolist() == [[0, 1, 0], [0, 0, 0]]


def test_diagonal_cells_are_two_facets() -> None:
    assert numbered(np.array([[1, 0], [0, 1]], dtype=np.uint8)).count == 4


def test_areas_and_sums_are_those_of_the_cells() -> None:
    labels = random_labels(1)
    found = numbered(labels)
    planes = planes_of(labels)
    assert found.areas().tolist() == np.bincount(found.facets.ravel()).tolist()
    expected = [np.bincount(found.facets.ravel(), plane.ravel()) for plane in planes]
    assert np.allclose(found.sums(planes).T, expected)


def test_depth_counts_cells_from_the_border() -> None:
    found = numbered(np.zeros((9, 9), dtype=np.uint8))
    depth = found.depth()
    assert depth[4, 4] == pytest.approx(4, rel=0.02)
    assert found.deepest(depth)[0] <= 4


def test_neighbours_carry_the_length_of_their_border() -> None:
    found = neighbours_of(numbered(np.array([[0, 0, 1], [0, 0, 1]], dtype=np.uint8)))
    assert list(zip(found.one, found.two, found.length, strict=True)) == [(0, 1, 2.0)]


@pytest.mark.parametrize("seed", range(3))
def test_after_merging_every_facet_holds_the_limits(seed: int) -> None:
    labels = np.kron(random_labels(seed, 24, 30), np.ones((5, 5), dtype=np.uint8))
    limits = Limits(radius=2.5, area=40)
    patches, depth = merged(patchwork(labels, planes_of(labels)), PALETTE, limits)
    found = patches.facets
    assert (found.areas() >= limits.area).all()
    assert (found.deepest(depth) >= limits.radius).all()
    assert found.count > 1


def test_a_speck_takes_the_paint_around_it() -> None:
    labels = np.zeros((40, 40), dtype=np.uint8)
    labels[18:20, 18:20] = 3
    found = merged(patchwork(labels, planes_of(labels)), PALETTE, Limits(3, 30))[0].facets
    assert found.count == 1
    assert found.paint.tolist() == [0]


def test_crumbs_of_two_paints_become_a_patch_of_their_mean() -> None:
    labels = np.zeros((60, 60), dtype=np.uint8)
    y, x = np.mgrid[20:40, 20:40]
    labels[20:40, 20:40] = np.where((x + y) % 2, 0, 2)
    found = merged(patchwork(labels, planes_of(labels)), PALETTE, Limits(3, 30))[0].facets
    assert found.labels[30, 30] == 1


def test_a_thin_line_joins_what_it_resembles_most() -> None:
    labels = np.zeros((40, 60), dtype=np.uint8)
    labels[:, 30:] = 3
    labels[:, 29] = 1
    found = merged(patchwork(labels, planes_of(labels)), PALETTE, Limits(3, 30))[0].facets
    assert found.count == 2
    assert found.labels[0, 29] == 0


def test_facets_that_hold_the_limits_are_left_alone() -> None:
    labels = np.zeros((40, 60), dtype=np.uint8)
    labels[:, 30:] = 3
    found = merged(patchwork(labels, planes_of(labels)), PALETTE, Limits(3, 30))[0].facets
    assert np.array_equal(found.labels, labels)


def test_trimming_cuts_tails_and_leaves_borders_of_wide_parts() -> None:
    labels = np.zeros((60, 80), dtype=np.uint8)
    labels[:, 40:] = 1
    labels[29:31, 10:40] = 1
    found = numbered(labels)
    cut = trimmed(found, found.depth(), 3.0)
    assert (cut[29:31, 12:30] == 0).all()
    assert (cut[:20, :39] == 0).all()
    assert (cut[:20, 41:] == 1).all()


def test_a_canvas_without_room_for_two_facets_is_one() -> None:
    labels = random_labels(3, 8, 8)
    found = merged(patchwork(labels, planes_of(labels)), PALETTE, Limits(6, 60))[0].facets
    assert found.count == 1


@pytest.mark.parametrize("seed", range(3))
def test_unions_are_measured_as_if_they_were_counted_anew(seed: int) -> None:
    labels = np.kron(random_labels(seed, 20, 20), np.ones((3, 3), dtype=np.uint8))
    planes = planes_of(labels)
    patches, _ = merged(patchwork(labels, planes), PALETTE, Limits(1.5, 20))
    fresh = patchwork(patches.facets.labels, planes)
    assert np.array_equal(patches.facets.facets, fresh.facets.facets)
    assert np.array_equal(patches.facets.paint, fresh.facets.paint)
    assert np.array_equal(patches.area, fresh.area)
    assert np.allclose(patches.sums, fresh.sums, rtol=1e-4)
    assert np.array_equal(patches.neighbours.one, fresh.neighbours.one)
    assert np.array_equal(patches.neighbours.length, fresh.neighbours.length)
