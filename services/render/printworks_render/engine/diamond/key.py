"""The colour key: symbol, code, name and quantities of each drill, as pages and as a legend in a box."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from printworks_render.engine.content import Content, number
from printworks_render.engine.diamond import symbols
from printworks_render.engine.diamond.cells import hex_of
from printworks_render.engine.diamond.labels import draw_label, font_on
from printworks_render.engine.diamond.pattern import Quantity
from printworks_render.engine.diamond.sheets import KitFacts
from printworks_render.engine.geometry import PT_PER_MM, Rect
from printworks_render.engine.pdf import Page

_MARGIN = 10.0
_ROW = 6.5
_TOP = 30.0
_COLUMNS = (("Symbol", 0.0), ("Code", 14.0), ("Name", 30.0), ("Cells", 98.0), ("Drills", 118.0), ("Bags", 134.0))
_TABLE_WIDTH = 136.0
_LINE_EM = 1.5
"""Height of a legend's entry, in type sizes."""
_ENTRY_EM = 7.2
"""Width of a legend's entry: swatch, code, number of cells."""


def draw_swatch(page: Content, need: Quantity, ink: int, box: Rect, symbol_mm: float | None = None) -> None:
    """The colour with its symbol, as on the canvas; the symbol fills the box's height unless `symbol_mm` says less."""
    page.fill_colour(hex_of(need.drill.rgb))
    page.fill_rects([box])
    page.stroke_colour("#808080", 0.085)
    page.stroke_rect(box)
    size = min(box.height, box.width) if symbol_mm is None else symbol_mm
    x, y = box.centre
    page.fill_colour(hex_of(symbols.INKS[ink]))
    font = font_on(page, symbols.symbol_face())
    (code,) = symbols.codes(font, [need.drill])
    place = f"{number(x - size / 2)} {number(y + size / 2)}"
    page.raw(f"BT /{font.name} {number(size)} Tf 0 Tr 1 0 0 -1 {place} Tm <{code}> Tj ET")


def draw_key(
    new_page: Callable[[], Page],
    needs: Sequence[Quantity],
    kit: KitFacts,
) -> None:
    """The key as a table, on as many pages as it takes, with totals at the end."""
    inks = symbols.inks(need.drill for need in needs).tolist()
    remaining = list(zip(needs, inks, strict=True))
    while remaining:
        page = new_page()
        room = int((page.sheet.canvas_height - _TOP - _MARGIN - 2 * _ROW) / _ROW)
        here, remaining = remaining[:room], remaining[room:]
        left = (page.sheet.canvas_width - _TABLE_WIDTH) / 2
        draw_label(page, "Colour key", left, _TOP - 8, 13, bold=True)
        for title, x in _COLUMNS:
            right = title in {"Cells", "Drills", "Bags"}
            draw_label(page, title, left + x, _TOP - 1.5, 8, align="right" if right else "left", bold=True)
        for row, (need, ink) in enumerate(here):
            top = _TOP + row * _ROW
            draw_swatch(page, need, ink, Rect(left, top + 0.5, 10.0, _ROW - 1.0), _ROW - 1.5)
            baseline = top + 4.4
            draw_label(page, need.drill.code, left + 14, baseline, 9, bold=True, room=15)
            draw_label(page, need.drill.name, left + 30, baseline, 9, room=52)
            for text, x in ((need.cells, 98.0), (need.drills, 118.0), (need.bags, 134.0)):
                draw_label(page, str(text), left + x, baseline, 9, align="right")
        if not remaining:
            baseline = _TOP + len(here) * _ROW + 5
            draw_label(page, "Total", left + 30, baseline, 9, bold=True)
            totals = (sum(n.cells for n in needs), sum(n.drills for n in needs), sum(n.bags for n in needs))
            for total, x in zip(totals, (98.0, 118.0, 134.0), strict=True):
                draw_label(page, str(total), left + x, baseline, 9, align="right", bold=True)
            note = f"Drills include {kit.spare * 100:g} % spare; a bag holds {kit.bag_size}."
            draw_label(page, note, left, baseline + _ROW, 7.5, colour="#555555")


@dataclass(frozen=True)
class LegendLayout:
    """How a legend fills its box: columns, entries in a column, height of an entry in millimetres."""

    columns: int
    rows: int
    entry_height: float
    size_pt: float


def legend_layout(count: int, box: Rect, columns: int, size_pt: float) -> LegendLayout:
    """Layout of `count` entries; `columns` 0 takes the number that leaves the type largest, at most `size_pt`.

    The caller checks that the type stays legible.
    """
    tried = [columns] if columns else range(1, count + 1)
    return max((_with_columns(count, box, number, size_pt) for number in tried), key=lambda layout: layout.size_pt)


def _with_columns(count: int, box: Rect, columns: int, size_pt: float) -> LegendLayout:
    rows = -(-count // columns)
    size = min(size_pt / PT_PER_MM, box.height / rows / _LINE_EM, box.width / columns / _ENTRY_EM)
    return LegendLayout(columns, rows, size * _LINE_EM, size * PT_PER_MM)


def draw_legend(page: Content, needs: Sequence[Quantity], box: Rect, layout: LegendLayout) -> None:
    """Symbol on its colour, code and cells of each drill, column by column, inside `box`."""
    inks = symbols.inks(need.drill for need in needs).tolist()
    width = box.width / layout.columns
    height = layout.entry_height
    for index, (need, ink) in enumerate(zip(needs, inks, strict=True)):
        column, row = divmod(index, layout.rows)
        x, y = box.x + column * width, box.y + row * height
        swatch = Rect(x, y + height * 0.06, height * 0.88, height * 0.88)
        draw_swatch(page, need, ink, swatch)
        baseline = y + height * 0.70
        left = x + height * 1.1
        room = width - height * 1.3
        draw_label(page, need.drill.code, left, baseline, layout.size_pt, bold=True, room=room * 0.55)
        draw_label(
            page,
            str(need.cells),
            left + room,
            baseline,
            layout.size_pt,
            align="right",
            room=room * 0.42,
            colour="#333333",
        )
