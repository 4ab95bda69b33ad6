"""Drawing of a part of a pattern into a PDF page: coloured cells, grid lines, symbols."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.content import Content, FontResource, number
from printworks_render.engine.diamond import symbols
from printworks_render.engine.diamond.labels import font_on
from printworks_render.engine.diamond.pattern import Pattern

GRID_LINE_MM = 25.4 / 300
"""Width of the lines between cells: one pixel at 300 DPI."""

GRID_COLOUR = (128, 128, 128)


@dataclass(frozen=True)
class Window:
    """Rows `top` to `bottom` and columns `left` to `right` (ends excluded) of a pattern, drawn with the top left corner
    at (x, y) and cells of `pitch`, all in millimetres."""

    top: int
    bottom: int
    left: int
    right: int
    x: float
    y: float
    pitch: float


def hex_of(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def draw_cells(page: Content, pattern: Pattern, window: Window, *, round_drills: bool, lines: bool = True) -> None:
    """Colours, then corners of round drills or grid lines, then symbols in black and in white."""
    font = font_on(page, symbols.symbol_face())
    part = pattern.cells[window.top : window.bottom, window.left : window.right]
    _fill(page, pattern, part, window)
    if round_drills:
        corners = np.full(part.shape, symbols.corners_code(font))
        _rows_of_symbols(page, font, corners, window, (255, 255, 255), 1.0)
    elif lines:
        _lines(page, window)
    ink_of = symbols.inks(pattern.drills)[part]
    code_of = np.array(symbols.codes(font, pattern.drills))[part]
    blank = symbols.blank_code(font)
    share = symbols.share_of_cell(round_drills=round_drills)
    for ink, rgb in enumerate(symbols.INKS):
        if (ink_of == ink).any():
            _rows_of_symbols(page, font, np.where(ink_of == ink, code_of, blank), window, rgb, share)


def _fill(page: Content, pattern: Pattern, part: NDArray[np.uint8], window: Window) -> None:
    """All cells of a colour as one path; like neighbours in a row are one rectangle."""
    rows, columns = part.shape
    changes = np.ones((rows, columns), dtype=bool)
    changes[:, 1:] = part[:, 1:] != part[:, :-1]
    starts = np.flatnonzero(changes)
    lengths = np.diff(starts, append=rows * columns)
    of_run = part.reshape(-1)[starts]
    order = np.argsort(of_run, kind="stable")
    xs = [number(window.x + column * window.pitch) for column in range(columns)]
    ys = [number(window.y + row * window.pitch) for row in range(rows)]
    sizes = [f"{number(length * window.pitch)} {number(window.pitch)} re" for length in range(columns + 1)]
    row_of, column_of = np.divmod(starts[order], columns)
    rectangles = [
        f"{xs[column]} {ys[row]} {sizes[length]}"
        for row, column, length in zip(row_of.tolist(), column_of.tolist(), lengths[order].tolist(), strict=True)
    ]
    drills, firsts = np.unique(of_run[order], return_index=True)
    ends = [*firsts.tolist()[1:], len(rectangles)]
    for drill, first, end in zip(drills.tolist(), firsts.tolist(), ends, strict=True):
        page.fill_colour(hex_of(pattern.drills[drill].rgb))
        page.raw("\n".join(rectangles[first:end]) + " f")


def _lines(page: Content, window: Window) -> None:
    rows, columns = window.bottom - window.top, window.right - window.left
    width, height = columns * window.pitch, rows * window.pitch
    page.stroke_colour(hex_of(GRID_COLOUR), GRID_LINE_MM)
    across = ((window.x, y, window.x + width, y) for y in (window.y + row * window.pitch for row in range(rows + 1)))
    page.lines(across)
    down = (
        (x, window.y, x, window.y + height) for x in (window.x + step * window.pitch for step in range(columns + 1))
    )
    page.lines(down)


def _rows_of_symbols(
    page: Content, font: FontResource, codes: NDArray[np.str_], window: Window, rgb: tuple[int, int, int], share: float
) -> None:
    """Each row as one line of text: glyphs are one em wide, so type size and spacing between letters make the pitch."""
    page.fill_colour(hex_of(rgb))
    size, gap = window.pitch * share, window.pitch * (1 - share)
    x = number(window.x + gap / 2)
    lines = [f"q BT /{font.name} {number(size)} Tf 0 Tr {number(gap)} Tc"]
    for row, text in enumerate(codes.tolist(), start=1):
        y = window.y + row * window.pitch - gap / 2
        lines.append(f"1 0 0 -1 {x} {number(y)} Tm <{''.join(text)}> Tj")
    lines.append("ET Q")
    page.raw("\n".join(lines))
