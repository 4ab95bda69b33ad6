"""Borders and numbers of a painting as vectors, drawn with the operators of a PDF page.

Coordinates are written as whole hundredths of a millimetre under a scaled matrix: half the bytes of decimals, and both
facets of a border meet in exactly the same points.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from printworks_common.templates.options_numbers import NumbersOptions

from printworks_render.engine.content import Content, number
from printworks_render.engine.geometry import PT_PER_MM, Rect
from printworks_render.engine.numbers.arcs import Arcs
from printworks_render.engine.numbers.digits import face, number_shape
from printworks_render.engine.numbers.painting import Painting
from printworks_render.engine.numbers.svg import SvgPage
from printworks_render.engine.pieces import Vectors
from printworks_render.engine.text import Glyph, Line, TextBlock

STEPS_PER_MM = 100
_FONT_STEP_PT = 0.1


def canvas_piece(painting: Painting, box: Rect, options: NumbersOptions) -> Vectors:
    """The numbered canvas in its box, for PDF, SVG and raster files."""

    def draw(content: Content) -> None:
        if isinstance(content, SvgPage):
            content.arcs(grid_points(painting.arcs), painting.arcs.starts, 1 / STEPS_PER_MM, box, *_pen(options))
        else:
            _draw_borders(content, painting.arcs, box, *_pen(options))
        for block in number_blocks(painting, box):
            content.text(block, 0.0, 0.0, options.number_colour)

    return Vectors(draw, box.grown(options.line_pt / PT_PER_MM))


def _pen(options: NumbersOptions) -> tuple[str, float]:
    return options.line_colour, options.line_pt / PT_PER_MM


def _draw_borders(content: Content, arcs: Arcs, box: Rect, colour: str, width: float) -> None:
    """Every arc once, as an open line with round ends; width in millimetres."""
    content.save()
    content.stroke_colour(colour, width * STEPS_PER_MM)
    content.raw(f"1 j 1 J {1 / STEPS_PER_MM} 0 0 {1 / STEPS_PER_MM} {number(box.x)} {number(box.y)} cm")
    content.raw("\n".join(_operators(arcs)) + "\nS")
    content.restore()


def _operators(arcs: Arcs) -> Iterator[str]:
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
    return np.round(np.floor(painting.font_pt / _FONT_STEP_PT + 1e-9) * _FONT_STEP_PT, 3)


def number_blocks(painting: Painting, box: Rect) -> list[TextBlock]:
    """All numbers, one block per type size: the middle of each outline lies in its facet's centre."""
    sizes = printed_sizes(painting)
    font = face()
    blocks: list[TextBlock] = []
    values = [paint.number for paint in painting.paints]
    for size in np.unique(sizes).tolist():
        em = size / PT_PER_MM
        glyphs: list[Glyph] = []
        for facet in np.flatnonzero(sizes == size).tolist():
            value = values[painting.facets.paint[facet]]
            shape = number_shape(value)
            x, y = painting.spots.centre[facet].tolist()
            pen = box.x + x + shape.x * em
            for one, character in zip(shape.digits, str(value), strict=True):
                glyphs.append(Glyph(font, one.gid, pen, box.y + y - shape.y * em, one.advance * em, character))
                pen += one.advance * em
        line = Line(tuple(glyphs), 0.0, 0.0, box.width)
        blocks.append(TextBlock((line,), size, box.width, box.height, (), overflows=False))
    return blocks
