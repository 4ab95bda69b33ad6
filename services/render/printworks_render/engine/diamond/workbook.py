"""The pattern as an Excel workbook: sheets Kit, Colours, Pattern and Pages.

XlsxWriter makes the workbook. Of the pattern it writes the first cell of each drill; all others repeat that cell's
style and text, and are put into the finished sheet as XML: cell by cell through the library takes ten times as long.
"""

import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, time
from io import BytesIO
from pathlib import Path

import numpy as np
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from printworks_render.engine.diamond.cells import hex_of
from printworks_render.engine.diamond.paging import PatternPage
from printworks_render.engine.diamond.palette import Drill
from printworks_render.engine.diamond.pattern import Pattern, Quantity
from printworks_render.engine.diamond.sheets import KitFacts
from printworks_render.engine.diamond.symbols import INKS, inks

_PATTERN_SHEET = "xl/worksheets/sheet3.xml"
_STRINGS = "xl/sharedStrings.xml"
_ROW = re.compile(r'(<row r="(\d+)"[^>]*>)(.*?)</row>')
_TEXT = re.compile(r'<c r="([A-Z]+\d+)"( s="\d+" t="s"><v>\d+</v></c>)')
_LEVEL = 1


def write_workbook(
    path: Path, pattern: Pattern, needs: Sequence[Quantity], pages: Sequence[PatternPage], kit: KitFacts
) -> None:
    """Write the workbook; every text in it is stored as text. Pages: cells of each colour per page of the pattern."""
    made = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, options) as book:
        moment = datetime.combine(kit.document_date, time(), UTC).replace(tzinfo=None)
        book.set_properties({"title": f"Diamond painting {kit.order_name}", "author": kit.producer, "created": moment})
        bold = book.add_format({"bold": True})
        swatches = _swatches(book, pattern.drills)
        _kit_sheet(book.add_worksheet("Kit"), pattern, needs, kit, bold)
        _colours_sheet(book.add_worksheet("Colours"), needs, swatches, bold)
        _pattern_sheet(book.add_worksheet("Pattern"), pattern, swatches, bold)
        _pages_sheet(book.add_worksheet("Pages"), pattern, pages, bold)
    with zipfile.ZipFile(made) as book, zipfile.ZipFile(path, "w") as out:
        for entry in book.infolist():
            data = book.read(entry)
            if entry.filename == _PATTERN_SHEET:
                data = _filled(data.decode(), pattern).encode()
            elif entry.filename == _STRINGS:
                data = _counted(data.decode(), pattern.cells.size - len(pattern.drills)).encode()
            out.writestr(entry, data, zipfile.ZIP_DEFLATED, _LEVEL)


def _first_cells(pattern: Pattern) -> list[tuple[int, int]]:
    """Row and column of the first cell of each drill."""
    _, first = np.unique(pattern.cells, return_index=True)
    return [divmod(cell, pattern.columns) for cell in first.tolist()]


def _filled(sheet: str, pattern: Pattern) -> str:
    """The sheet's XML with all cells of the pattern."""
    columns = [xl_col_to_name(column) for column in range(1, pattern.columns + 1)]
    written = dict(_TEXT.findall(sheet))
    as_written = [written[f"{columns[column]}{row + 2}"] for row, column in _first_cells(pattern)]
    cells = pattern.cells.tolist()

    def whole(match: re.Match[str]) -> str:
        start, number, inner = match.groups()
        if number == "1":
            return match[0]
        drills = zip(columns, cells[int(number) - 2], strict=True)
        head = inner[: inner.index("</c>") + 4]
        body = "".join([f'<c r="{column}{number}"{as_written[cell]}' for column, cell in drills])
        return f"{start}{head}{body}</row>"

    return _ROW.sub(whole, sheet)


def _counted(strings: str, more: int) -> str:
    """The table of texts, which says how often cells refer to it."""
    return re.sub(r'(?<= count=")\d+', lambda match: str(int(match[0]) + more), strings, count=1)


def _swatches(book: xlsxwriter.Workbook, drills: Sequence[Drill]) -> list[Format]:
    return [
        book.add_format(
            {
                "bg_color": hex_of(drill.rgb),
                "font_color": hex_of(INKS[ink]),
                "align": "center",
                "valign": "vcenter",
                "font_size": 9,
            }
        )
        for drill, ink in zip(drills, inks(drills).tolist(), strict=True)
    ]


def _kit_sheet(sheet: Worksheet, pattern: Pattern, needs: Sequence[Quantity], kit: KitFacts, bold: Format) -> None:
    facts: list[tuple[str, str | float]] = [
        ("Order", f"TEST {kit.order_name}" if kit.test else kit.order_name),
        ("Date", kit.document_date.isoformat()),
        ("Canvas, mm", f"{kit.width:g} × {kit.height:g}"),
        ("Drills", f"{kit.drill}, {kit.pitch:g} mm"),
        ("Columns", pattern.columns),
        ("Rows", pattern.rows),
        ("Colours", len(pattern.drills)),
        ("Cells", sum(need.cells for need in needs)),
        ("Spare share, %", round(kit.spare * 100, 2)),
        ("Drills with spare", sum(need.drills for need in needs)),
        ("Drills in a bag", kit.bag_size),
        ("Bags", sum(need.bags for need in needs)),
    ]
    sheet.set_column(0, 1, 22)
    for row, (name, value) in enumerate(facts):
        sheet.write_string(row, 0, name, bold)
        if isinstance(value, str):
            sheet.write_string(row, 1, value)
        else:
            sheet.write_number(row, 1, value)


def _colours_sheet(sheet: Worksheet, needs: Sequence[Quantity], swatches: Sequence[Format], bold: Format) -> None:
    header = ("Symbol", "Code", "Name", "Hex", "Cells", "Drills with spare", "Bags")
    for column, (title, width) in enumerate(zip(header, (8, 10, 32, 10, 10, 16, 8), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, bold)
    sheet.freeze_panes(1, 0)
    for row, (need, swatch) in enumerate(zip(needs, swatches, strict=True), start=1):
        sheet.write_string(row, 0, need.drill.symbol, swatch)
        for column, text in enumerate((need.drill.code, need.drill.name, need.drill.hex), start=1):
            sheet.write_string(row, column, text)
        for column, value in enumerate((need.cells, need.drills, need.bags), start=4):
            sheet.write_number(row, column, value)
    last = len(needs) + 1
    sheet.write_string(last, 0, "Total", bold)
    totals = (sum(n.cells for n in needs), sum(n.drills for n in needs), sum(n.bags for n in needs))
    for column, value in enumerate(totals, start=4):
        sheet.write_number(last, column, value, bold)


def _pattern_sheet(sheet: Worksheet, pattern: Pattern, swatches: Sequence[Format], bold: Format) -> None:
    sheet.set_column(0, 0, 5)
    sheet.set_column(1, pattern.columns, 2.6)
    sheet.freeze_panes(1, 1)
    for column in range(1, pattern.columns + 1):
        sheet.write_number(0, column, column, bold)
    for row in range(1, pattern.rows + 1):
        sheet.write_number(row, 0, row, bold)
    for (row, column), drill, swatch in zip(_first_cells(pattern), pattern.drills, swatches, strict=True):
        sheet.write_string(row + 1, column + 1, drill.symbol, swatch)


def _pages_sheet(sheet: Worksheet, pattern: Pattern, pages: Sequence[PatternPage], bold: Format) -> None:
    """What lies on each page, without the cells that it repeats from the next: the pages sum up to the kit."""
    sheet.set_column(0, 1, 10)
    sheet.freeze_panes(1, 2)
    sheet.write_string(0, 0, "Symbol", bold)
    sheet.write_string(0, 1, "Code", bold)
    for column, page in enumerate(pages, start=2):
        sheet.write_string(0, column, f"Page {page.number}", bold)
    for row, drill in enumerate(pattern.drills, start=1):
        sheet.write_string(row, 0, drill.symbol)
        sheet.write_string(row, 1, drill.code)
    for column, page in enumerate(pages, start=2):
        for row, count in enumerate(page.own_counts(pattern), start=1):
            sheet.write_number(row, column, count)
