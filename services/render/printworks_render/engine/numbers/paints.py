"""The merchant's paint set, read from a CSV file of the library."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from printworks_common.failures import Reason

from printworks_render.engine.colour import hex_to_rgb
from printworks_render.engine.job import RenderError

MAX_PAINTS = 999
_MAX_BYTES = 256 * 1024
_REQUIRED = ("code", "name", "hex")


@dataclass(frozen=True)
class Paint:
    """A paint as it stands on canvas and legend: `number` on the canvas, `code` and `name` of the maker."""

    number: int
    code: str
    name: str
    rgb: tuple[int, int, int]

    @property
    def hex(self) -> str:
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)


def rgbs(paints: tuple[Paint, ...]) -> NDArray[np.uint8]:
    """sRGB of the paints, (n, 3)."""
    return np.array([paint.rgb for paint in paints], dtype=np.uint8).reshape(-1, 3)


def mixed_paints(colours: NDArray[np.uint8]) -> tuple[Paint, ...]:
    """Paints that are mixed for one picture, numbered in the order given; the code is the colour itself."""
    found: list[Paint] = []
    for number, row in enumerate(colours, start=1):
        red, green, blue = (int(value) for value in row)
        code = f"#{red:02X}{green:02X}{blue:02X}"
        found.append(Paint(number, code, "", (red, green, blue)))
    return tuple(found)


def read_paints(path: Path) -> tuple[Paint, ...]:
    """A merchant's paint set: CSV in UTF-8 with the columns code, name, hex and, if wanted, stock (0: not at hand).

    A paint's number is its place in the file, also when paints before it are out of stock, so numbers on canvases stay
    the same. Raises `RenderError(template_invalid)` that names the line.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise _invalid(f"it is longer than {_MAX_BYTES // 1024} KB")
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _invalid("it is not a CSV file in UTF-8") from error
    missing = [name for name in _REQUIRED if not rows or name not in rows[0]]
    if missing:
        raise _invalid(f"the column {missing[0]} is missing, or there are no lines")
    if len(rows) > MAX_PAINTS:
        raise _invalid(f"it has {len(rows)} paints; at most {MAX_PAINTS} are allowed")
    paints = [_paint(row, number) for number, row in enumerate(rows, start=1)]
    codes = [paint.code for paint in paints]
    doubled = next((code for code in codes if codes.count(code) > 1), None)
    if doubled is not None:
        raise _invalid(f"the code {doubled!r} stands twice")
    at_hand = tuple(
        paint for paint, row in zip(paints, rows, strict=True) if (row.get("stock") or "").strip() not in {"0", "no"}
    )
    if not at_hand:
        raise _invalid("no paint of it is in stock")
    return at_hand


def _paint(row: dict[str, str | None], number: int) -> Paint:
    code, name = (row["code"] or "").strip(), (row["name"] or "").strip()
    if not 0 < len(code) <= 16 or len(name) > 64 or not (code + name).isprintable():
        raise _invalid(f"line {number + 1} needs a code of 1 to 16 characters and a name of at most 64")
    try:
        rgb = hex_to_rgb((row["hex"] or "").strip())
    except ValueError as error:
        raise _invalid(f"line {number + 1} has a colour that cannot be read") from error
    return Paint(number, code, name, rgb)


def _invalid(what: str) -> RenderError:
    return RenderError(Reason.TEMPLATE_INVALID, f"The paint set cannot be used: {what}.")
