"""A whole painting: every facet can be painted and carries its number inside itself, whatever the picture."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from printworks_common.templates.options_numbers import NumbersOptions
from printworks_render.engine import RenderError
from printworks_render.engine.geometry import PT_PER_MM, Rect
from printworks_render.engine.numbers.digits import number_shape
from printworks_render.engine.numbers.drawing import number_blocks, printed_sizes
from printworks_render.engine.numbers.painting import Painting, canvas_grid, finished_look, paint_picture
from printworks_render.engine.numbers.paints import Paint

from tests.unit.engine_numbers import pictures

PIXELS = (330, 260)
CANVAS = (132.0, 104.0)
PICTURES: dict[str, Callable[[], pictures.Pixels]] = {
    "landscape": lambda: pictures.photo("landscape", *PIXELS),
    "cat": lambda: pictures.photo("cat", *PIXELS),
    "noise": lambda: pictures.noise(*PIXELS),
    "checkerboard of 1 px": lambda: pictures.checkerboard(*PIXELS, 1),
    "checkerboard of 5 px": lambda: pictures.checkerboard(*PIXELS, 5),
    "checkerboard of 7 px": lambda: pictures.checkerboard(*PIXELS, 7),
    "stripes": lambda: pictures.stripes(*PIXELS, 2),
    "wide stripes": lambda: pictures.stripes(*PIXELS, 8),
    "spiral": lambda: pictures.spiral(*PIXELS),
    "discs": lambda: pictures.discs(*PIXELS),
    "one colour": lambda: pictures.one_colour(*PIXELS),
    "one pixel": lambda: pictures.one_colour(1, 1),
}


def paint(pixels: pictures.Pixels, options: NumbersOptions | None = None, paints: tuple[Paint, ...] = ()) -> Painting:
    options = options or NumbersOptions()
    return paint_picture(pixels, canvas_grid(*CANVAS, options, paints), options, paints)


@pytest.fixture(scope="module", params=PICTURES)
def painting(request: pytest.FixtureRequest) -> Painting:
    begun = time.process_time()
    result = paint(PICTURES[request.param]())
    assert time.process_time() - begun < 10
    return result


def test_every_facet_holds_the_limits_on_the_lines_as_printed(painting: Painting) -> None:
    assert (painting.spots.radius >= 1.25).all()
    assert (painting.spots.area >= 9.0).all()


def test_areas_add_up_to_the_canvas(painting: Painting) -> None:
    assert painting.spots.area.sum() == pytest.approx(CANVAS[0] * CANVAS[1])
    assert painting.paint_areas().sum() == pytest.approx(CANVAS[0] * CANVAS[1])


def test_every_number_lies_in_the_circle_around_its_facets_centre(painting: Painting) -> None:
    sizes = printed_sizes(painting)
    for facet, size in enumerate(sizes.tolist()):
        shape = number_shape(painting.paints[painting.facets.paint[facet]].number)
        assert shape.half_diagonal * size / PT_PER_MM < painting.spots.radius[facet]
        assert 4.0 <= size <= 9.0


def test_every_facet_has_its_number_once(painting: Painting) -> None:
    glyphs = [glyph for block in number_blocks(painting, Rect(0, 0, *CANVAS)) for glyph in block.lines[0].glyphs]
    wanted = sum(len(str(painting.paints[paint].number)) for paint in painting.facets.paint.tolist())
    assert len(glyphs) == wanted
    assert len({(round(glyph.x, 4), round(glyph.y, 4)) for glyph in glyphs}) == wanted


def test_every_paint_is_used_and_numbered_from_one(painting: Painting) -> None:
    assert set(painting.facets.paint.tolist()) == set(range(len(painting.paints)))
    assert [one.number for one in painting.paints] == list(range(1, len(painting.paints) + 1))


def test_the_same_picture_gives_the_same_painting() -> None:
    one, two = (paint(PICTURES["cat"]()) for _ in range(2))
    assert np.array_equal(one.facets.facets, two.facets.facets)
    assert np.array_equal(one.arcs.points, two.arcs.points)
    assert one.paints == two.paints


@pytest.mark.parametrize(("difficulty", "radius", "area"), [("easy", 1.75, 16.0), ("hard", 1.0, 6.0)])
def test_difficulty_sets_the_limits(difficulty: str, radius: float, area: float) -> None:
    found = paint(PICTURES["cat"](), NumbersOptions.model_validate({"difficulty": difficulty}))
    assert found.spots.radius.min() >= radius
    assert found.spots.area.min() >= area


def test_harder_means_more_facets() -> None:
    counts = [
        paint(PICTURES["cat"](), NumbersOptions.model_validate({"difficulty": one})).facets.count
        for one in ("easy", "medium", "hard")
    ]
    assert counts == sorted(counts)


def test_a_photo_gets_as_many_paints_as_asked_for() -> None:
    for colours in (8, 24, 40):
        assert len(paint(PICTURES["landscape"](), NumbersOptions(colours=colours)).paints) == colours


def test_limits_grow_when_large_numbers_need_more_room() -> None:
    options = NumbersOptions(min_radius_mm=0.5, min_area_mm2=1.0, min_font_pt=6.0)
    found = paint(PICTURES["cat"](), options)
    assert printed_sizes(found).min() >= 6.0


def test_a_paint_set_is_used_as_it_is() -> None:
    colours = [(int(r), int(g), int(b)) for r, g, b in np.random.default_rng(1).integers(0, 256, (60, 3))]
    paints = tuple(Paint(index + 1, f"P{index + 1}", "", rgb) for index, rgb in enumerate(colours))
    found = paint(PICTURES["landscape"](), NumbersOptions(colours=12), paints)
    assert {one.code for one in found.paints} <= {one.code for one in paints}
    assert 2 <= len(found.paints) <= 12
    assert [one.number for one in found.paints] == list(range(1, len(found.paints) + 1))
    places = [int(one.code[1:]) for one in found.paints]
    assert places == sorted(places)


def test_numbers_of_a_paint_set_can_stay_the_same_on_every_canvas() -> None:
    paints = tuple(Paint(index, f"P{index}", "", (index * 8, 255 - index * 8, index * 4)) for index in range(1, 31))
    options = NumbersOptions(colours=10, palette_asset="set", numbering="paint-set")
    found = paint(PICTURES["landscape"](), options, paints)
    assert all(one.code == f"P{one.number}" for one in found.paints)


def test_the_number_of_pixels_of_the_photo_hardly_changes_the_painting() -> None:
    small = paint(pictures.photo("portrait", 660, 520))
    large = paint(pictures.photo("portrait", 1320, 1040))
    assert small.grid == large.grid
    assert small.facets.count == pytest.approx(large.facets.count, rel=0.15)


def test_the_painting_looks_like_the_picture() -> None:
    pixels = PICTURES["landscape"]()
    found = paint(pixels)
    difference = found.painted().astype(float).mean(axis=(0, 1)) - pixels.astype(float).mean(axis=(0, 1))
    assert np.abs(difference).max() < 4


def test_a_canvas_smaller_than_a_facet_is_an_error_of_the_template() -> None:
    with pytest.raises(RenderError) as caught:
        canvas_grid(2.0, 2.0, NumbersOptions(), ())
    assert caught.value.reason == "template_invalid"


def test_a_preview_on_coarse_cells_shows_the_finished_painting() -> None:
    options = NumbersOptions()
    grid = replace(canvas_grid(*CANVAS, options, ()), columns=165, rows=130)
    look = finished_look(PICTURES["cat"](), grid, options)
    assert look.shape == (130, 165, 3)
    assert len(np.unique(look.reshape(-1, 3), axis=0)) <= 24
