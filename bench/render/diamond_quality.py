"""Quality of drill patterns, read from finished files: the colour error of cells, the error seen from afar, confetti.

Independent of the engine: CIELAB and CIEDE2000 are scikit-image's, patterns come from the CSV or SVG files themselves.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

SIGMA = 1.2
"""Of the Gaussian blur that stands for looking from afar, in drills."""

_RECT = re.compile(
    r'<rect\s+x="([\d.]+)"\s+y="([\d.]+)"\s+width="([\d.]+)"\s+height="([\d.]+)"'
    r'\s+style="fill:rgb\((\d+), ?(\d+), ?(\d+)\)'
)


@dataclass(frozen=True)
class Quality:
    """Means of CIEDE2000 over all cells. `afar_*`: after the blur, in CIELAB, in encoded sRGB and in linear light."""

    columns: int
    rows: int
    colours: int
    confetti: float
    cells: float
    afar_lab: float
    afar_srgb: float
    afar_linear: float


def from_tables(pattern: Path, key: Path) -> Pixels:
    """Colours of the cells, (rows, columns, 3), from our own CSV files."""
    with key.open(encoding="utf-8-sig", newline="") as file:
        hexes = {row["code"]: row["hex"].lstrip("#") for row in csv.DictReader(file)}
    with pattern.open(encoding="utf-8-sig", newline="") as file:
        rows = [row[1:] for row in list(csv.reader(file))[1:]]
    rgb = {code: tuple(bytes.fromhex(text)) for code, text in hexes.items()}
    return np.array([[rgb[code] for code in row] for row in rows], dtype=np.uint8)


def from_svg(path: Path) -> Pixels:
    """Colours of the cells from a peer's chart: squares of one size on a grid that starts at the first of them."""
    found = _RECT.findall(path.read_text(encoding="utf-8"))
    left, top, side = float(found[0][0]), float(found[0][1]), float(found[0][2])
    cells: dict[tuple[int, int], tuple[int, int, int]] = {}
    for x, y, width, height, red, green, blue in found:
        column, row = (float(x) - left) / side, (float(y) - top) / side
        # The legend's swatches lie off the grid, or beyond a gap below it.
        if float(width) == float(height) == side and column == int(column) and row == int(row):
            cells[int(row), int(column)] = (int(red), int(green), int(blue))
    columns = next(number for number in range(len(cells)) if (0, number) not in cells)
    rows = next(number for number in range(len(cells)) if (number, 0) not in cells)
    return np.array([[cells[row, column] for column in range(columns)] for row in range(rows)], dtype=np.uint8)


def measure(cells: Pixels, photo: Path) -> Quality:
    """Compare cells with the photo, whose mean over each cell is what they should show."""
    rows, columns = cells.shape[:2]
    with Image.open(photo) as image:
        wanted = np.asarray(image.convert("RGB").resize((columns, rows), Image.Resampling.BOX))
    lab, shown = rgb2lab(wanted), rgb2lab(cells)
    keys = cells.astype(np.int64) @ np.array([65536, 256, 1])
    return Quality(
        columns,
        rows,
        len(np.unique(keys)),
        _confetti(keys),
        float(deltaE_ciede2000(lab, shown).mean()),
        float(deltaE_ciede2000(_blurred(lab), _blurred(shown)).mean()),
        _afar(wanted / 255.0, cells / 255.0),
        _afar(_linear(wanted), _linear(cells), linear=True),
    )


def _blurred(values: Floats) -> Floats:
    return np.stack([gaussian_filter(values[..., channel], SIGMA) for channel in range(3)], axis=-1)


def _afar(wanted: Floats, shown: Floats, *, linear: bool = False) -> float:
    one, two = _blurred(wanted), _blurred(shown)
    if linear:
        one, two = _encoded(one), _encoded(two)
    return float(deltaE_ciede2000(rgb2lab(one), rgb2lab(two)).mean())


def _linear(pixels: Pixels) -> Floats:
    value = pixels / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _encoded(value: Floats) -> Floats:
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * np.power(np.maximum(value, 1e-12), 1 / 2.4) - 0.055)


def _confetti(keys: NDArray[np.int64]) -> float:
    """Share of the cells without a like neighbour among eight."""
    rows, columns = keys.shape
    around = np.pad(keys, 1, constant_values=-1)
    like = np.zeros((rows, columns), dtype=bool)
    for dy in range(3):
        for dx in range(3):
            if (dy, dx) != (1, 1):
                like |= around[dy : dy + rows, dx : dx + columns] == keys
    return float(1 - like.mean())


def seen(cells: Pixels) -> Pixels:
    """The pattern as it looks from afar, for people to look at."""
    return np.clip(np.rint(lab2rgb(_blurred(rgb2lab(cells))) * 255), 0, 255).astype(np.uint8)
