"""The pattern as tables: an Excel workbook and CSV files.

Names and codes are the merchant's text. In the workbook every text is stored as text; in CSV, where a spreadsheet
guesses, a text that begins like a formula gets an apostrophe in front (OWASP, CSV injection).
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from printworks_render.engine.diamond.cells import hex_of
from printworks_render.engine.diamond.paging import PatternPage
from printworks_render.engine.diamond.palette import Drill
from printworks_render.engine.diamond.pattern import Pattern, Quantity
from printworks_render.engine.diamond.symbols import INKS, inks

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLOURS_HEADER = ("symbol", "code", "name", "hex", "cells", "drills", "bags")


@dataclass(frozen=True)
class KitFacts:
    """What stands at the head of the documents of a kit. Lengths in millimetres."""

    order_name: str
    document_date: date
    drill: str
    """square or round"""
    pitch: float
    width: float
    height: float
    spare: float
    bag_size: int
    producer: str
    test: bool = False
    """A test order: every document says so."""


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def write_pattern_csv(path: Path, pattern: Pattern) -> None:
    """The grid: codes of the drills, with column and row numbers, from the top left."""
    codes = [safe_cell(drill.code) for drill in pattern.drills]
    lines: list[list[str | int]] = [["row", *range(1, pattern.columns + 1)]]
    lines += [[number, *(codes[cell] for cell in row)] for number, row in enumerate(pattern.cells.tolist(), start=1)]
    _write_csv(path, lines)


def write_colours_csv(path: Path, needs: Sequence[Quantity]) -> None:
    """The colour key with cells, drills with the spare share, and bags."""
    lines: list[Sequence[str | int]] = [_COLOURS_HEADER]
    for need in needs:
        drill = need.drill
        texts = [safe_cell(text) for text in (drill.symbol, drill.code, drill.name, drill.hex)]
        lines.append([*texts, need.cells, need.drills, need.bags])
    _write_csv(path, lines)


def _write_csv(path: Path, lines: Iterable[Sequence[str | int]]) -> None:
    # The byte order mark makes Excel read the symbols as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows(lines)


def write_workbook(
    path: Path, pattern: Pattern, needs: Sequence[Quantity], pages: Sequence[PatternPage], kit: KitFacts
) -> None:
    """Workbook with the sheets Kit, Colours, Pattern and Pages (cells of each colour per page of the pattern)."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        moment = datetime.combine(kit.document_date, time(), UTC).replace(tzinfo=None)
        book.set_properties({"title": f"Diamond painting {kit.order_name}", "author": kit.producer, "created": moment})
        bold = book.add_format({"bold": True})
        swatches = _swatches(book, pattern.drills)
        _kit_sheet(book.add_worksheet("Kit"), pattern, needs, kit, bold)
        _colours_sheet(book.add_worksheet("Colours"), needs, swatches, bold)
        _pattern_sheet(book.add_worksheet("Pattern"), pattern, swatches, bold)
        _pages_sheet(book.add_worksheet("Pages"), pattern, pages, bold)


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
    symbols = [drill.symbol for drill in pattern.drills]
    for row, cells in enumerate(pattern.cells.tolist(), start=1):
        sheet.write_number(row, 0, row, bold)
        for column, cell in enumerate(cells, start=1):
            sheet.write_string(row, column, symbols[cell], swatches[cell])


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
