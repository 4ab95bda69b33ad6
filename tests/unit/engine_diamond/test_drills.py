"""Cells become drills: by nearest colour or by error diffusion; confetti is joined to its surroundings."""

import numpy as np
from printworks_render.engine import colour
from printworks_render.engine.diamond import confetti, mapping

SEVEN = colour.srgb_to_lab(
    np.array(
        [[0, 0, 0], [255, 255, 255], [200, 30, 40], [40, 160, 60], [40, 60, 190], [230, 200, 50], [128, 128, 128]],
        dtype=np.uint8,
    )
)


def _cells(rows: int, columns: int, seed: int = 2) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    return colour.srgb_to_lab(pixels)


def _one_by_one(cells: np.ndarray, colours: np.ndarray, strength: float) -> np.ndarray:
    """Floyd and Steinberg's loop as it stands in the books, with the same limits to error and reach."""
    rows, columns = cells.shape[:2]
    asked = np.pad(cells.astype(np.float64), ((0, 1), (1, 1), (0, 0)))
    out = np.empty((rows, columns), dtype=np.intp)
    for row in range(rows):
        for column in range(columns):
            error = asked[row, column + 1] - cells[row, column]
            error *= min(1.0, mapping._LARGEST_ERROR / max(float(np.linalg.norm(error)), 1e-6))
            value = cells[row, column] + error
            plain = np.linalg.norm(colours - cells[row, column], axis=1)
            reach = plain.min() + mapping._REACH + mapping._REACH_OF_STRENGTH * strength
            out[row, column] = int(np.where(plain <= reach, colour.ciede2000(value[None], colours), 1e3).argmin())
            off = (value - colours[out[row, column]]) * strength / 16
            asked[row, column + 2] += 7 * off
            asked[row + 1, column] += 3 * off
            asked[row + 1, column + 1] += 5 * off
            asked[row + 1, column + 2] += off
    return out


def test_without_dithering_every_cell_gets_the_nearest_colour() -> None:
    cells = _cells(9, 7)
    nearest = colour.ciede2000(cells[:, :, None, :], SEVEN[None, None]).argmin(axis=2)
    np.testing.assert_array_equal(mapping.costs(cells, SEVEN).argmin(axis=2), nearest)


def test_diffusion_line_by_line_gives_what_the_plain_loop_gives() -> None:
    for rows, columns in ((12, 17), (17, 5), (1, 9), (9, 1)):
        cells = _cells(rows, columns)
        found, _ = mapping.diffuse(cells, SEVEN, 0.7)
        assert (found == _one_by_one(cells, SEVEN, 0.7)).mean() > 0.98  # single against double precision


def test_dithered_grey_has_the_lightness_of_the_grey_on_average() -> None:
    two_greys = np.array([[40.0, 0.0, 0.0], [60.0, 0.0, 0.0]])
    grey = np.full((60, 60, 3), [48.0, 0.0, 0.0])
    index, _ = mapping.diffuse(grey, two_greys, 1.0)
    assert abs(two_greys[index][..., 0].mean() - 48.0) < 1.0
    assert (mapping.costs(grey, two_greys).argmin(axis=2) == 0).all()


def test_a_cell_takes_no_colour_far_from_its_own_however_well_it_would_mix() -> None:
    sand_and_orange = np.array([[80.0, 5.0, 15.0], [65.0, 50.0, 60.0]])
    skin = np.full((40, 40, 3), [78.0, 14.0, 20.0])
    index, _ = mapping.diffuse(skin, sand_and_orange, 0.5)
    assert not index.any()


def test_a_single_cell_takes_the_colour_around_it_when_that_costs_little() -> None:
    cells = np.zeros((5, 5), dtype=np.intp)
    cells[2, 2] = 1
    cost = np.where(np.arange(2) == cells[..., None], 0.0, 3.0)
    assert confetti.is_confetti(cells).sum() == 1
    assert not confetti.clean(cells, cost, limit=6.0).any()


def test_a_single_cell_that_stands_out_is_kept_as_detail() -> None:
    cells = np.zeros((5, 5), dtype=np.intp)
    cells[2, 2] = 1
    cost = np.where(np.arange(2) == cells[..., None], 0.0, 40.0)
    np.testing.assert_array_equal(confetti.clean(cells, cost, limit=6.0), cells)


def test_a_neighbour_joins_the_single_cell_when_that_is_cheaper() -> None:
    cells = np.zeros((5, 5), dtype=np.intp)
    cells[2, 2] = 1
    cost = np.where(np.arange(2) == cells[..., None], 0.0, 9.0)
    cost[2, 3] = [1.0, 1.5]
    cleaned = confetti.clean(cells, cost, limit=6.0)
    assert cleaned[2, 2] == cleaned[2, 3] == 1
    assert cleaned.sum() == 2


def test_cleaning_leaves_less_confetti_and_changes_nothing_else() -> None:
    cells = np.random.default_rng(4).integers(0, 7, (40, 40))
    cost = np.random.default_rng(5).uniform(0, 5, (40, 40, 7))
    cleaned = confetti.clean(cells, cost, limit=1000.0)
    assert confetti.is_confetti(cleaned).mean() < 0.2 * confetti.is_confetti(cells).mean()
    assert set(np.unique(cleaned)) <= set(range(7))


def test_a_colour_that_lost_its_last_cell_gets_its_best_one_back() -> None:
    cells = np.zeros((3, 3), dtype=np.intp)
    cost = np.ones((3, 3, 3))
    cost[0, 1, 1], cost[2, 2, 2] = 0.1, 0.2
    kept = confetti.keep_all_colours(cells, cost)
    assert kept[0, 1] == 1
    assert kept[2, 2] == 2
    assert (kept == 0).sum() == 7
