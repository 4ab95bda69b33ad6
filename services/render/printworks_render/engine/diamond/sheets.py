"""The pattern and its colour key as CSV files.

Names and codes are the merchant's text: none of them is taken for a formula.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from printworks_common.spreadsheets import as_text

from printworks_render.engine.diamond.pattern import Pattern, Quantity

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


def write_pattern_csv(path: Path, pattern: Pattern) -> None:
    """The grid: codes of the drills, with column and row numbers, from the top left."""
    codes = [as_text(drill.code) for drill in pattern.drills]
    lines: list[list[str | int]] = [["row", *range(1, pattern.columns + 1)]]
    lines += [[number, *(codes[cell] for cell in row)] for number, row in enumerate(pattern.cells.tolist(), start=1)]
    _write_csv(path, lines)


def write_colours_csv(path: Path, needs: Sequence[Quantity]) -> None:
    """The colour key with cells, drills with the spare share, and bags."""
    lines: list[Sequence[str | int]] = [_COLOURS_HEADER]
    for need in needs:
        drill = need.drill
        texts = [as_text(text) for text in (drill.symbol, drill.code, drill.name, drill.hex)]
        lines.append([*texts, need.cells, need.drills, need.bags])
    _write_csv(path, lines)


def _write_csv(path: Path, lines: Iterable[Sequence[str | int]]) -> None:
    # The byte order mark makes Excel read the symbols as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows(lines)
