"""The colour chart: each drill as a swatch in RGB and one in CMYK, with both values, code and quantities."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from printworks_render.engine.content import number
from printworks_render.engine.diamond import symbols
from printworks_render.engine.diamond.key import draw_swatch
from printworks_render.engine.diamond.labels import draw_label
from printworks_render.engine.diamond.palette import Drill
from printworks_render.engine.diamond.pattern import Quantity
from printworks_render.engine.diamond.sheets import KitFacts
from printworks_render.engine.frame import watermark
from printworks_render.engine.geometry import Rect, Sheet
from printworks_render.engine.inks import CmykInks
from printworks_render.engine.pdf import DocumentInfo, Page, PdfWriter
from printworks_render.engine.profiles import Profile, default_cmyk

_MARGIN = 12.0
_TOP = 32.0
_ROW = 11.5
_HEADS = (("RGB", 0.0), ("CMYK", 30.0), ("Code, name", 60.0), ("Values", 118.0), ("Cells, drills, bags", 186.0))


def write_chart_pdf(path: Path, needs: Sequence[Quantity], kit: KitFacts, sheet: Sheet, intent: Profile | None) -> int:
    """Write the chart; returns its number of pages. CMYK swatches are in the output intent's ink."""
    writer = PdfWriter(DocumentInfo(f"Colour chart {kit.order_name}", kit.document_date, kit.producer), intent)
    inks = symbols.inks(need.drill for need in needs).tolist()
    profile = intent or default_cmyk()
    remaining = list(zip(needs, inks, strict=True))
    pages = 0
    while remaining:
        page = writer.page(sheet)
        pages += 1
        draw_label(page, f"Colour chart {kit.order_name}", _MARGIN, _MARGIN + 6, 14, bold=True, room=120)
        facts = f"{kit.document_date.isoformat()} · {pages}"
        draw_label(page, facts, sheet.canvas_width - _MARGIN, _MARGIN + 6, 9, align="right", colour="#555555")
        draw_label(page, f"CMYK for {profile.name}", _MARGIN, _MARGIN + 12, 7.5, colour="#555555")
        for title, x in _HEADS:
            last = title == _HEADS[-1][0]
            draw_label(page, title, _MARGIN + x, _TOP - 2, 8, align="right" if last else "left", bold=True)
        room = int((sheet.canvas_height - _TOP - _MARGIN) / _ROW)
        here, remaining = remaining[:room], remaining[room:]
        for row, (need, ink) in enumerate(here):
            top = _TOP + row * _ROW
            draw_swatch(page, need, ink, Rect(_MARGIN, top, 26, _ROW - 1.5), 5.0)
            percentages = cmyk_of(need.drill, profile)
            _ink_swatch(page, percentages, Rect(_MARGIN + 30, top, 26, _ROW - 1.5))
            _texts(page, need, percentages, top)
        if kit.test:
            watermark(sheet).draw(page)
    writer.save(path)
    return pages


def cmyk_of(drill: Drill, profile: Profile) -> tuple[int, int, int, int]:
    """Ink percentages of a drill: the maker's own, or converted from its sRGB colour by the profile."""
    if drill.cmyk is not None:
        return drill.cmyk
    cyan, magenta, yellow, black = (round(100 * part) for part in _inks(profile).percentages(drill.hex.lower()))
    return cyan, magenta, yellow, black


@lru_cache(maxsize=4)
def _inks(profile: Profile) -> CmykInks:
    return CmykInks(profile)


def _ink_swatch(page: Page, percentages: tuple[int, int, int, int], box: Rect) -> None:
    page.raw(" ".join(number(part / 100) for part in percentages) + " k")
    page.fill_rects([box])
    page.stroke_colour("#808080", 0.085)
    page.stroke_rect(box)


def _texts(page: Page, need: Quantity, percentages: tuple[int, int, int, int], top: float) -> None:
    drill = need.drill
    draw_label(page, drill.code, _MARGIN + 60, top + 4, 10, bold=True, room=54)
    draw_label(page, drill.name, _MARGIN + 60, top + 8.3, 8, room=54)
    draw_label(page, f"RGB {' '.join(map(str, drill.rgb))} · {drill.hex}", _MARGIN + 118, top + 4, 8)
    draw_label(page, f"CMYK {' '.join(map(str, percentages))}", _MARGIN + 118, top + 8.3, 8)
    amounts = f"{need.cells} · {need.drills} · {need.bags}"
    draw_label(page, amounts, _MARGIN + 186, top + 4, 8, align="right")
