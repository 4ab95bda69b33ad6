"""Frame elements as vectors: set text, QR code, crop and registration marks, watermark of test orders."""

from collections.abc import Callable
from math import hypot

import segno

from printworks_render.engine.content import Content
from printworks_render.engine.fonts import Face, bundled_face
from printworks_render.engine.geometry import PT_PER_MM, Rect, Sheet
from printworks_render.engine.pieces import Vectors
from printworks_render.engine.text import TextBlock, set_text

HAIRLINE_MM = 0.25 / PT_PER_MM
_QUIET_MODULES = 4
_WATERMARK = "TEST"


def text_piece(
    block: TextBlock,
    box: Rect,
    colour: str,
    *,
    rotation: float = 0.0,
    outline: tuple[str, float] | None = None,
) -> Vectors:
    """A set text in its box, turned clockwise around the box's centre. outline: colour and width in millimetres."""

    def draw(content: Content) -> None:
        content.save()
        content.turn(rotation, box.centre)
        content.text(block, box.x, box.y, colour, outline)
        content.restore()

    # Glyphs may reach a little beyond their advance and ascender.
    reach = (
        max(box.width, block.width) / 2 + block.size_pt / PT_PER_MM,
        max(box.height, block.height) / 2 + (block.size_pt / PT_PER_MM),
    )
    if rotation % 360:
        radius = hypot(*reach)
        reach = radius, radius
    cx, cy = box.centre
    return Vectors(draw, Rect(cx - reach[0], cy - reach[1], 2 * reach[0], 2 * reach[1]))


def one_line(text: str, face: Face, box: Rect, size_pt: float, align: str = "left") -> TextBlock:
    """A line of frame text, shrunk down to 4 pt where the box is too small."""
    return set_text(
        text,
        face,
        width=box.width,
        height=box.height,
        size_pt=size_pt,
        min_size_pt=min(size_pt, 4.0),
        align=align,
    )


def qr_drawer(text: str, box: Rect, colour: str = "#000000") -> Callable[[Content], None]:
    """Draws the QR code of a text (error correction M) on white, as large as the box allows, quiet zone included.

    Raises `segno.DataOverflowError` when the text is too long for any code.
    """
    code = segno.make(text, error="m", micro=False)
    rows = [list(row) for row in code.matrix]
    modules = len(rows) + 2 * _QUIET_MODULES
    side = min(box.width, box.height)
    unit = side / modules
    left, top = box.centre[0] - side / 2, box.centre[1] - side / 2
    dark: list[Rect] = []
    for y, row in enumerate(rows):
        start = None
        for x, value in enumerate([*row, 0]):
            if value and start is None:
                start = x
            elif not value and start is not None:
                dark.append(
                    Rect(
                        left + (start + _QUIET_MODULES) * unit,
                        top + (y + _QUIET_MODULES) * unit,
                        (x - start) * unit,
                        unit,
                    )
                )
                start = None

    def draw(content: Content) -> None:
        content.fill_colour("#ffffff")
        content.fill_rects([Rect(left, top, side, side)])
        content.fill_colour(colour)
        content.fill_rects(dark)

    return draw


def marks_pieces(sheet: Sheet, *, crop: bool, registration: bool) -> list[Vectors]:
    """Crop marks at the trim lines and registration marks at the middles of the sides, all inside the slug: one piece
    per side, so that a raster file is touched only there."""
    trim, bleed, media, slug = sheet.trim, sheet.bleed_box, sheet.media, sheet.slug
    cx, cy = trim.centre
    sides: list[tuple[Rect, list[tuple[float, float, float, float]], tuple[float, float]]] = [
        (
            Rect(media.x, media.y, media.width, slug),
            [(x, media.y + 1, x, bleed.y - 1) for x in (trim.x, trim.right)],
            (cx, media.y + slug / 2),
        ),
        (
            Rect(media.x, bleed.bottom, media.width, slug),
            [(x, bleed.bottom + 1, x, media.bottom - 1) for x in (trim.x, trim.right)],
            (cx, media.bottom - slug / 2),
        ),
        (
            Rect(media.x, media.y, slug, media.height),
            [(media.x + 1, y, bleed.x - 1, y) for y in (trim.y, trim.bottom)],
            (media.x + slug / 2, cy),
        ),
        (
            Rect(bleed.right, media.y, slug, media.height),
            [(bleed.right + 1, y, media.right - 1, y) for y in (trim.y, trim.bottom)],
            (media.right - slug / 2, cy),
        ),
    ]
    pieces: list[Vectors] = []
    for strip, crop_lines, (x, y) in sides:
        lines = crop_lines if crop else []
        if registration:
            radius = slug / 4
            lines = [*lines, (x - radius, y, x + radius, y), (x, y - radius, x, y + radius)]
        pieces.append(Vectors(_line_drawer(lines), strip))
    return pieces


def _line_drawer(lines: list[tuple[float, float, float, float]]) -> Callable[[Content], None]:
    def draw(content: Content) -> None:
        content.stroke_colour("#000000", HAIRLINE_MM)
        content.lines(lines)

    return draw


def watermark(sheet: Sheet) -> Vectors:
    """`TEST` across the sheet, for files of test orders: readable on any picture, and never mistaken for a print."""
    box = sheet.trim
    block = set_text(
        _WATERMARK,
        bundled_face("noto-sans-bold"),
        width=box.width * 0.9,
        height=box.height * 0.9,
        size_pt=min(box.width, box.height) * 0.45 * PT_PER_MM,
        min_size_pt=4,
    )

    def draw(content: Content) -> None:
        content.save()
        content.turn(-30, box.centre)
        left = box.centre[0] - box.width * 0.45
        top = box.centre[1] - box.height * 0.45
        content.fill_opacity(0.55)
        content.text(block, left, top, "#d01030", ("#ffffff", block.size_pt / PT_PER_MM * 0.02))
        content.restore()

    return Vectors(draw, sheet.media)
