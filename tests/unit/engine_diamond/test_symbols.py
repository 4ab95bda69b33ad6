"""Symbols cannot be mistaken for one another at print size, also with the canvas turned, and can be read."""

import cv2
import numpy as np
from printworks_render.engine.diamond import glyphs, palette, symbols
from printworks_render.engine.diamond.grid_raster import coverage
from printworks_render.engine.fonts import Face

PIXELS = 40  # of a cell of 2.5 mm
BLUR = 2.2  # 0.14 mm: print and a quick look


def _seen(names: tuple[str, ...]) -> np.ndarray:
    images = [cv2.GaussianBlur(coverage(glyphs.glyph(name), PIXELS), (0, 0), BLUR) for name in names]
    return np.stack(images)


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How different each pair looks, 0 (same) to 1 (nothing in common)."""
    a, b = one.reshape(len(one), -1), other.reshape(len(other), -1)
    both = np.stack([np.abs(row - b).sum(axis=1) for row in a])
    return both / (a.sum(axis=1)[:, None] + b.sum(axis=1)[None, :])


def test_no_two_single_signs_look_alike_upright_or_turned() -> None:
    seen = _seen(glyphs.SINGLES)
    for quarter_turns in range(4):
        apart = _apart(seen, np.rot90(seen, quarter_turns, axes=(1, 2)))
        np.fill_diagonal(apart, 1.0)
        assert apart.min() > 0.16, f"{quarter_turns} quarter turns"


def test_no_two_symbols_of_all_look_alike_upright() -> None:
    seen = _seen(glyphs.INVENTORY)[:, ::2, ::2]
    apart = _apart(seen, seen)
    np.fill_diagonal(apart, 1.0)
    first, second = np.unravel_index(int(apart.argmin()), apart.shape)
    assert apart.min() > 0.065, f"{glyphs.INVENTORY[first]} and {glyphs.INVENTORY[second]}"


def test_notorious_doubles_are_not_in_the_set() -> None:
    letters = {name for name in glyphs.SINGLES if name.isascii()}
    for group in ("O0QD", "I1l", "B8R", "S5", "Z2N", "69G", "MNH", "PRF", "VA"):
        assert len(letters & set(group)) <= 1, group


def test_every_symbol_stays_inside_its_cell() -> None:
    for name in glyphs.INVENTORY:
        drawn = glyphs.glyph(name)
        margin = drawn.width / 2
        for path in drawn.paths:
            edge = 0 if path.filled else margin
            points = np.array(path.points)
            assert points.min() - edge >= 0.02, name
            assert points.max() + edge <= 0.98, name


def test_symbols_are_at_least_1_2_mm_high_with_lines_of_0_15_mm_on_the_smallest_usual_drill() -> None:
    assert symbols.CAP_HEIGHT * 2.5 >= 1.2
    assert symbols.CAP_HEIGHT * 2.8 * symbols.share_of_cell(round_drills=True) >= 1.2
    for name in glyphs.INVENTORY:
        drawn = glyphs.glyph(name)
        height = np.ptp([y for path in drawn.paths for _, y in path.points]) + drawn.width
        width = np.ptp([x for path in drawn.paths for x, _ in path.points]) + drawn.width
        assert max(height, width) >= symbols.CAP_HEIGHT, name
        assert drawn.width >= symbols.LINE_WIDTH, name


def test_ink_is_black_on_light_drills_and_white_on_dark_ones_with_enough_contrast() -> None:
    drills = palette.standard_palette()
    chosen = symbols.inks(drills)
    by_code = {drill.code: symbols.INKS[ink] for drill, ink in zip(drills, chosen.tolist(), strict=True)}
    assert by_code["BLANC"] == (0, 0, 0)
    assert by_code["310"] == (255, 255, 255)


def test_the_font_has_the_drawing_of_every_symbol() -> None:
    face, side = symbols.symbol_face(), 120
    assert isinstance(face, Face)
    assert face.hb_face.glyph_count == len(glyphs.INVENTORY) + 3
    for gid, name in enumerate(glyphs.INVENTORY, start=3):
        assert symbols.symbol_of_gid(gid) == name
        extents = face.font.get_glyph_extents(gid)
        drawn = np.argwhere(coverage(glyphs.glyph(name), side) > 0.5)
        top, left = drawn.min(axis=0) / side
        bottom, right = (drawn.max(axis=0) + 1) / side
        assert extents is not None
        left_x, top_y = extents.x_bearing / face.upem, 1 - extents.y_bearing / face.upem
        width, height = extents.width / face.upem, -extents.height / face.upem
        np.testing.assert_allclose(
            [left_x, top_y, left_x + width, top_y + height], [left, top, right, bottom], atol=0.015, err_msg=name
        )
