"""Preflight of a numbered canvas, on the finished files: they are opened again and measured.

The numbers are read back from the PDF as text with the box of each digit, and held against the smooth borders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from pypdfium2 import raw

from printworks_render.engine.geometry import PT_PER_MM, Rect, Sheet
from printworks_render.engine.job import Check, Level
from printworks_render.engine.numbers.drawing import grid_points, printed_sizes
from printworks_render.engine.numbers.painting import Painting
from printworks_render.engine.numbers.quantities import Need
from printworks_render.engine.preflight import BOX_TOLERANCE_MM, judged
from printworks_render.engine.scene import PlacedPicture

MIN_PICTURE_DPI = 50.0
"""One pixel per half millimetre, what a fine brush draws. A quarter of it fails."""
_SLACK_MM = 0.02


@dataclass(frozen=True)
class Digit:
    """A digit as it stands in the PDF; box in canvas millimetres."""

    character: str
    box: Rect


def digits_of(document: Path, sheet: Sheet, within: Rect) -> list[Digit]:
    """All digits of the first page whose middle lies in `within`."""
    opened = pdfium.PdfDocument(document)
    try:
        page: Any = opened[0]
        text: Any = page.get_textpage()
        height = page.get_height()
        found: list[Digit] = []
        for index in range(raw.FPDFText_CountChars(text)):
            character = chr(raw.FPDFText_GetUnicode(text, index))
            if character not in "0123456789":
                continue
            left, bottom, right, top = text.get_charbox(index)
            box = Rect(
                left / PT_PER_MM + sheet.media.x,
                (height - top) / PT_PER_MM + sheet.media.y,
                (right - left) / PT_PER_MM,
                (top - bottom) / PT_PER_MM,
            )
            x, y = box.centre
            if within.x <= x <= within.right and within.y <= y <= within.bottom:
                found.append(Digit(character, box))
        text.close()
        page.close()
        return found
    finally:
        opened.close()


def check_numbers(document: Path, painting: Painting, sheet: Sheet, box: Rect, min_font_pt: float) -> list[Check]:
    """Every facet has its own number once, inside itself, and large enough."""
    digits = digits_of(document, sheet, box)
    middles = np.array([digit.box.centre for digit in digits]).reshape(-1, 2) - (box.x, box.y)
    cells = painting.facets.facets
    column = np.clip((middles[:, 0] / painting.grid.width * painting.grid.columns).astype(int), 0, cells.shape[1] - 1)
    row = np.clip((middles[:, 1] / painting.grid.height * painting.grid.rows).astype(int), 0, cells.shape[0] - 1)
    facet = cells[row, column]
    left = np.array([digit.box.x for digit in digits]) - box.x
    outside = _outside(digits, facet, painting, box)
    order = np.lexsort((left, facet)).tolist()
    read = [""] * painting.facets.count
    for index in order:
        read[int(facet[index])] += digits[index].character
    wanted = [str(painting.paints[paint].number) for paint in painting.facets.paint.tolist()]
    unlabelled = sum(not text for text in read)
    wrong = sum(text not in {"", want} for text, want in zip(read, wanted, strict=True))
    smallest = float(printed_sizes(painting).min())
    return [
        _none("numbers_inside", outside, "Every number lies inside its facet.", "A number leaves its facet."),
        _none("facets_labelled", unlabelled, "Every facet has a number.", "A facet has no number."),
        _none("numbers_right", wrong, "Every number is that of its paint.", "A facet has the number of another paint."),
        judged(
            "numbers_legible",
            smallest >= min_font_pt - 0.05,
            f"{smallest:.1f} pt",
            f"{min_font_pt:g} pt",
            "The smallest number can be read.",
            "A number is too small to be read.",
        ),
    ]


def _none(code: str, found: int, good: str, bad: str) -> Check:
    """A check of something that must not occur at all."""
    return judged(code, found == 0, str(found), "0", good, bad)


def _outside(digits: Sequence[Digit], facet: NDArray[np.int32], painting: Painting, box: Rect) -> int:
    """Digits with a corner outside of the circle that touches the facet's nearest border."""
    if not digits:
        return 0
    corners = np.array(
        [
            [(d.box.x, d.box.y), (d.box.right, d.box.y), (d.box.x, d.box.bottom), (d.box.right, d.box.bottom)]
            for d in digits
        ]
    ) - (box.x, box.y)
    away = np.linalg.norm(corners - painting.spots.centre[facet][:, None], axis=2).max(axis=1)
    return int((away > painting.spots.radius[facet] + _SLACK_MM).sum())


def check_facets(painting: Painting, needs: Sequence[Need]) -> list[Check]:
    """Facets hold the limits on the lines as they are printed, borders are drawn once, quantities add up."""
    radius, area = painting.smallest
    small = int(((painting.spots.radius < radius) | (painting.spots.area < area)).sum())
    points = grid_points(painting.arcs).astype(np.int64)
    first, _ = painting.arcs.arc_of_segment()
    ends = np.stack([points[first], points[first + 1]], axis=1)
    keys = ends[..., 0] * (1 << 24) + ends[..., 1]
    keys.sort(axis=1)
    moved = keys[keys[:, 0] != keys[:, 1]]
    twice = len(moved) - len(np.unique(moved, axis=0))
    canvas = painting.grid.width * painting.grid.height
    total = sum(need.area_mm2 for need in needs)
    return [
        judged(
            "facets_paintable",
            small == 0,
            f"{small} of {painting.facets.count} too small, smallest radius {painting.spots.radius.min():.2f} mm",
            f"radius {radius:.2f} mm, area {area:g} mm²",
            "Every facet is large enough to be painted.",
            "A facet is too small to be painted.",
        ),
        _none("borders_once", twice, "Every border is drawn once.", "A border is drawn twice."),
        judged(
            "quantities_add_up",
            abs(total - canvas) < 1e-3 * canvas,
            f"{total:.0f} mm²",
            f"{canvas:.0f} mm²",
            "The areas of the paints add up to the canvas.",
            "The areas of the paints do not add up to the canvas.",
        ),
    ]


def check_svg(path: Path, sheet: Sheet, painting: Painting) -> list[Check]:
    """The SVG parses, has the sheet's size, and one line per border."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - a file that was written a moment ago
    width, height = (float((root.get(side) or "0").removesuffix("mm")) for side in ("width", "height"))
    off = max(abs(width - sheet.media.width), abs(height - sheet.media.height))
    borders = next((element for element in root.iter() if element.get("id") == "borders"), None)
    lines = (borders.get("d") or "").count("M") if borders is not None else 0
    return [
        judged(
            "svg_size",
            off <= BOX_TOLERANCE_MM,
            f"{off:.3f} mm off",
            f"{BOX_TOLERANCE_MM} mm",
            "The SVG has the right size.",
            "The SVG has the wrong size.",
        ),
        judged(
            "svg_borders",
            lines == painting.arcs.count,
            f"{lines} lines",
            f"{painting.arcs.count}",
            "The SVG has one line for each border.",
            "The SVG has too many or too few lines.",
        ),
    ]


def check_picture(picture: PlacedPicture) -> Check:
    """Whether the photo has enough pixels for the canvas."""
    level = Level.OK if picture.dpi >= MIN_PICTURE_DPI else Level.WARN
    if picture.dpi < MIN_PICTURE_DPI / 4:
        level = Level.FAIL
    return Check(
        "picture_resolution",
        level,
        f"{picture.dpi:.0f} DPI",
        f"{MIN_PICTURE_DPI:.0f} DPI",
        "The picture has enough pixels for this canvas."
        if level is Level.OK
        else "The picture has few pixels for this canvas; details will be coarse.",
    )
