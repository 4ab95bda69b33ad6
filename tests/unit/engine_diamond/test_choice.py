"""The drill colours of a picture are chosen together, and exactly as many as were asked for."""

from itertools import combinations

import numpy as np
import pytest
from printworks_render.engine import colour
from printworks_render.engine.diamond import choice, palette


def _photo_like(rows: int = 40, columns: int = 30, seed: int = 5) -> np.ndarray:
    """CIELAB cells with soft gradients in two directions and some noise."""
    y, x = np.mgrid[0:rows, 0:columns]
    base = np.stack([255 * x / columns, 255 * y / rows, 255 * (1 - x / columns) * (y / rows)], axis=-1)
    noise = np.random.default_rng(seed).normal(0, 12, base.shape)
    return colour.srgb_to_lab(np.clip(base + noise, 0, 255).astype(np.uint8)).reshape(-1, 3)


def _error(cells: np.ndarray, chosen: np.ndarray) -> float:
    return float(colour.ciede2000_matrix(cells, chosen).min(axis=1).mean())


@pytest.mark.parametrize("count", [1, 2, 7, 24, 40, 100])
def test_exactly_as_many_different_colours_are_chosen_as_asked_for(count: int) -> None:
    chosen = choice.choose(_photo_like(), palette.labs(palette.standard_palette()), count)
    assert len(set(chosen.tolist())) == count


def test_the_choice_is_the_best_one_when_all_can_be_tried() -> None:
    cells = _photo_like(20, 15)
    table = palette.labs(palette.standard_palette())[::50][:9]
    best = min(_error(cells, table[list(some)]) for some in combinations(range(len(table)), 3))
    assert _error(cells, table[choice.choose(cells, table, 3)]) == pytest.approx(best, rel=0.01)


def test_a_joint_choice_serves_the_picture_better_than_snapping_centres_one_by_one() -> None:
    cells, table, count = _photo_like(), palette.labs(palette.standard_palette()), 24
    jointly = _error(cells, table[choice.choose(cells, table, count)])
    centres = cells[np.random.default_rng(1).choice(len(cells), count, replace=False)]
    for _ in range(15):
        nearest = ((cells[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.stack([cells[nearest == one].mean(axis=0) for one in range(count) if (nearest == one).any()])
        count = len(centres)
    snapped = table[np.unique(colour.ciede2000_matrix(centres, table).argmin(axis=1))]
    assert jointly < 0.98 * _error(cells, snapped)
    assert len(snapped) <= 24


def test_the_choice_does_not_depend_on_the_order_of_the_cells() -> None:
    cells, table = _photo_like(), palette.labs(palette.standard_palette())
    shuffled = cells[np.random.default_rng(3).permutation(len(cells))]
    np.testing.assert_array_equal(choice.choose(cells, table, 20), choice.choose(shuffled, table, 20))


def test_more_colours_than_the_palette_has_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be chosen"):
        choice.choose(_photo_like(), palette.labs(palette.standard_palette())[:5], 6)
