"""Writing of what every recipe makes from its sheets: print PDF, preview and thumbnail."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from printworks_common.templates import Area, Output

from printworks_render.engine import preflight
from printworks_render.engine.files import FileSet
from printworks_render.engine.geometry import MM_PER_INCH, Rect, Sheet
from printworks_render.engine.inks import CmykInks
from printworks_render.engine.job import Check, RenderJob
from printworks_render.engine.pdf import DocumentInfo, Page, PdfWriter
from printworks_render.engine.pieces import Fill, Mirror, Photo, Piece, Vectors, photo_tile
from printworks_render.engine.profiles import Profile, default_cmyk
from printworks_render.engine.raster import jpeg_bytes, shrink, write_jpeg, write_png, write_webp
from printworks_render.engine.scene import Scene

Raster = NDArray[np.uint8]

PREVIEW_PX = 2400
PREVIEW_QUALITY = 90
THUMBNAIL_PX = 512
THUMBNAIL_QUALITY = 82


@cache
def cmyk_profile() -> Profile:
    return default_cmyk()


def document_info(job: RenderJob, what: str) -> DocumentInfo:
    """Metadata of a document of this job."""
    title = f"{job.order.order_name} · {job.order.line_item_id} · {what}"
    return DocumentInfo(title, job.order.document_date, f"Printworks {job.renderer_version}")


def preview_output(job: RenderJob, area: Area) -> Output:
    """How the area's preview is to be written: as the template says, else JPEG."""
    return _wanted(job, area, Output(role="preview", format="jpeg", quality=PREVIEW_QUALITY))


def _wanted(job: RenderJob, area: Area, default: Output) -> Output:
    return next(
        (one for one in job.template.outputs if one.role == default.role and one.area in {None, area.id}), default
    )


def write_pictures(job: RenderJob, area: Area, sheet: Sheet, pixels: Raster, files: FileSet) -> Check:
    """Preview and thumbnail from the pixels of the finished print file; checks that the preview shows the print.

    The slug with its marks is no part of what the customer gets, so both are cut to the trimmed sheet.
    """
    shown = cut_to(pixels, sheet, sheet.trim)
    preview = preview_output(job, area)
    path = _write_picture(files, preview, area, shrink(shown, preview.max_px or PREVIEW_PX))
    thumbnail = _wanted(job, area, Output(role="thumbnail", format="webp", quality=THUMBNAIL_QUALITY))
    _write_picture(files, thumbnail, area, shrink(shown, thumbnail.max_px or THUMBNAIL_PX))
    with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as image:
        reread = np.asarray(image.convert("RGB"), dtype=np.uint8)
    return preflight.check_similarity(
        "preview_as_print", reread, shown, job.template.preflight, "The preview and the print"
    )


def cut_to(pixels: Raster, sheet: Sheet, part: Rect) -> Raster:
    """The part of the medium's pixels, at whatever scale they are."""
    height, width = pixels.shape[:2]
    kx, ky = width / sheet.media.width, height / sheet.media.height
    left, top = round((part.x - sheet.media.x) * kx), round((part.y - sheet.media.y) * ky)
    right, bottom = round((part.right - sheet.media.x) * kx), round((part.bottom - sheet.media.y) * ky)
    return pixels[top : max(bottom, top + 1), left : max(right, left + 1)]


def _write_picture(files: FileSet, output: Output, area: Area, pixels: Raster) -> Path:
    path = files.path(output, area.id)
    dpi = pixels.shape[1] / (area.canvas.width_mm / MM_PER_INCH)
    match output.format:
        case "jpeg":
            write_jpeg(path, pixels, dpi, output.quality)
        case "png":
            write_png(path, pixels, dpi)
        case _:
            write_webp(path, pixels, output.quality)
    size = (pixels.shape[1], pixels.shape[0])
    files.add(path, output.role, output.format, area=area.id, pixels=size, colour_space="sRGB")
    return path


def write_pdf(
    job: RenderJob,
    scene: Scene,
    output: Output,
    path: Path,
    canvas: Raster,
    above: list[Piece],
    profile: Profile | None,
    inks: CmykInks | None,
) -> None:
    """A one-page PDF/X-4: `canvas` as one picture over the whole medium, above it vectors and further pictures."""
    writer = PdfWriter(document_info(job, scene.area.id), profile, inks)
    page = writer.page(scene.sheet)
    height, width = canvas.shape[:2]
    pixels = inks.convert(canvas) if inks else canvas
    image = writer.jpeg(jpeg_bytes(pixels, output.quality), width, height, pixels.shape[2])
    del pixels
    page.image(image, scene.sheet.media)
    for piece in above:
        draw_on_page(writer, page, piece, scene.notes)
    writer.save(path)


def draw_on_page(writer: PdfWriter, page: Page, piece: Piece, notes: list[str]) -> None:
    """Draw one piece on a page: vectors as vectors, pictures as lossless pictures with soft mask."""
    match piece:
        case Fill():
            page.fill_colour(piece.colour)
            page.fill_rects([piece.rect])
        case Photo():
            pixels, alpha = photo_tile(page.sheet, piece, notes)
            inks = writer.inks
            if isinstance(inks, CmykInks):
                pixels = inks.convert(pixels)
            opaque = bool((alpha == 255).all())
            page.image(writer.picture(pixels, None if opaque else alpha), piece.rect)
        case Vectors():
            page.save()
            piece.draw(page)
            page.restore()
        case Mirror():
            raise ValueError("a mirrored wrap comes before all vectors")
