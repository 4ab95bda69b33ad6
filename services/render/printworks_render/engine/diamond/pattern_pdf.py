"""The pattern as a PDF to work from: cover with page map, pages of the grid with coordinates, colour key."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from printworks_render.engine.diamond.cells import Window, draw_cells
from printworks_render.engine.diamond.key import draw_key
from printworks_render.engine.diamond.labels import draw_label
from printworks_render.engine.diamond.paging import PatternPage, divide
from printworks_render.engine.diamond.palette import rgbs
from printworks_render.engine.diamond.pattern import Pattern, Quantity
from printworks_render.engine.diamond.sheets import KitFacts
from printworks_render.engine.frame import watermark
from printworks_render.engine.geometry import Rect, Sheet
from printworks_render.engine.pdf import DocumentInfo, Page, PdfWriter

PAPERS: dict[str, tuple[float, float]] = {"a4": (210.0, 297.0), "a3": (297.0, 420.0), "letter": (215.9, 279.4)}

_MARGIN = 10.0
_HEAD = 9.0
_FOOT = 24.0
_COORDINATES = 5.0
_EVERY = 10
_BOLD_LINE = 0.35
_ACCENT = "#c81e5a"
_GREY = "#555555"
_COVER_PIXELS = 6
_MAP_HEIGHT = 20.0


@dataclass(frozen=True)
class PatternLayout:
    """How the pattern lies on paper. `cell`: least size of a cell in millimetres; `overlap` in cells."""

    paper: str = "a4"
    cell: float = 3.0
    overlap: int = 2

    def sheet(self, pattern: Pattern) -> Sheet:
        """Upright or across, whichever needs fewer pages; upright when that is no difference."""
        width, height = PAPERS[self.paper]
        upright, across = Sheet(width, height), Sheet(height, width)
        return across if len(self._pages(pattern, across)) < len(self._pages(pattern, upright)) else upright

    def pages(self, pattern: Pattern) -> list[PatternPage]:
        return self._pages(pattern, self.sheet(pattern))

    def drawn_cell(self, pattern: Pattern) -> float:
        """Size at which cells are drawn: as large as the fullest page allows."""
        height, width = self._room(self.sheet(pattern))
        pages = self.pages(pattern)
        return min(
            height / max(page.bottom - page.top for page in pages),
            width / max(page.right - page.left for page in pages),
        )

    def _pages(self, pattern: Pattern, sheet: Sheet) -> list[PatternPage]:
        height, width = self._room(sheet)
        return divide(pattern.rows, pattern.columns, (int(height / self.cell), int(width / self.cell)), self.overlap)

    @staticmethod
    def _room(sheet: Sheet) -> tuple[float, float]:
        """Height and width for cells, millimetres."""
        around = 2 * (_MARGIN + _COORDINATES)
        return sheet.canvas_height - around - _HEAD - _FOOT, sheet.canvas_width - around


def write_pattern_pdf(
    path: Path,
    pattern: Pattern,
    needs: Sequence[Quantity],
    kit: KitFacts,
    layout: PatternLayout,
) -> int:
    """Write the document; returns its number of pages."""
    document = _Document(pattern, kit, layout)
    document.cover(needs)
    for page in document.pages:
        document.grid(page)
    draw_key(document.new_page, needs, kit)
    document.finish(path)
    return document.count


class _Document:
    def __init__(self, pattern: Pattern, kit: KitFacts, layout: PatternLayout) -> None:
        self.writer = PdfWriter(DocumentInfo(f"Pattern {kit.order_name}", kit.document_date, kit.producer))
        self.sheet = layout.sheet(pattern)
        self.pages = layout.pages(pattern)
        self.count = 0
        self._drawn: list[Page] = []
        self._pattern = pattern
        self._kit = kit
        self._cell = layout.drawn_cell(pattern)

    def new_page(self) -> Page:
        self.count += 1
        page = self.writer.page(self.sheet)
        self._drawn.append(page)
        draw_label(page, self._kit.order_name, _MARGIN, _MARGIN + 4, 9, bold=True, room=70)
        draw_label(
            page, f"{self.count}", self.sheet.canvas_width - _MARGIN, _MARGIN + 4, 9, align="right", colour=_GREY
        )
        return page

    def finish(self, path: Path) -> None:
        if self._kit.test:
            for page in self._drawn:
                watermark(self.sheet).draw(page)
        self.writer.save(path)

    def cover(self, needs: Sequence[Quantity]) -> None:
        page = self.new_page()
        kit, pattern = self._kit, self._pattern
        draw_label(page, "Diamond painting", _MARGIN, _MARGIN + 18, 20, bold=True)
        lines = (
            f"Order {kit.order_name} · {kit.document_date.isoformat()}",
            f"Canvas {kit.width:g} × {kit.height:g} mm · {pattern.columns} × {pattern.rows} cells · "
            f"{kit.drill} drills {kit.pitch:g} mm",
            f"{len(pattern.drills)} colours · {sum(n.cells for n in needs)} cells · {sum(n.drills for n in needs)} "
            f"drills with {kit.spare * 100:g} % spare · {sum(n.bags for n in needs)} bags of {kit.bag_size}",
        )
        for index, line in enumerate(lines):
            draw_label(page, line, _MARGIN, _MARGIN + 27 + 6 * index, 10)
        top = _MARGIN + 46
        room = Rect(_MARGIN, top, self.sheet.canvas_width - 2 * _MARGIN, self.sheet.canvas_height - top - _MARGIN)
        picture = self._picture(page, room)
        self._map(page, picture, current=None, size_pt=14)

    def _picture(self, page: Page, room: Rect) -> Rect:
        """The whole pattern in small, without symbols; returns where it lies."""
        pattern = self._pattern
        scale = min(room.width / pattern.columns, room.height / pattern.rows)
        width, height = pattern.columns * scale, pattern.rows * scale
        place = Rect(room.x + (room.width - width) / 2, room.y, width, height)
        # Repeated pixels keep the cells' edges sharp in viewers that smooth enlarged pictures.
        enlarged = pattern.cells.repeat(_COVER_PIXELS, axis=0).repeat(_COVER_PIXELS, axis=1)
        page.image(self.writer.indexed(enlarged, rgbs(pattern.drills)), place)
        return place

    def _map(self, page: Page, place: Rect, current: PatternPage | None, size_pt: float) -> None:
        """Where each page lies in the whole."""
        pattern = self._pattern
        kx, ky = place.width / pattern.columns, place.height / pattern.rows
        for one in self.pages:
            box = Rect(
                place.x + one.left * kx,
                place.y + one.top * ky,
                (one.own_right - one.left) * kx,
                (one.own_bottom - one.top) * ky,
            )
            if current is not None and one.number == current.number:
                page.fill_colour(_ACCENT)
                page.fill_rects([box])
            page.stroke_colour("#ffffff" if current is None else _GREY, 0.6 if current is None else 0.15)
            page.stroke_rect(box)
            if current is None:
                page.stroke_colour("#000000", 0.2)
                page.stroke_rect(box)
                x, y = box.centre
                page.fill_colour("#ffffff")
                page.save()
                page.fill_opacity(0.8)
                page.fill_rects([Rect(x - 5, y - 4, 10, 8)])
                page.restore()
            dark = current is None or one.number != current.number
            x, y = box.centre
            draw_label(
                page,
                str(one.number + 1),
                x,
                y + size_pt * 0.125,
                size_pt,
                align="center",
                bold=True,
                colour="#000000" if dark else "#ffffff",
            )

    def grid(self, one: PatternPage) -> None:
        page = self.new_page()
        cell = self._cell
        window = Window(
            one.top, one.bottom, one.left, one.right, _MARGIN + _COORDINATES, _MARGIN + _HEAD + _COORDINATES, cell
        )
        title = f"Columns {one.left + 1} to {one.right} · rows {one.top + 1} to {one.bottom}"
        draw_label(page, title, self.sheet.canvas_width / 2, _MARGIN + 4, 9, align="center")
        draw_cells(page, self._pattern, window, round_drills=False)
        self._repeated(page, one, window)
        self._tens(page, window)
        self._coordinates(page, window)
        self._foot(page, one)

    def _repeated(self, page: Page, one: PatternPage, window: Window) -> None:
        """A veil over the cells that come again on the next page."""
        cell = window.pitch
        own_width, own_height = (one.own_right - one.left) * cell, (one.own_bottom - one.top) * cell
        width, height = (one.right - one.left) * cell, (one.bottom - one.top) * cell
        veils = [
            Rect(window.x + own_width, window.y, width - own_width, height),
            Rect(window.x, window.y + own_height, own_width, height - own_height),
        ]
        page.save()
        page.fill_opacity(0.55)
        page.fill_colour("#ffffff")
        page.fill_rects(veil for veil in veils if veil.width > 0 and veil.height > 0)
        page.restore()

    def _tens(self, page: Page, window: Window) -> None:
        """Bold lines at every tenth column and row, and around the grid."""
        width, height = (window.right - window.left) * window.pitch, (window.bottom - window.top) * window.pitch
        page.stroke_colour("#000000", _BOLD_LINE)
        columns = (at for at in range(window.left, window.right + 1) if at % _EVERY == 0)
        xs = [window.x + (at - window.left) * window.pitch for at in columns]
        page.lines((x, window.y, x, window.y + height) for x in xs)
        rows = (at for at in range(window.top, window.bottom + 1) if at % _EVERY == 0)
        ys = [window.y + (at - window.top) * window.pitch for at in rows]
        page.lines((window.x, y, window.x + width, y) for y in ys)
        page.stroke_rect(Rect(window.x, window.y, width, height))

    def _coordinates(self, page: Page, window: Window) -> None:
        """Numbers of the first and of every tenth column and row, on both sides, at the middle of the cell."""
        size = 6.5
        bottom = window.y + (window.bottom - window.top) * window.pitch
        right = window.x + (window.right - window.left) * window.pitch
        for at in _numbered(window.left, window.right):
            x = window.x + (at - window.left - 0.5) * window.pitch
            for y in (window.y - 1.2, bottom + 3.0):
                draw_label(page, str(at), x, y, size, align="center")
        for at in _numbered(window.top, window.bottom):
            y = window.y + (at - window.top - 0.5) * window.pitch + 0.8
            draw_label(page, str(at), window.x - 0.8, y, size, align="right")
            draw_label(page, str(at), right + 0.8, y, size)

    def _foot(self, page: Page, one: PatternPage) -> None:
        pattern = self._pattern
        scale = min(_MAP_HEIGHT / pattern.rows, 40.0 / pattern.columns)
        width, height = pattern.columns * scale, pattern.rows * scale
        bottom = self.sheet.canvas_height - _MARGIN
        place = Rect(self.sheet.canvas_width - _MARGIN - width, bottom - height, width, height)
        self._map(page, place, one, size_pt=6)
        own = (one.own_right - one.left) * (one.own_bottom - one.top)
        lines = [f"{own} cells on this page, without the pale ones, which come again on the next page."]
        for name, found in self._neighbours(one):
            lines.append(f"{name}: page {found.number + 1}")
        for index, line in enumerate(lines):
            draw_label(page, line, _MARGIN, bottom - _MAP_HEIGHT + 6 + 4 * index, 7.5, colour=_GREY)

    def _neighbours(self, one: PatternPage) -> list[tuple[str, PatternPage]]:
        places = {(page.row, page.column): page for page in self.pages}
        steps = (("Left", 0, -1), ("Right", 0, 1), ("Above", -1, 0), ("Below", 1, 0))
        found = ((name, places.get((one.row + down, one.column + across))) for name, down, across in steps)
        return [(name, page) for name, page in found if page is not None]


def _numbered(start: int, end: int) -> list[int]:
    """Numbers (from 1) of the cells from `start` to `end` (indices) that carry one: each tenth, and the first unless
    the second of the two would touch it."""
    tens = [number for number in range(start + 1, end + 1) if number % _EVERY == 0]
    first = start + 1
    return tens if tens and tens[0] - first < 3 else [first, *tens]
