"""PDF pages to pixels with PDFium: for previews and checks of finished files, and for vectors in raster files.

Raster files and PDFs share their vectors this way: both show what the same operators draw.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from pypdfium2 import raw

from printworks_render.engine.content import Content
from printworks_render.engine.geometry import Rect, Sheet
from printworks_render.engine.pdf import DocumentInfo, PdfWriter

Pixels = NDArray[np.uint8]

_OVERLAY = DocumentInfo("", date(1970, 1, 1), "")


@contextmanager
def _page(source: Path | bytes, number: int) -> Generator[Any]:
    document = pdfium.PdfDocument(source)
    try:
        page = document[number]
        try:
            yield page
        finally:
            page.close()
    finally:
        document.close()


def page_pixels(source: Path | bytes, max_px: int, number: int = 0) -> Pixels:
    """A page (its MediaBox) as sRGB pixels (h, w, 3) on white, longest side `max_px`."""
    with _page(source, number) as page:
        width, height = page.get_size()
        scale = max_px / max(width, height)
        return _drawn(page, max(1, round(width * scale)), max(1, round(height * scale)), 0xFFFFFFFF)[..., :3].copy()


def _drawn(page: Any, width: int, height: int, background: int) -> Pixels:
    bitmap = pdfium.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGRA, rev_byteorder=True)
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, background)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, raw.FPDF_REVERSE_BYTE_ORDER)
        return np.array(bitmap.to_numpy(), dtype=np.uint8)
    finally:
        bitmap.close()


def vector_tile(draw: Callable[[Content], None], bounds: Rect, sheet: Sheet) -> tuple[int, int, Pixels] | None:
    """What `draw` draws inside `bounds`, as (left, top, pixels) with premultiplied RGBA on the sheet's pixel grid.

    None when the bounds lie outside of the sheet.
    """
    width, height = sheet.pixels
    left, top, right, bottom = sheet.to_pixels(bounds)
    x0, y0 = max(0, int(left) - 1), max(0, int(top) - 1)
    x1, y1 = min(width, int(right) + 2), min(height, int(bottom) + 2)
    if x1 <= x0 or y1 <= y0:
        return None
    mm_x, mm_y = sheet.media.width / width, sheet.media.height / height
    writer = PdfWriter(_OVERLAY)
    page = writer.page(Sheet((x1 - x0) * mm_x, (y1 - y0) * mm_y, dpi=sheet.dpi))
    page.raw(f"1 0 0 1 {-(sheet.media.x + x0 * mm_x):.6f} {-(sheet.media.y + y0 * mm_y):.6f} cm")
    draw(page)
    buffer = BytesIO()
    writer.save(buffer)
    with _page(buffer.getvalue(), 0) as drawn:
        pixels = _drawn(drawn, x1 - x0, y1 - y0, 0)
    alpha = pixels[..., 3:].astype(np.uint16)
    pixels[..., :3] = (pixels[..., :3] * alpha + 127) // 255
    return x0, y0, pixels
