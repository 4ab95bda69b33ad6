"""Reading finished files of a kit back: how many cells of each drill they show. Nothing here shares code with writing,
but for the numbering of the symbols' glyphs."""

import csv
import re
import zipfile
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import unescape

import cv2
import numpy as np
import pikepdf

from printworks_render.engine.colour import ciede2000_matrix, srgb_to_lab
from printworks_render.engine.diamond.palette import labs
from printworks_render.engine.diamond.pattern import Pattern
from printworks_render.engine.diamond.symbols import symbol_of_gid
from printworks_render.engine.geometry import Rect, Sheet

_SYMBOL_FONT = b"PrintworksSymbols"
# A row of symbols sets the space between letters; single symbols of legends and keys do not.
_ROWS = re.compile(rb"BT /(\w+) [\d.]+ Tf 0 Tr [\d.-]+ Tc\n(.*?)\nET", re.DOTALL)
_STRING = re.compile(rb"<([0-9a-f]+)> Tj")
_SHARED = re.compile(r"<si><t[^>]*>(.*?)</t></si>", re.DOTALL)
_TEXT_CELL = re.compile(r'<c r="([A-Z]+)(\d+)"(?: s="\d+")? t="s"><v>(\d+)</v></c>')
_NUMBER_CELL = re.compile(r'<c r="([A-Z]+)(\d+)"(?: s="\d+")?><v>([\d.]+)</v></c>')

# Places in a cell, in parts of its side, that no symbol reaches: corners of square drills, edges of round ones.
_BESIDE_SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))
_BESIDE_ROUND = ((0.08, 0.5), (0.92, 0.5), (0.5, 0.08), (0.5, 0.92))


def symbols_in_pdf(path: Path) -> Counter[str]:
    """Symbols in the grids of all pages."""
    found: Counter[str] = Counter()
    with pikepdf.open(path) as pdf:
        for page in pdf.pages:
            names = _symbol_fonts(page)
            for font, rows in _ROWS.findall(page.Contents.read_bytes()):
                if font in names:
                    _count_codes(b"".join(_STRING.findall(rows)), found)
    return found


def _symbol_fonts(page: pikepdf.Page) -> set[bytes]:
    fonts = page.obj.Resources.get("/Font", {})
    return {
        name.removeprefix("/").encode() for name, font in fonts.items() if _SYMBOL_FONT in str(font.BaseFont).encode()
    }


def _count_codes(text: bytes, found: Counter[str]) -> None:
    gids, counts = np.unique(np.frombuffer(bytes.fromhex(text.decode("ascii")), dtype=">u2"), return_counts=True)
    for gid, count in zip(gids.tolist(), counts.tolist(), strict=True):
        symbol = symbol_of_gid(gid)
        if symbol is not None:
            found[symbol] += count


def workbook_counts(path: Path) -> tuple[Counter[str], dict[str, int]]:
    """Of a workbook: symbols in the sheet Pattern, and the cells that the sheet Colours says, by symbol."""
    with zipfile.ZipFile(path) as archive:
        strings = [unescape(text) for text in _SHARED.findall(archive.read("xl/sharedStrings.xml").decode("utf-8"))]
        colours = archive.read("xl/worksheets/sheet2.xml").decode("utf-8")
        pattern = archive.read("xl/worksheets/sheet3.xml").decode("utf-8")
    shown = Counter(number for _, _, number in _TEXT_CELL.findall(pattern))
    names = {row: strings[int(number)] for column, row, number in _TEXT_CELL.findall(colours) if column == "A"}
    said = {names[row]: int(value) for column, row, value in _NUMBER_CELL.findall(colours) if column == "E"}
    said.pop("Total")
    return Counter({strings[int(number)]: count for number, count in shown.items()}), said


def codes_in_csv(path: Path) -> Counter[str]:
    """Codes in the grid of a pattern file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    return Counter(code for row in rows[1:] for code in row[1:])


def cells_in_key(path: Path) -> dict[str, int]:
    """Cells by code that a colour key says."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["code"]: int(row["cells"]) for row in csv.DictReader(file)}


def cells_in_raster(path: Path, sheet: Sheet, place: Rect, pattern: Pattern, *, round_drills: bool) -> float:
    """Share of the cells of a raster file whose drill, recognised by its colour beside the symbol, is the pattern's."""
    # Our own file, not a customer's: OpenCV needs a third of the memory that Pillow takes.
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        return 0.0
    left, top, right, bottom = sheet.to_pixels(place)
    table = labs(pattern.drills)
    right_drill = np.zeros((pattern.rows, pattern.columns), dtype=bool)
    for x_share, y_share in _BESIDE_ROUND if round_drills else _BESIDE_SQUARE:
        xs = left + (np.arange(pattern.columns) + x_share) * (right - left) / pattern.columns
        ys = top + (np.arange(pattern.rows) + y_share) * (bottom - top) / pattern.rows
        shown = np.asarray(pixels[ys.astype(np.intp)[:, None], xs.astype(np.intp)[None, :]], dtype=np.uint8)
        colours, inverse = np.unique(shown.reshape(-1, 3), axis=0, return_inverse=True)
        nearest = ciede2000_matrix(srgb_to_lab(colours), table).argmin(axis=1)
        right_drill |= nearest[inverse].reshape(right_drill.shape) == pattern.cells
    return float(right_drill.mean())
