"""The drill colours that a shop can deliver: the standard DMC table, or the merchant's own as a CSV file.

A code keeps its symbol in every pattern. The standard table carries a symbol per code. In a merchant's table the column
`symbol` may do so; a code without one has the standard table's symbol, and a code that the standard table does not know
takes one that the hash of the code points to.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from printworks_common.failures import Reason

from printworks_render.engine.colour import hex_to_rgb, srgb_to_lab
from printworks_render.engine.diamond.glyphs import INVENTORY
from printworks_render.engine.job import RenderError

MAX_COLOURS = len(INVENTORY)
"""Most colours a palette can have: each needs a symbol of its own."""

_MAX_BYTES = 256 * 1024
_REQUIRED = ("code", "name", "hex")


@dataclass(frozen=True)
class Drill:
    """A drill colour. `cmyk` is the maker's own, in per cent; None: converted from `rgb`. `stock` None: enough."""

    code: str
    name: str
    rgb: tuple[int, int, int]
    symbol: str
    cmyk: tuple[int, int, int, int] | None = None
    stock: int | None = None

    @property
    def hex(self) -> str:
        return "#{:02X}{:02X}{:02X}".format(*self.rgb)


@cache
def standard_palette() -> tuple[Drill, ...]:
    """The 447 DMC colours. Their values are not the maker's own: independent tables differ by CIEDE2000 3 to 12."""
    text = resources.files("printworks_render.engine.diamond").joinpath("data/dmc.csv").read_text(encoding="utf-8")
    return tuple(
        Drill(row["code"], row["name"], hex_to_rgb(row["hex"]), row["symbol"])
        for row in csv.DictReader(io.StringIO(text))
    )


def read_palette(path: Path) -> tuple[Drill, ...]:
    """A merchant's palette: CSV in UTF-8 with the columns code, name, hex and, if wanted, symbol, cmyk, stock.

    cmyk: four percentages parted by spaces. stock: drills at hand; empty for any number, 0 takes the colour out.
    Raises `RenderError(template_invalid)` that names the line.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise _invalid(f"it is longer than {_MAX_BYTES // 1024} KB")
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _invalid("it is not a CSV file in UTF-8") from error
    missing = [name for name in _REQUIRED if not rows or name not in rows[0]]
    if missing:
        raise _invalid(f"the column {missing[0]} is missing, or there are no lines")
    drills = [_drill(row, number) for number, row in enumerate(rows, start=2)]
    codes = [drill.code for drill in drills]
    doubled = next((code for code in codes if codes.count(code) > 1), None)
    if doubled is not None:
        raise _invalid(f"the code {doubled!r} stands twice")
    if len(drills) > MAX_COLOURS:
        raise _invalid(f"it has {len(drills)} colours; at most {MAX_COLOURS} can be told apart by symbols")
    return tuple(drill for drill in _with_symbols(drills) if drill.stock != 0)


def labs(drills: Iterable[Drill]) -> NDArray[np.float64]:
    """CIELAB of the drills, (n, 3)."""
    return srgb_to_lab(rgbs(drills))


def rgbs(drills: Iterable[Drill]) -> NDArray[np.uint8]:
    """sRGB of the drills, (n, 3)."""
    return np.array([drill.rgb for drill in drills], dtype=np.uint8).reshape(-1, 3)


def _drill(row: dict[str, str | None], line: int) -> Drill:
    code, name = (row["code"] or "").strip(), (row["name"] or "").strip()
    if not 0 < len(code) <= 16 or len(name) > 64 or not (code + name).isprintable():
        raise _invalid(f"line {line} needs a code of 1 to 16 characters and a name of at most 64")
    try:
        rgb = hex_to_rgb((row["hex"] or "").strip())
        stock = (row.get("stock") or "").strip()
        cmyk = tuple(int(part) for part in (row.get("cmyk") or "").split())
        known_stock = int(stock) if stock else None
    except ValueError as error:
        raise _invalid(f"line {line} has a colour or number that cannot be read") from error
    if (cmyk and len(cmyk) != 4) or not all(0 <= part <= 100 for part in cmyk) or (known_stock or 0) < 0:
        raise _invalid(f"line {line} has a number that is out of range")
    symbol = (row.get("symbol") or "").strip()
    if symbol and symbol not in INVENTORY:
        raise _invalid(f"line {line} has a symbol that the renderer does not draw")
    return Drill(code, name, rgb, symbol, cmyk if len(cmyk) == 4 else None, known_stock)


def _with_symbols(drills: Sequence[Drill]) -> list[Drill]:
    own = [drill.symbol for drill in drills if drill.symbol]
    doubled = next((symbol for symbol in own if own.count(symbol) > 1), None)
    if doubled is not None:
        raise _invalid(f"two colours have the symbol {doubled}")
    symbols = {drill.code: drill.symbol for drill in drills if drill.symbol}
    taken = set(own)
    standard = {drill.code: drill.symbol for drill in standard_palette()}
    for code in sorted(drill.code for drill in drills if drill.code not in symbols):
        if standard.get(code, "") not in taken | {""}:
            symbols[code] = standard[code]
            taken.add(standard[code])
    for code in sorted(drill.code for drill in drills if drill.code not in symbols):
        start = int.from_bytes(hashlib.sha256(code.encode()).digest()[:8], "big") % len(INVENTORY)
        free = (INVENTORY[(start + step) % len(INVENTORY)] for step in range(len(INVENTORY)))
        symbols[code] = next(symbol for symbol in free if symbol not in taken)
        taken.add(symbols[code])
    return [replace(drill, symbol=symbols[drill.code]) for drill in drills]


def _invalid(what: str) -> RenderError:
    return RenderError(Reason.TEMPLATE_INVALID, f"The palette of drill colours cannot be used: {what}.")
