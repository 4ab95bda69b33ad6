"""Checks that every recipe makes: of placed pictures and texts, of finished files opened again, of the preview.

Each function returns checks with stable codes; `conclude` turns failures into the typed error of the job.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from numpy.typing import NDArray
from PIL import Image, ImageCms
from printworks_common.failures import Reason
from printworks_common.templates import Limits

from printworks_render.engine.geometry import MM_PER_INCH, PT_PER_MM, Rect, Sheet
from printworks_render.engine.job import Check, Level, PreflightReport, RenderError
from printworks_render.engine.memory import give_back
from printworks_render.engine.profiles import SRGB
from printworks_render.engine.raster import shrink

Pixels = NDArray[np.uint8]

BOX_TOLERANCE_MM = 0.1
_BLANK_DEVIATION = 1.5
_SSIM_PX = 800
_BAND_ROWS = 128

_REASONS: dict[str, Reason] = {
    "effective_dpi": Reason.UPLOAD_LOW_RESOLUTION,
    "missing_glyph": Reason.FONT_MISSING_GLYPH,
}


def passed(code: str, measured: str, limit: str, sentence: str) -> Check:
    return Check(code, Level.OK, measured, limit, sentence)


def judged(code: str, ok: bool, measured: str, limit: str, good: str, bad: str, level: Level = Level.FAIL) -> Check:
    """A check with one limit: `good` or `bad` is its sentence."""
    return Check(code, Level.OK if ok else level, measured, limit, good if ok else bad)


def conclude(checks: Sequence[Check]) -> PreflightReport:
    """The report. Raises `RenderError` when a check failed: with the reason of the first failure."""
    report = PreflightReport(tuple(checks))
    failures = report.failures()
    if failures:
        first = failures[0]
        raise RenderError(_REASONS.get(first.code, Reason.PREFLIGHT_FAILED), first.sentence, report)
    return report


def check_dpi(name: str, dpi: float, limits: Limits, *, customer: bool = True) -> Check:
    """Effective resolution of one placed picture. A picture of the merchant's library only warns."""
    limit = f"{limits.fail_dpi:g} DPI, warning below {limits.warn_dpi:g} DPI"
    if dpi >= limits.warn_dpi:
        return passed("effective_dpi", f"{dpi:.0f} DPI", limit, f"{name} is printed at {dpi:.0f} DPI.")
    level = Level.FAIL if dpi < limits.fail_dpi and customer else Level.WARN
    wanted = limits.fail_dpi if level is Level.FAIL else limits.warn_dpi
    return Check(
        "effective_dpi",
        level,
        f"{dpi:.0f} DPI",
        limit,
        f"{name} is printed at {dpi:.0f} DPI, below {wanted:g} DPI; the print would be unsharp.",
    )


def check_text(
    name: str, missing: Sequence[str], overflows: bool, size_pt: float, limits: Limits, bounds: Rect, safe: Rect | None
) -> list[Check]:
    """A set text: every character has a glyph, it fits, it is legible, and it keeps clear of the edge."""
    codes = ", ".join(" ".join(f"U+{ord(char):04X}" for char in cluster) for cluster in missing[:5])
    checks = [
        judged(
            "missing_glyph",
            not missing,
            f"{len(missing)} characters" if missing else "none",
            "none",
            f"All characters of {name} can be shown.",
            f"The text {name} has characters that no font can show ({codes}).",
        ),
        judged(
            "text_fits",
            not overflows,
            f"{size_pt:.1f} pt",
            "inside its box",
            f"The text {name} fits its box.",
            f"The text {name} does not fit its box, even at {size_pt:.1f} pt.",
        ),
        judged(
            "text_size",
            size_pt >= limits.min_text_pt,
            f"{size_pt:.1f} pt",
            f"{limits.min_text_pt:g} pt",
            f"The text {name} is {size_pt:.1f} pt high.",
            f"The text {name} is {size_pt:.1f} pt high; below {limits.min_text_pt:g} pt it is hard to read.",
            Level.WARN,
        ),
    ]
    if safe is not None:
        distance = min(bounds.x - safe.x, bounds.y - safe.y, safe.right - bounds.right, safe.bottom - bounds.bottom)
        checks.append(
            judged(
                "safe_area",
                distance >= -0.05,
                f"{distance:.1f} mm inside",
                "0 mm",
                f"The text {name} keeps clear of the edge.",
                f"The text {name} comes too near to the edge and may be cut off.",
                Level.WARN,
            )
        )
    return checks


def check_bleed(sheet: Sheet, covered: bool) -> Check:
    if sheet.bleed == 0:
        return passed("bleed", "no bleed", "no bleed", "The product has no bleed.")
    return judged(
        "bleed",
        covered,
        "covered" if covered else "not covered",
        f"{sheet.bleed:g} mm",
        f"The print reaches {sheet.bleed:g} mm beyond the cut.",
        "The print does not reach over the bleed; a white edge may show after cutting.",
        Level.WARN,
    )


def check_not_blank(pixels: Pixels, limits: Limits) -> Check:
    """Whether anything is to be seen: standard deviation of the brightness, 0 to 255."""
    deviation = float(shrink(pixels, _SSIM_PX).mean(axis=2).std())
    return judged(
        "not_blank",
        deviation >= _BLANK_DEVIATION or limits.allow_blank,
        f"{deviation:.1f}",
        f"{_BLANK_DEVIATION:g}",
        "The print is not blank.",
        "The print is blank or nearly so.",
    )


def similarity(first: Pixels, second: Pixels) -> float:
    """Mean structural similarity, -1 to 1, of two pictures of the same format, on their brightness at up to 800 pixels.

    Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004), Gaussian window of
    sigma 1.5.
    """
    a = shrink(first, _SSIM_PX).mean(axis=2).astype(np.float32)
    b = shrink(second, _SSIM_PX).mean(axis=2).astype(np.float32)
    if a.shape != b.shape:
        b = np.asarray(cv2.resize(b, (a.shape[1], a.shape[0]), interpolation=cv2.INTER_AREA))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def soft(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), dtype=np.float32)

    mean_a, mean_b = soft(a), soft(b)
    var_a, var_b = soft(a * a) - mean_a**2, soft(b * b) - mean_b**2
    covariance = soft(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def check_similarity(code: str, first: Pixels, second: Pixels, limits: Limits, what: str) -> Check:
    measured = similarity(first, second)
    return judged(
        code,
        measured >= limits.min_similarity,
        f"{measured:.3f}",
        f"{limits.min_similarity:g}",
        f"{what} look alike.",
        f"{what} differ.",
    )


def check_pdf(path: Path, sheets: Sequence[Sheet], min_image_dpi: float | None = None) -> list[Check]:
    """A finished PDF, opened again: page boxes, class of the output intent's profile, fonts, colour spaces, resolution.

    sheets: of each page. min_image_dpi: least resolution of the pictures in it, where the recipe promises one.
    """
    with pikepdf.open(path) as pdf:
        checks = [
            _check_boxes(pdf, sheets),
            _check_intent(pdf),
            _check_fonts(pdf),
            _check_spaces(pdf),
            _check_version(pdf),
        ]
        if min_image_dpi is not None:
            checks.append(_check_base_picture(pdf, sheets[0], min_image_dpi))
        return checks


def _check_boxes(pdf: pikepdf.Pdf, sheets: Sequence[Sheet]) -> Check:
    worst = 0.0 if len(pdf.pages) == len(sheets) else 1e6
    for page, sheet in zip(pdf.pages, sheets, strict=False):
        for name, wanted in (("/MediaBox", sheet.media), ("/BleedBox", sheet.bleed_box), ("/TrimBox", sheet.trim)):
            box = page.obj.get(name)
            if box is None:
                worst = 1e6
                continue
            left, bottom, right, top = (float(value) / PT_PER_MM for value in box.as_list())
            x, y = wanted.x - sheet.media.x, sheet.media.bottom - wanted.bottom
            found = (left - x, bottom - y, right - x - wanted.width, top - y - wanted.height)
            worst = max(worst, *(abs(value) for value in found))
    return judged(
        "page_boxes",
        worst <= BOX_TOLERANCE_MM,
        f"{worst:.3f} mm off" if worst < 1e6 else "a page or a box is missing",
        f"{BOX_TOLERANCE_MM} mm",
        "Page size, trim and bleed are exact.",
        "Page size, trim or bleed of the PDF are wrong.",
    )


def _check_intent(pdf: pikepdf.Pdf) -> Check:
    measured = "none"
    for intent in pdf.Root.get("/OutputIntents", []):
        profile = intent.get("/DestOutputProfile")
        if intent.get("/S") == "/GTS_PDFX" and profile is not None:
            data = profile.read_bytes()
            measured = f"{data[12:16].decode('latin-1')} {data[16:20].decode('latin-1').strip()}"
    return judged(
        "output_intent",
        measured == "prtr CMYK",
        measured,
        "prtr CMYK",
        "The output intent carries a CMYK printer profile.",
        "The output intent has no CMYK printer profile.",
    )


def _check_fonts(pdf: pikepdf.Pdf) -> Check:
    missing = 0
    fonts = [item for item in pdf.objects if _is(item, "/Font") and "/DescendantFonts" not in item]
    for font in fonts:
        descriptor = font.get("/FontDescriptor")
        if descriptor is None or not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.keys()):
            missing += 1
    return judged(
        "fonts_embedded",
        missing == 0,
        f"{len(fonts) - missing} of {len(fonts)}",
        "all",
        "All fonts are embedded.",
        "A font is not embedded.",
    )


def _is(item: object, kind: str) -> bool:
    return isinstance(item, pikepdf.Dictionary) and item.get("/Type") == kind


def _images(pdf: pikepdf.Pdf) -> list[pikepdf.Stream]:
    return [item for item in pdf.objects if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Image"]


def _check_spaces(pdf: pikepdf.Pdf) -> Check:
    found: set[str] = set()
    for image in _images(pdf):
        space = image.get("/ColorSpace")
        found.add(_space_name(space))
    wrong = found & {"/DeviceRGB", "/CalRGB", "?"}
    return judged(
        "colour_spaces",
        not wrong,
        ", ".join(sorted(name.strip("/") for name in found)) or "no pictures",
        "ICC-based sRGB, CMYK, grey",
        "Every picture has a defined colour space.",
        "A picture has no defined colour space.",
    )


def _space_name(space: object) -> str:
    if isinstance(space, pikepdf.Array):
        return _space_name(space[1]) if space[0] == "/Indexed" else str(space[0])
    return str(space) if space is not None else "?"


def _check_version(pdf: pikepdf.Pdf) -> Check:
    metadata = pdf.Root.get("/Metadata")
    ok = metadata is not None and b"PDF/X-4" in metadata.read_bytes() and not pdf.is_encrypted
    return judged(
        "pdf_x",
        ok,
        f"PDF {pdf.pdf_version}",
        "PDF/X-4",
        "The file says that it is PDF/X-4.",
        "The file does not say that it is PDF/X-4.",
    )


def _check_base_picture(pdf: pikepdf.Pdf, sheet: Sheet, wanted: float) -> Check:
    """The picture that covers the sheet is the largest one."""
    sizes = [(int(image.Width), int(image.Height)) for image in _images(pdf)]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    dpi = min(width / (sheet.media.width / MM_PER_INCH), height / (sheet.media.height / MM_PER_INCH))
    return judged(
        "print_dpi",
        dpi >= wanted - 0.5,
        f"{dpi:.1f} DPI",
        f"{wanted:g} DPI",
        f"The picture in the PDF has {dpi:.0f} DPI.",
        f"The picture in the PDF has {dpi:.0f} DPI instead of {wanted:g}.",
    )


def check_raster(path: Path, sheet: Sheet, colour: str, max_px: int) -> tuple[list[Check], Pixels]:
    """A finished TIFF, PNG, JPEG or WebP, opened again, and its pixels as sRGB, longest side at most `max_px`.

    colour: `srgb` or `cmyk`.
    """
    # Pillow reads the whole sheet: what was freed before must not lie beside it, nor the sheet beside what follows.
    give_back()
    with Image.open(path, formats=["TIFF", "PNG", "JPEG", "WEBP"]) as image:
        width, height = image.size
        dpi = image.info.get("dpi", (0.0, 0.0))
        profile = image.info.get("icc_profile")
        mode = image.mode
        tagged = bool(profile) or "srgb" in image.info
        if image.format == "JPEG":
            image.draft(None, (max_px, max_px))
        small = _reduced(image, max_px)
    del image
    give_back()
    pixels = _srgb(small, profile if isinstance(profile, bytes) else None)
    wanted = sheet.pixels
    off = max(abs(width - wanted[0]), abs(height - wanted[1])) / sheet.dpi * MM_PER_INCH
    checks = [
        judged(
            "pixel_size",
            off <= BOX_TOLERANCE_MM,
            f"{width} × {height}",
            f"{wanted[0]} × {wanted[1]}",
            "The file has the right number of pixels.",
            "The file has the wrong number of pixels.",
        ),
        judged(
            "colour_profile",
            tagged and mode == {"srgb": "RGB", "cmyk": "CMYK"}[colour],
            f"{mode}, {'tagged' if tagged else 'without profile'}",
            {"srgb": "RGB, tagged", "cmyk": "CMYK, tagged"}[colour],
            "The file carries its colour profile.",
            "The file has the wrong colour space or no profile.",
        ),
    ]
    if path.suffix != ".webp":
        found = min(float(value) for value in dpi)
        checks.append(
            judged(
                "print_dpi",
                abs(found - sheet.dpi) < 0.6,
                f"{found:.1f} DPI",
                f"{sheet.dpi:g} DPI",
                f"The file says {sheet.dpi:g} DPI.",
                f"The file says {found:.0f} DPI instead of {sheet.dpi:g}.",
            )
        )
    return checks, pixels


def _reduced(image: Image.Image, max_px: int) -> Image.Image:
    """Area-averaged to `max_px` at the longest side, in bands: Pillow's intermediate of a whole sheet is as large as a
    third of it."""
    width, height = image.size
    factor = max_px / max(width, height)
    if factor >= 1:
        image.load()
        return image
    columns, rows = max(1, round(width * factor)), max(1, round(height * factor))
    result = Image.new(image.mode, (columns, rows))
    for top in range(0, rows, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, rows)
        box = (0, top * height / rows, width, bottom * height / rows)
        result.paste(image.resize((columns, bottom - top), Image.Resampling.BOX, box), (0, top))
    return result


def _srgb(image: Image.Image, profile: bytes | None) -> Pixels:
    if image.mode == "CMYK" and profile is not None:
        target = ImageCms.ImageCmsProfile(BytesIO(SRGB))
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(BytesIO(profile)), target, outputMode="RGB"
        )
        image = converted or image
    return np.asarray(image.convert("RGB"), dtype=np.uint8)
