"""PDF pages to pixels with PDFium: for previews and checks of finished files, and for vectors in raster files.

Raster files and PDFs share their vectors this way: both show what the same operators draw.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from pypdfium2 import raw

from printworks_render.engine.content import Content
from printworks_render.engine.geometry import Rect, Sheet
from printworks_render.engine.pdf import DocumentInfo, PdfWriter
from printworks_render.engine.raster import resized

Pixels = NDArray[np.uint8]

_BAND_PIXELS = 1_500_000
_SMALL_PX = 600
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
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # PDFium lets a picture cover every pixel that it touches, one too many at an edge: of small pages that shows.
        finer = 4 if max_px < _SMALL_PX else 1
        pixels = _drawn(page, size[0] * finer, size[1] * finer, 0xFFFFFFFF)[..., :3]
        return resized(pixels, size) if finer > 1 else pixels.copy()


def _drawn(page: Any, width: int, height: int, background: int, first: int = 0, last: int | None = None) -> Pixels:
    """Rows `first` to `last` of the page drawn at width x height pixels, RGBA, not premultiplied."""
    rows = (height if last is None else last) - first
    bitmap = pdfium.PdfBitmap.new_native(width, rows, raw.FPDFBitmap_BGRA, rev_byteorder=True)
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, rows, background)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, -first, width, height, 0, raw.FPDF_REVERSE_BYTE_ORDER)
        return np.array(bitmap.to_numpy(), dtype=np.uint8)
    finally:
        bitmap.close()


def vector_tiles(draw: Callable[[Content], None], bounds: Rect, sheet: Sheet) -> Generator[tuple[int, int, Pixels]]:
    """What `draw` draws inside `bounds`, as (left, top, pixels) with premultiplied RGBA on the sheet's pixel grid.

    It comes in bands, so that a drawing over the whole sheet needs little memory; empty margins are left out.
    """
    width, height = sheet.pixels
    left, top, right, bottom = sheet.to_pixels(bounds)
    x0, y0 = max(0, int(left) - 1), max(0, int(top) - 1)
    x1, y1 = min(width, int(right) + 2), min(height, int(bottom) + 2)
    if x1 <= x0 or y1 <= y0:
        return
    mm_x, mm_y = sheet.media.width / width, sheet.media.height / height
    writer = PdfWriter(_OVERLAY, intent=None, bare=True)
    page = writer.page(Sheet((x1 - x0) * mm_x, (y1 - y0) * mm_y, dpi=sheet.dpi))
    page.raw(f"1 0 0 1 {-(sheet.media.x + x0 * mm_x):.6f} {-(sheet.media.y + y0 * mm_y):.6f} cm")
    draw(page)
    buffer = BytesIO()
    writer.save(buffer)
    rows = max(64, _BAND_PIXELS // (x1 - x0))
    with _page(buffer.getvalue(), 0) as drawn:
        for first in range(0, y1 - y0, rows):
            last = min(first + rows, y1 - y0)
            pixels = _drawn(drawn, x1 - x0, y1 - y0, 0, first, last)
            x, y, columns, inked = cv2.boundingRect(cv2.extractChannel(pixels, 3))
            if inked > 0:
                tile = cv2.cvtColor(pixels[y : y + inked, x : x + columns], cv2.COLOR_RGBA2mRGBA)
                yield x0 + x, y0 + first + y, np.asarray(tile, dtype=np.uint8)
