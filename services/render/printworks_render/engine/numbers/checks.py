"""Preflight of a numbered canvas, on the finished files: they are opened again and measured.

The numbers are read back from the PDF as text with the box of each digit, and held against the smooth borders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image
from pypdfium2 import raw

from printworks_render.engine.geometry import MM_PER_INCH, PT_PER_MM, Rect, Sheet
from printworks_render.engine.job import Check, Level
from printworks_render.engine.numbers.drawing import grid_points, printed_sizes
from printworks_render.engine.numbers.painting import Painting
from printworks_render.engine.numbers.quantities import Need
from printworks_render.engine.scene import PlacedPicture

MIN_PICTURE_DPI = 50.0
"""One pixel per half millimetre, what a fine brush draws. A quarter of it fails."""
_SIZE_SLACK_MM = 0.1
_SLACK_MM = 0.02
_MIN_LIKENESS = 0.97


@dataclass(frozen=True)
class Digit:
    """A digit as it stands in the PDF; box in canvas millimetres."""

    character: str
    box: Rect


def ok(code: str, passed: bool, measured: str, limit: str, sentence: str) -> Check:
    return Check(code, Level.OK if passed else Level.FAIL, measured, limit, sentence)


def digits_of(document: bytes, sheet: Sheet, within: Rect) -> list[Digit]:
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


def check_numbers(document: bytes, painting: Painting, sheet: Sheet, box: Rect, min_font_pt: float) -> list[Check]:
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
        ok("numbers_inside", outside == 0, f"{outside} outside", "0", "Every number lies inside its facet."),
        ok("facets_labelled", unlabelled == 0, f"{unlabelled} without", "0", "Every facet has a number."),
        ok("numbers_right", wrong == 0, f"{wrong} wrong", "0", "Every number is that of its paint."),
        ok(
            "numbers_legible",
            smallest >= min_font_pt - 0.05,
            f"{smallest:.1f} pt",
            f"{min_font_pt:g} pt",
            "The smallest number can be read.",
        ),
    ]


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
        ok(
            "facets_paintable",
            small == 0,
            f"{small} of {painting.facets.count} too small, smallest radius {painting.spots.radius.min():.2f} mm",
            f"radius {radius:.2f} mm, area {area:g} mm²",
            "Every facet is large enough to be painted.",
        ),
        ok("borders_once", twice == 0, f"{twice} doubled", "0", "Every border is drawn once."),
        ok(
            "quantities_add_up",
            abs(total - canvas) < 1e-3 * canvas,
            f"{total:.0f} mm²",
            f"{canvas:.0f} mm²",
            "The areas of the paints add up to the canvas.",
        ),
    ]


def check_pdf(path: Path, sheet: Sheet) -> list[Check]:
    """Boxes of the page, embedded fonts and the class of the output intent."""
    import pikepdf

    with pikepdf.open(path) as pdf:
        page = pdf.pages[0]
        off = max(
            abs(float(value) - want)
            for name, rect in (("/MediaBox", sheet.media), ("/BleedBox", sheet.bleed_box), ("/TrimBox", sheet.trim))
            for value, want in zip(page.obj[name], _points(rect, sheet), strict=True)
        )
        fonts: Any = page.resources.get("/Font", {})
        missing = sum(not _embedded(font) for font in fonts.values())
        intents: Any = pdf.Root.get("/OutputIntents", [])
        classes = [bytes(intent.DestOutputProfile.read_bytes())[12:16].decode("latin-1") for intent in intents]
    return [
        ok(
            "page_boxes",
            off / PT_PER_MM <= _SIZE_SLACK_MM,
            f"{off / PT_PER_MM:.3f} mm off",
            f"{_SIZE_SLACK_MM} mm",
            "Trim, bleed and medium have the right size.",
        ),
        ok("fonts_embedded", missing == 0, f"{missing} missing", "0", "All fonts are embedded."),
        ok("output_intent", classes == ["prtr"], ", ".join(classes) or "none", "prtr", "The output intent is a printer."),
    ]


def _points(rect: Rect, sheet: Sheet) -> tuple[float, float, float, float]:
    left, bottom = rect.x - sheet.media.x, sheet.media.bottom - rect.bottom
    return tuple(value * PT_PER_MM for value in (left, bottom, left + rect.width, bottom + rect.height))  # pyright: ignore[reportReturnType]  # four values


def _embedded(font: Any) -> bool:
    descriptor = font.DescendantFonts[0].FontDescriptor if "/DescendantFonts" in font else font.FontDescriptor
    return any(name in descriptor for name in ("/FontFile", "/FontFile2", "/FontFile3"))


def check_svg(path: Path, sheet: Sheet, painting: Painting) -> list[Check]:
    """The SVG parses, has the sheet's size, and one line per border."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - a file that was written a moment ago
    width, height = (float((root.get(side) or "0").removesuffix("mm")) for side in ("width", "height"))
    off = max(abs(width - sheet.media.width), abs(height - sheet.media.height))
    borders = next((element for element in root.iter() if element.get("id") == "borders"), None)
    lines = (borders.get("d") or "").count("M") if borders is not None else 0
    return [
        ok("svg_size", off <= _SIZE_SLACK_MM, f"{off:.3f} mm off", f"{_SIZE_SLACK_MM} mm", "The SVG has the right size."),
        ok(
            "svg_borders",
            lines == painting.arcs.count,
            f"{lines} lines",
            f"{painting.arcs.count}",
            "The SVG has one line for each border.",
        ),
    ]


def check_raster(path: Path, sheet: Sheet, preview: NDArray[np.uint8]) -> list[Check]:
    """Size, resolution and content of a raster file; `preview`, sRGB, must show the same."""
    with Image.open(path) as image:
        dpi = float(image.info.get("dpi", (0.0, 0.0))[0])
        size = image.size
        reduced = image.convert("RGB").resize((preview.shape[1], preview.shape[0]), Image.Resampling.BOX)
    off = max(abs(size[0] / sheet.dpi * MM_PER_INCH - sheet.media.width), abs(size[1] / sheet.dpi * MM_PER_INCH - sheet.media.height))
    shown = np.asarray(reduced, dtype=np.uint8)
    return [
        ok(
            "raster_size",
            off <= max(_SIZE_SLACK_MM, MM_PER_INCH / sheet.dpi) and abs(dpi - sheet.dpi) < 0.5,
            f"{size[0]} × {size[1]} px, {dpi:.0f} DPI",
            f"{sheet.pixels[0]} × {sheet.pixels[1]} px, {sheet.dpi:.0f} DPI",
            "The raster file has the right size and resolution.",
        ),
        ok("not_blank", float(shown.std()) > 0.5, f"{shown.std():.1f}", "0.5", "The print is not blank."),
        check_alike(shown, preview),
    ]


def check_alike(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> Check:
    """Likeness of two pictures of one size: 1 less the mean difference of their blurred grey values."""
    first, second = (cv2.GaussianBlur(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY), (0, 0), 2.0) for each in (one, two))
    likeness = 1.0 - float(np.abs(first.astype(np.float32) - second.astype(np.float32)).mean()) / 255
    return ok("preview_alike", likeness >= _MIN_LIKENESS, f"{likeness:.4f}", f"{_MIN_LIKENESS}", "Preview and print are alike.")


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
