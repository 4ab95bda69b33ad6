"""The legend of a canvas: swatch, number, paint and pots of each paint."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from printworks_common.failures import Reason
from printworks_common.templates.layers import LegendLayer

from printworks_render.engine.content import Content
from printworks_render.engine.fonts import Face, bundled_face
from printworks_render.engine.frame import HAIRLINE_MM
from printworks_render.engine.geometry import PT_PER_MM, Rect
from printworks_render.engine.job import RenderError
from printworks_render.engine.numbers.quantities import Need
from printworks_render.engine.pieces import Vectors
from printworks_render.engine.text import FontStack, Glyph, Line, TextBlock, line_glyphs

MIN_PT = 4.5
_STEP_PT = 0.25
_ROW_EM = 1.7
_SWATCH_EM = 1.9
_GAP_EM = 0.4


@dataclass(frozen=True)
class _Grid:
    columns: int
    rows: int
    size_pt: float


def legend_piece(layer: LegendLayer, box: Rect, needs: Sequence[Need], pot_ml: float) -> Vectors:
    """The legend in its box. The type shrinks from the layer's size until all paints fit.

    Raises `RenderError(template_invalid)` when they do not fit at `MIN_PT`.
    """
    found = _grid(layer.columns, layer.size_pt, box, needs, pot_ml)
    if found is None:
        raise RenderError(
            Reason.TEMPLATE_INVALID,
            f"The legend's box of {box.width:.0f} × {box.height:.0f} mm is too small for {len(needs)} paints.",
        )
    return Vectors(lambda content: _draw(content, found, box, needs, pot_ml), box)


def _draw(content: Content, grid: _Grid, box: Rect, needs: Sequence[Need], pot_ml: float) -> None:
    em = grid.size_pt / PT_PER_MM
    width, height = box.width / grid.columns, em * _ROW_EM
    regular, bold = bundled_face("noto-sans"), bundled_face("noto-sans-bold")
    for index, need in enumerate(needs):
        column, row = divmod(index, grid.rows)
        x, y = box.x + column * width, box.y + row * height
        swatch = Rect(x, y + 0.12 * em, _SWATCH_EM * em, height - 0.24 * em)
        content.fill_colour(need.paint.hex)
        content.fill_rects([swatch])
        content.stroke_colour("#808080", HAIRLINE_MM)
        content.stroke_rect(swatch)
        left = x + (_SWATCH_EM + _GAP_EM) * em
        content.text(_line(str(need.paint.number), bold, grid.size_pt, height), left, y, "#000000")
        left += (_number_ems(needs) + _GAP_EM) * em
        content.text(_line(_entry(need, pot_ml), regular, grid.size_pt, height), left, y, "#000000")


def _grid(columns: int, size_pt: float, box: Rect, needs: Sequence[Need], pot_ml: float) -> _Grid | None:
    """The largest type at which all entries fit, with the fewest columns; `columns` 0 leaves their number open."""
    regular = bundled_face("noto-sans")
    widest = max(_line(_entry(need, pot_ml), regular, PT_PER_MM, 10.0).width for need in needs)
    entry = _SWATCH_EM + 2 * _GAP_EM + _number_ems(needs) + widest + 0.8
    size = size_pt
    while size >= min(MIN_PT, size_pt) - 1e-9:
        em = size / PT_PER_MM
        rows = int((box.height + 1e-6) / (em * _ROW_EM))
        wanted = columns or (ceil(len(needs) / rows) if rows else 0)
        if rows and wanted and wanted * entry * em <= box.width and wanted * rows >= len(needs):
            return _Grid(wanted, ceil(len(needs) / wanted), size)
        size -= _STEP_PT
    return None


def _number_ems(needs: Sequence[Need]) -> float:
    return 0.62 * len(str(max(need.paint.number for need in needs)))


def _entry(need: Need, pot_ml: float) -> str:
    paint = f"{need.paint.code} {need.paint.name}".strip()
    return f"{paint}  {need.pots} × {pot_ml:g} ml"


def _line(text: str, face: Face, size_pt: float, height: float) -> TextBlock:
    """One line, vertically in the middle of `height` millimetres."""
    em = size_pt / PT_PER_MM
    glyphs = tuple(
        Glyph(one.face, one.gid, one.x * em, one.y * em, one.advance * em, one.text) for one in _unit_glyphs(text, face)
    )
    width = sum(glyph.advance for glyph in glyphs)
    ascender, descender = (value / face.upem * em for value in face.extents)
    line = Line(glyphs, (height + ascender + descender) / 2, 0.0, width)
    return TextBlock((line,), size_pt, width, height, (), overflows=False)


@lru_cache(maxsize=4096)
def _unit_glyphs(text: str, face: Face) -> tuple[Glyph, ...]:
    """The shaped text at 1 mm per em: it is drawn in three documents and measured before."""
    return line_glyphs(text, FontStack(face), PT_PER_MM)
