"""The canvas template as PDF, SVG and pixels, and the sheets that go with it."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from printworks_common.failures import Reason
from printworks_common.templates import Box
from printworks_common.templates.layers import LegendLayer
from pypdfium2 import raw

from printworks_render.engine.fonts import bundled_face
from printworks_render.engine.frame import one_line
from printworks_render.engine.geometry import Rect, Sheet
from printworks_render.engine.inks import Inks
from printworks_render.engine.job import RenderError
from printworks_render.engine.numbers.legend import legend_piece
from printworks_render.engine.numbers.quantities import Need
from printworks_render.engine.numbers.svg import SvgPage
from printworks_render.engine.outputs import draw_on_page
from printworks_render.engine.pdf import DocumentInfo, Page, PdfWriter
from printworks_render.engine.pieces import Fill, Mirror, Photo, Vectors, photo_tile
from printworks_render.engine.profiles import Profile
from printworks_render.engine.raster import jpeg_bytes
from printworks_render.engine.scene import Scene

Pixels = NDArray[np.uint8]

_A4 = (210.0, 297.0)
_MARGIN = 15.0


def canvas_pdf(scene: Scene, info: DocumentInfo, profile: Profile | None = None, inks: Inks | None = None) -> bytes:
    """PDF/X-4 of the sheet: lines, numbers and texts as vectors, library pictures at the sheet's resolution."""
    writer = PdfWriter(info, profile, inks)
    page = writer.page(scene.sheet)
    for piece in scene.pieces:
        draw_on_page(writer, page, piece, scene.notes)
    buffer = BytesIO()
    writer.save(buffer)
    return buffer.getvalue()


def canvas_svg(scene: Scene, path: Path, title: str) -> None:
    page = SvgPage(scene.sheet, title)
    for piece in scene.pieces:
        match piece:
            case Fill():
                page.fill_colour(piece.colour)
                page.fill_rects([piece.rect])
            case Photo():
                page.picture(*photo_tile(scene.sheet, piece, scene.notes), piece.rect)
            case Vectors():
                page.save()
                piece.draw(page)
                page.restore()
            case Mirror():
                raise RenderError(Reason.TEMPLATE_INVALID, "A numbered canvas cannot have a mirrored wrap.")
    page.write(path)


def page_rgb(document: bytes, size: tuple[int, int], number: int = 0) -> Pixels:
    """A page of a finished PDF as sRGB pixels (h, w, 3) of this width and height, without a second copy."""
    opened = pdfium.PdfDocument(document)
    try:
        page: Any = opened[number]
        pixels = np.empty((size[1], size[0], 3), dtype=np.uint8)
        bitmap = raw.FPDFBitmap_CreateEx(size[0], size[1], raw.FPDFBitmap_BGR, pixels.ctypes.data, pixels.strides[0])
        if not bitmap:
            raise MemoryError("no bitmap for the page")
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, size[0], size[1], 0xFFFFFFFF)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, size[0], size[1], 0, raw.FPDF_REVERSE_BYTE_ORDER)
        raw.FPDFBitmap_Destroy(bitmap)
        page.close()
    finally:
        opened.close()
    return pixels


def legend_pdf(path: Path, info: DocumentInfo, order_name: str, needs: Sequence[Need], pot_ml: float) -> Sheet:
    """The legend with paint quantities on A4."""
    writer = PdfWriter(info)
    sheet = Sheet(*_A4)
    page = writer.page(sheet)
    _heading(page, f"Paints for {order_name}", sheet)
    box = Rect(_MARGIN, _MARGIN + 16, sheet.canvas_width - 2 * _MARGIN, sheet.canvas_height - 2 * _MARGIN - 16)
    layer = LegendLayer(box=Box(x=box.x, y=box.y, width=box.width, height=box.height), size_pt=14)
    legend_piece(layer, box, needs, pot_ml).draw(page)
    writer.save(path)
    return sheet


def reference_pdf(path: Path, info: DocumentInfo, order_name: str, photo: Pixels, finished: Pixels) -> Sheet:
    """The picture and the finished painting, one above the other, on A4 (side by side on a turned A4 for tall ones)."""
    writer = PdfWriter(info)
    tall = photo.shape[0] >= photo.shape[1]
    sheet = Sheet(*(reversed(_A4) if tall else _A4))
    page = writer.page(sheet)
    _heading(page, f"Reference for {order_name}", sheet)
    width, height = sheet.canvas_width - 2 * _MARGIN, sheet.canvas_height - 2 * _MARGIN - 14
    for number, pixels in enumerate((photo, finished)):
        cell = (
            Rect(_MARGIN + number * (width / 2 + 2), _MARGIN + 14, width / 2 - 2, height)
            if tall
            else Rect(_MARGIN, _MARGIN + 14 + number * (height / 2 + 2), width, height / 2 - 2)
        )
        factor = min(cell.width / pixels.shape[1], cell.height / pixels.shape[0])
        size = pixels.shape[1] * factor, pixels.shape[0] * factor
        place = Rect(cell.centre[0] - size[0] / 2, cell.centre[1] - size[1] / 2, *size)
        image = writer.jpeg(jpeg_bytes(pixels, 92), pixels.shape[1], pixels.shape[0], 3)
        page.image(image, place)
    writer.save(path)
    return sheet


def _heading(page: Page, text: str, sheet: Sheet) -> None:
    box = Rect(_MARGIN, _MARGIN, sheet.canvas_width - 2 * _MARGIN, 10)
    page.text(one_line(text, bundled_face("noto-sans-bold"), box, 16), box.x, box.y, "#000000")
