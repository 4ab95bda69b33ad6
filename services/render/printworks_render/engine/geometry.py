"""From millimetres of a template's area to pixels and points.

Canvas coordinates: millimetres from the top left corner of the canvas, y downwards. Around the canvas lie, from the
inside: wrap, (trim line), bleed, slug with marks (end of the medium). Pixels cover the whole medium.
"""

from dataclasses import dataclass

from printworks_common.templates.layers import MarksLayer
from printworks_common.templates.template import Area

MM_PER_INCH = 25.4
PT_PER_MM = 72.0 / MM_PER_INCH


@dataclass(frozen=True)
class Rect:
    """Rectangle in canvas coordinates, millimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def grown(self, margin: float) -> "Rect":
        """Larger by the margin on each side; smaller for a negative margin."""
        return Rect(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)


@dataclass(frozen=True)
class Sheet:
    """One printed area. Lengths in millimetres, as the area is printed (turned when the picture asks for it)."""

    canvas_width: float
    canvas_height: float
    wrap: float = 0.0
    bleed: float = 0.0
    slug: float = 0.0
    dpi: float = 300.0

    @property
    def canvas(self) -> Rect:
        return Rect(0.0, 0.0, self.canvas_width, self.canvas_height)

    @property
    def trim(self) -> Rect:
        """What is left after cutting: canvas and wrap."""
        return self.canvas.grown(self.wrap)

    @property
    def bleed_box(self) -> Rect:
        return self.trim.grown(self.bleed)

    @property
    def media(self) -> Rect:
        return self.bleed_box.grown(self.slug)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the medium in pixels."""
        return self.px(self.media.width), self.px(self.media.height)

    def px(self, millimetres: float) -> int:
        return max(1, round(millimetres * self.dpi / MM_PER_INCH))

    def to_pixels(self, rect: Rect) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels of the medium, unrounded."""
        width, height = self.pixels
        kx, ky = width / self.media.width, height / self.media.height
        left, top = (rect.x - self.media.x) * kx, (rect.y - self.media.y) * ky
        return left, top, left + rect.width * kx, top + rect.height * ky

    def at_dpi(self, dpi: float) -> "Sheet":
        return Sheet(self.canvas_width, self.canvas_height, self.wrap, self.bleed, self.slug, dpi)

    def at_longest(self, max_px: int) -> "Sheet":
        """The sheet at the resolution that gives its longest side at most `max_px` pixels; never more than it has."""
        longest = max(self.media.width, self.media.height)
        return self.at_dpi(min(self.dpi, max_px * MM_PER_INCH / longest))


def sheet_of(area: Area, *, turned: bool = False) -> Sheet:
    """The sheet of an area; `turned` exchanges width and height of the canvas."""
    width, height = area.canvas.width_mm, area.canvas.height_mm
    if turned:
        width, height = height, width
    slug = max((layer.slug_mm for layer in area.layers if isinstance(layer, MarksLayer)), default=0.0)
    return Sheet(width, height, area.wrap_mm, area.bleed_mm, slug, float(area.dpi))


def is_turned(area: Area, picture_size: tuple[int, int]) -> bool:
    """Whether an area with orientation `by_picture` is printed turned for a picture of this upright, cropped size."""
    if area.orientation == "fixed":
        return False
    canvas_landscape = area.canvas.width_mm > area.canvas.height_mm
    canvas_square = area.canvas.width_mm == area.canvas.height_mm
    width, height = picture_size
    return not canvas_square and width != height and (width > height) != canvas_landscape


def box_on(box: Rect, area: Area, sheet: Sheet) -> Rect:
    """A box of the template on the sheet as printed: on a turned canvas its centre keeps its relative place, and it is
    shrunk or moved only as far as needed to stay on the sheet."""
    width, height = area.canvas.width_mm, area.canvas.height_mm
    if (sheet.canvas_width, sheet.canvas_height) == (width, height):
        return box
    cx = box.centre[0] / width * sheet.canvas_width
    cy = box.centre[1] / height * sheet.canvas_height
    limit = sheet.bleed_box if _reaches_out(box, width, height) else sheet.canvas
    shrink = min(1.0, limit.width / box.width, limit.height / box.height)
    w, h = box.width * shrink, box.height * shrink
    x = min(max(cx - w / 2, limit.x), limit.right - w)
    y = min(max(cy - h / 2, limit.y), limit.bottom - h)
    return Rect(x, y, w, h)


def _reaches_out(box: Rect, width: float, height: float) -> bool:
    return box.x < 0 or box.y < 0 or box.right > width or box.bottom > height
