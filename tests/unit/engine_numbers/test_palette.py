"""Paints: chosen for the picture, freely or jointly from a set."""

import numpy as np
import pytest
from printworks_render.engine.colour import ciede2000_matrix
from printworks_render.engine.numbers import palette
from printworks_render.engine.numbers.cells import lab_of

from tests.unit.engine_numbers.pictures import one_colour, photo


def test_a_free_palette_has_as_many_colours_as_asked_for() -> None:
    lab = lab_of(photo("landscape", 200, 150))
    assert len(palette.free_palette(lab, 24)) == 24


def test_a_free_palette_is_the_same_every_time_and_darkest_first() -> None:
    lab = lab_of(photo("cat", 200, 150))
    one, two = palette.free_palette(lab, 12), palette.free_palette(lab, 12)
    assert np.array_equal(one, two)
    assert (np.diff(one[:, 0]) >= 0).all()


def test_a_picture_of_one_colour_gets_one() -> None:
    assert len(palette.free_palette(lab_of(one_colour(50, 40)), 24)) == 1


def test_paints_are_chosen_jointly_and_not_one_by_one() -> None:
    lab = lab_of(photo("landscape", 120, 90))
    generator = np.random.default_rng(3)
    paints = lab_of(generator.integers(0, 256, (1, 80, 3), dtype=np.uint8))[0]
    colours, weights = palette.histogram(lab)
    chosen = palette.choose_paints(colours, weights, paints, 12)
    centres = palette.free_palette(lab, 12)
    snapped = np.unique(ciede2000_matrix(centres, paints).argmin(axis=1))

    def cost(indices: np.ndarray) -> float:
        return float((ciede2000_matrix(colours, paints[indices]).min(axis=1) * weights).sum())

    assert len(chosen) == len(set(chosen.tolist())) == 12
    assert cost(chosen) < cost(snapped)


def test_a_small_set_is_used_whole() -> None:
    lab = lab_of(photo("cat", 60, 40))
    colours, weights = palette.histogram(lab)
    assert palette.choose_paints(colours, weights, colours[:5], 12).tolist() == [0, 1, 2, 3, 4]


def test_each_cell_gets_the_nearest_colour() -> None:
    lab = lab_of(photo("portrait", 40, 50))
    colours = palette.free_palette(lab, 8)
    expected = ((lab[:, :, None] - colours) ** 2).sum(axis=-1).argmin(axis=-1)
    assert (palette.nearest(lab, colours) == expected).mean() > 0.999


def test_the_table_agrees_with_the_exact_choice_but_for_near_ties() -> None:
    rgb = photo("landscape", 160, 120)
    lab = lab_of(rgb)
    colours = palette.free_palette(lab, 16)
    quick, exact = palette.by_table(rgb, colours), palette.nearest(lab, colours)
    away = np.linalg.norm(lab - colours[quick], axis=-1) - np.linalg.norm(lab - colours[exact], axis=-1)
    assert away.max() < 6
    assert (quick == exact).mean() > 0.9


def test_sweeping_removes_specks_and_keeps_wide_areas() -> None:
    labels = np.zeros((30, 30), dtype=np.uint8)
    labels[:, 15:] = 1
    labels[5, 5] = 1
    swept = palette.swept(labels, 2, 5)
    assert swept[5, 5] == 0
    assert (swept[:, :13] == 0).all()
    assert (swept[:, 17:] == 1).all()


@pytest.mark.parametrize("count", [3, 6])
def test_fitting_uses_all_colours_that_the_facets_allow(count: int) -> None:
    means = np.array([[10, 0, 0], [30, 0, 0], [50, 0, 0], [70, 0, 0], [90, 0, 0], [50, 40, 0]], dtype=np.float32)
    area = np.array([1000.0, 10, 10, 10, 10, 10])
    start = np.array([[10, 0, 0], [11, 0, 0], [12, 0, 0]], dtype=np.float32)
    colours, paint = palette.fitted(means, area, start, count, 6)
    assert len(colours) == count
    assert len(set(paint.tolist())) == count
