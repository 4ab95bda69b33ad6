"""Borders and numbers of a painting as operators of a PDF page.

Coordinates are written as whole hundredths of a millimetre under a scaled matrix: half the bytes of decimals, and both
facets of a border meet in exactly the same points.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.content import FontResource, number
from printworks_render.engine.geometry import PT_PER_MM, Rect
from printworks_render.engine.numbers.arcs import Arcs
from printworks_render.engine.numbers.digits import number_shape
from printworks_render.engine.numbers.painting import Painting
from printworks_render.engine.pdf import Page

STEPS_PER_MM = 100
_FONT_STEP_PT = 0.1


def draw_borders(page: Page, painting: Painting, box: Rect, *, colour: str, width_pt: float) -> None:
    """Every arc once, as an open line with round ends; `box` is the painting's place on the page."""
    page.save()
    page.clip(box.grown(width_pt / PT_PER_MM))
    page.stroke_colour(colour, width_pt / PT_PER_MM * STEPS_PER_MM)
    page.raw(f"1 j 1 J {1 / STEPS_PER_MM} 0 0 {1 / STEPS_PER_MM} {number(box.x)} {number(box.y)} cm")
    page.raw(" ".join(border_operators(painting.arcs)) + "\nS")
    page.restore()


def border_operators(arcs: Arcs) -> Iterator[str]:
    steps = grid_points(arcs)
    lines = np.full(len(steps), "l")
    lines[arcs.starts[:-1]] = "m"
    for (x, y), operator in zip(steps.tolist(), lines.tolist(), strict=True):
        yield f"{x} {y} {operator}"


def grid_points(arcs: Arcs) -> NDArray[np.int32]:
    """Points in hundredths of a millimetre."""
    return np.rint(arcs.points * STEPS_PER_MM).astype(np.int32)


def printed_sizes(painting: Painting) -> NDArray[np.float64]:
    """Type size of each facet's number in points, rounded down so that sizes repeat and numbers keep their room."""
    return np.floor(painting.font_pt / _FONT_STEP_PT + 1e-9) * _FONT_STEP_PT


def draw_numbers(page: Page, font: FontResource, painting: Painting, box: Rect, *, colour: str) -> None:
    """The number of each facet, as text, with the middle of its outline in the facet's centre."""
    sizes = printed_sizes(painting)
    parts: list[str] = ["BT 0 Tr"]
    current = 0.0
    for facet in np.lexsort((np.arange(len(sizes)), sizes)).tolist():
        size = float(sizes[facet])
        if size != current:
            parts.append(f"/{font.name} {number(size / PT_PER_MM)} Tf")
            current = size
        shape = number_shape(painting.paints[painting.facets.paint[facet]].number)
        em = size / PT_PER_MM
        x = box.x + float(painting.spots.centre[facet, 0]) + shape.x * em
        y = box.y + float(painting.spots.centre[facet, 1]) - shape.y * em
        value = str(painting.paints[painting.facets.paint[facet]].number)
        codes = "".join(font.code(one.gid, text) for one, text in zip(shape.digits, value, strict=True))
        parts.append(f"1 0 0 -1 {number(x)} {number(y)} Tm <{codes}> Tj")
    parts.append("ET")
    page.fill_colour(colour)
    page.raw("\n".join(parts))
