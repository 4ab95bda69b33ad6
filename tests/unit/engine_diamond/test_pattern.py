"""A pattern uses the colours asked for, and its counts tell what a kit needs."""

import numpy as np
import pytest
from printworks_render.engine.diamond import confetti, palette, pattern


def _picture(height: int = 300, width: int = 240) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 100 * np.sin(x / 17 + phase) * np.cos(y / (23 + 3 * phase)) for phase in range(3)]
    noise = np.random.default_rng(1).normal(0, 10, (height, width, 3))
    return np.clip(np.stack(waves, axis=-1) + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=[("none", 0.0), ("none", 0.85), ("moderate", 0.5), ("strong", 0.5)])
def made(request: pytest.FixtureRequest) -> pattern.Pattern:
    cleaning, dithering = request.param
    return pattern.make_pattern(_picture(), (50, 40), palette.standard_palette(), 30, dithering, cleaning)


def test_exactly_the_colours_asked_for_are_used(made: pattern.Pattern) -> None:
    assert len(made.drills) == len(set(made.cells.reshape(-1).tolist())) == 30


def test_the_counts_add_up_to_the_cells(made: pattern.Pattern) -> None:
    assert made.counts().sum() == made.rows * made.columns == 50 * 40
    assert made.counts().min() >= 1


def test_the_same_picture_gives_the_same_pattern(made: pattern.Pattern) -> None:
    again = pattern.make_pattern(_picture(), (50, 40), palette.standard_palette(), 30, 0.5, "moderate")
    once_more = pattern.make_pattern(_picture(), (50, 40), palette.standard_palette(), 30, 0.5, "moderate")
    np.testing.assert_array_equal(again.cells, once_more.cells)
    assert again.drills == once_more.drills


def test_the_default_has_little_confetti() -> None:
    made = pattern.make_pattern(_picture(), (50, 40), palette.standard_palette(), 30, 0.5, "moderate")
    assert confetti.is_confetti(made.cells.astype(np.intp)).mean() <= 0.03


def test_a_picture_of_three_colours_needs_three_drills() -> None:
    picture = np.zeros((30, 30, 3), dtype=np.uint8)
    picture[:, 10:20], picture[:, 20:] = (250, 40, 30), (20, 40, 240)
    made = pattern.make_pattern(picture, (30, 30), palette.standard_palette(), 40)
    assert len(made.drills) == 3


def test_a_picture_smaller_than_the_grid_is_enlarged() -> None:
    made = pattern.make_pattern(_picture(20, 16), (50, 40), palette.standard_palette(), 8)
    assert (made.rows, made.columns, len(made.drills)) == (50, 40, 8)


def test_spare_share_and_bags_are_rounded_up_for_each_colour() -> None:
    drills = palette.standard_palette()[:3]
    cells = np.array([0] * 181 + [1] * 10 + [2] * 182, dtype=np.uint8).reshape(1, -1)
    needs = pattern.quantities(pattern.Pattern(cells, drills), spare=0.1, bag_size=200)
    assert [(n.cells, n.drills, n.bags) for n in needs] == [(181, 200, 1), (10, 11, 1), (182, 201, 2)]


def test_a_tenth_spare_of_ten_is_one_not_two() -> None:
    drills = palette.standard_palette()[:1]
    needs = pattern.quantities(pattern.Pattern(np.zeros((10, 10), dtype=np.uint8), drills), 0.1, 200)
    assert needs[0].drills == 110
