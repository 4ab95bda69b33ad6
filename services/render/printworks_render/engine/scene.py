"""From template, design and inputs to the pieces of one area, with what preflight has to know about them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from printworks_common.failures import Reason
from printworks_common.templates import Area, Box, asset_input, font_input, photo_input
from printworks_common.templates.design import PhotoChoice
from printworks_common.templates.layers import (
    BackgroundLayer,
    DesignStickersLayer,
    Filters,
    Font,
    Layer,
    LogoLayer,
    MarksLayer,
    OrderNumberLayer,
    PhotoLayer,
    QrLayer,
    StickerLayer,
    TextLayer,
)

from printworks_render.engine.decode import inspect
from printworks_render.engine.fonts import Face, bundled_face, load_face
from printworks_render.engine.frame import marks_pieces, one_line, qr_drawer, text_piece, watermark
from printworks_render.engine.geometry import MM_PER_INCH, PT_PER_MM, Rect, Sheet, box_on, is_turned, sheet_of
from printworks_render.engine.job import RenderError, RenderJob
from printworks_render.engine.pieces import Fill, Mirror, Photo, Piece, Vectors
from printworks_render.engine.resample import Cut, cover_cut, turned_extent
from printworks_render.engine.text import TextBlock, set_text

_MAX_BOX_SHARE = 2.0


@dataclass(frozen=True)
class PlacedPicture:
    """A customer's or library picture as it is printed. `dpi`: its own pixels per printed inch, before any scaling."""

    name: str
    dpi: float
    pixels: tuple[int, int]
    customer: bool


@dataclass(frozen=True)
class PlacedText:
    """A text as it is printed. `bounds`: the ink's box in canvas millimetres, unturned; `frame`: it may leave the safe
    area, as order numbers do."""

    name: str
    block: TextBlock
    bounds: Rect
    frame: bool


@dataclass
class Scene:
    """All pieces of one area, bottom first."""

    area: Area
    sheet: Sheet
    pieces: list[Piece] = field(default_factory=list[Piece])
    pictures: list[PlacedPicture] = field(default_factory=list[PlacedPicture])
    texts: list[PlacedText] = field(default_factory=list[PlacedText])
    notes: list[str] = field(default_factory=list[str])

    @property
    def bleed_covered(self) -> bool:
        """Whether one colour or opaque picture reaches over the whole bleed."""
        wanted = self.sheet.bleed_box
        for piece in self.pieces:
            if isinstance(piece, Mirror):
                return True
            if isinstance(piece, Vectors) or (isinstance(piece, Photo) and not piece.fills_rect):
                continue
            if contains(piece.rect, wanted):
                return True
        return False


def contains(outer: Rect, inner: Rect) -> bool:
    """Whether one rectangle lies in another, to a hundredth of a millimetre."""
    slack = 0.01
    return (
        outer.x <= inner.x + slack
        and outer.y <= inner.y + slack
        and outer.right >= inner.right - slack
        and outer.bottom >= inner.bottom - slack
    )


LayerPainter = Callable[[Scene, Layer], bool]
"""Draws a layer that belongs to a recipe by adding to the scene; False when it does not know the layer."""


def area_sheet(job: RenderJob, area: Area) -> Sheet:
    """The sheet of an area for this job: turned when its first picture asks for it."""
    if area.orientation == "fixed":
        return sheet_of(area)
    for layer in area.layers:
        slot = getattr(layer, "slot", None)
        choice = job.design.photos.get(slot) if slot is not None and not isinstance(layer, TextLayer) else None
        if choice is None or slot is None:
            continue
        width, height = inspect(_input(job, photo_input(slot), Reason.UPLOAD_MISSING)).size
        if choice.crop is not None:
            width, height = round(width * choice.crop.width), round(height * choice.crop.height)
        if (choice.rotation or 0) % 180 == 90:
            width, height = height, width
        return sheet_of(area, turned=is_turned(area, (width, height)))
    return sheet_of(area)


def build_scene(job: RenderJob, area: Area, sharpen: float = 0.5, painter: LayerPainter | None = None) -> Scene:
    """The pieces of an area, from the headers of its pictures; nothing is decoded yet.

    painter: for a recipe's own layers; it is asked first. Raises `RenderError`.
    """
    scene = Scene(area, area_sheet(job, area))
    mirrored = False
    for layer in area.layers:
        if painter is not None and painter(scene, layer):
            continue
        # The wrap mirrors the pictures of the canvas, and not the texts above them.
        if area.wrap_mode == "mirror" and not mirrored and not isinstance(layer, BackgroundLayer | PhotoLayer):
            scene.pieces.append(Mirror())
            mirrored = True
        _add_layer(job, scene, layer, sharpen)
    if area.wrap_mode == "mirror" and not mirrored:
        scene.pieces.append(Mirror())
    if job.order.test:
        scene.pieces.append(watermark(scene.sheet))
        scene.notes.append("Test order: every file carries a watermark.")
    return scene


def _add_layer(job: RenderJob, scene: Scene, layer: Layer, sharpen: float) -> None:
    match layer:
        case BackgroundLayer():
            _add_background(job, scene, layer)
        case PhotoLayer():
            _add_photo(job, scene, layer, sharpen)
        case StickerLayer():
            box = box_on(rect(layer.box), scene.area, scene.sheet)
            _add_asset(job, scene, layer.asset, box, layer.rotation, layer.opacity)
        case LogoLayer():
            _add_asset(job, scene, layer.asset, box_on(rect(layer.box), scene.area, scene.sheet))
        case DesignStickersLayer():
            for sticker in job.design.stickers:
                if sticker.area == scene.area.id:
                    box = Rect(sticker.x, sticker.y, sticker.width, sticker.height)
                    _add_asset(job, scene, sticker.asset, box, sticker.rotation)
        case TextLayer():
            _add_text(job, scene, layer)
        case OrderNumberLayer():
            _add_order_number(job, scene, layer)
        case QrLayer():
            box = box_on(rect(layer.box), scene.area, scene.sheet)
            text = layer.text or job.order.link or f"{job.order.order_name} {job.order.line_item_id}"
            scene.pieces.append(Vectors(qr_drawer(text, box, layer.colour), box))
        case MarksLayer():
            scene.pieces += marks_pieces(scene.sheet, crop=layer.crop, registration=layer.registration)
        case _:
            raise RenderError(
                Reason.TEMPLATE_INVALID,
                f"The layer {layer.type!r} cannot be used with the recipe {job.template.recipe!r}.",
            )


def rect(box: Box) -> Rect:
    """A box of the template as a rectangle."""
    return Rect(box.x, box.y, box.width, box.height)


def _input(job: RenderJob, name: str, reason: Reason) -> Path:
    path = job.inputs.get(name)
    if path is None or not path.exists():
        raise RenderError(reason, f"The input {name} is not there.")
    return path


def _checked_box(scene: Scene, box: Rect) -> Rect:
    """Boxes far larger than the sheet would cost memory for pixels that nobody sees."""
    media = scene.sheet.media
    if box.width > _MAX_BOX_SHARE * media.width or box.height > _MAX_BOX_SHARE * media.height:
        raise RenderError(Reason.TEMPLATE_INVALID, "A box is more than twice as large as the sheet.")
    return box


def _add_background(job: RenderJob, scene: Scene, layer: BackgroundLayer) -> None:
    everywhere = scene.sheet.bleed_box
    if layer.colour is not None:
        scene.pieces.append(Fill(layer.colour, everywhere))
        return
    asset = layer.asset or ""
    path = _input(job, asset_input(asset), Reason.ASSET_MISSING)
    size = _asset_size(path)
    cut = cover_cut(size, Cut(), everywhere.width / everywhere.height, (0.5, 0.5))
    scene.pieces.append(Photo(path, cut, everywhere, (everywhere.width, everywhere.height)))
    scene.pictures.append(_placed(f"asset:{asset}", size, cut, everywhere.width, customer=False))


def _asset_size(path: Path) -> tuple[int, int]:
    """Upright size of a library picture. Damage in the merchant's asset is not the customer's upload."""
    try:
        return inspect(path).size
    except RenderError as error:
        raise RenderError(Reason.ASSET_MISSING, f"A library picture cannot be used. {error.detail}") from error


def _placed(name: str, size: tuple[int, int], cut: Cut, width_mm: float, *, customer: bool) -> PlacedPicture:
    return PlacedPicture(name, cut.width * size[0] / (width_mm / MM_PER_INCH), size, customer)


def _add_photo(job: RenderJob, scene: Scene, layer: PhotoLayer, sharpen: float) -> None:
    choice = job.design.photos.get(layer.slot)
    if choice is None:
        if layer.required:
            raise RenderError(Reason.DESIGN_MISSING, f"The design has no picture for {layer.slot}.")
        return
    area, sheet = scene.area, scene.sheet
    if layer.box is not None:
        box = _checked_box(scene, box_on(rect(layer.box), area, sheet))
    else:
        box = sheet.bleed_box if area.wrap_mode == "picture" else sheet.canvas
    path = _input(job, photo_input(layer.slot), Reason.UPLOAD_MISSING)
    size = inspect(path).size
    filters: Filters = choice.filters or layer.filters
    rotation = layer.rotation if choice.rotation is None else choice.rotation
    within, focus = _shown(choice, layer)
    if layer.fit == "cover":
        target, extent = box, turned_extent(box.width, box.height, rotation)
        cut = cover_cut(size, within, extent[0] / extent[1], focus)
    else:
        cut = within
        extent = contained(within.width * size[0] / (within.height * size[1]), box, rotation)
        turned = turned_extent(*extent, rotation)
        target = Rect(box.centre[0] - turned[0] / 2, box.centre[1] - turned[1] / 2, *turned)
        if layer.background is not None:
            scene.pieces.append(Fill(layer.background, box))
    strength = sharpen if layer.sharpen else 0.0
    scene.pieces.append(Photo(path, cut, target, extent, rotation, filters, strength))
    scene.pictures.append(_placed(f"photo:{layer.slot}", size, cut, extent[0], customer=True))


def _shown(choice: PhotoChoice, layer: PhotoLayer) -> tuple[Cut, tuple[float, float]]:
    """The part of the picture that may be shown, and what stays in the middle of it."""
    if choice.crop is not None:
        crop = choice.crop
        right, bottom = min(1.0, crop.x + crop.width), min(1.0, crop.y + crop.height)
        return Cut(crop.x, crop.y, right, bottom), ((crop.x + right) / 2, (crop.y + bottom) / 2)
    focus = choice.focus or layer.focus
    return Cut(), (focus.x, focus.y)


def contained(aspect: float, box: Rect, degrees: float) -> tuple[float, float]:
    """Largest width and height of a picture of this aspect (width / height) that lies in the box when turned."""
    wide, high = turned_extent(aspect, 1.0, degrees)
    height = min(box.width / wide, box.height / high)
    return aspect * height, height


def _add_asset(
    job: RenderJob, scene: Scene, asset: str, box: Rect, rotation: float = 0.0, opacity: float = 1.0
) -> None:
    path = _input(job, asset_input(asset), Reason.ASSET_MISSING)
    size = _asset_size(path)
    _checked_box(scene, box)
    width, height = contained(size[0] / size[1], box, 0.0)
    turned = turned_extent(width, height, rotation)
    target = Rect(box.centre[0] - turned[0] / 2, box.centre[1] - turned[1] / 2, *turned)
    scene.pieces.append(Photo(path, Cut(), target, (width, height), rotation, opacity=opacity))
    scene.pictures.append(_placed(f"asset:{asset}", size, Cut(), width, customer=False))


def face_of(job: RenderJob, font: Font) -> Face:
    """The font of a layer. Raises `RenderError(font_unavailable)`."""
    if font.bundled is not None:
        return bundled_face(font.bundled)
    name = font_input(font) or ""
    path = _input(job, name, Reason.FONT_UNAVAILABLE)
    return load_face(path.read_bytes(), re.sub(r"[^A-Za-z0-9-]", "-", name))


def _add_text(job: RenderJob, scene: Scene, layer: TextLayer) -> None:
    choice = job.design.texts.get(layer.slot) if layer.slot is not None else None
    text = layer.text if layer.text is not None else choice.text if choice is not None else ""
    if not text.strip():
        if layer.required:
            raise RenderError(Reason.DESIGN_MISSING, f"The design has no text for {layer.slot}.")
        return
    font = choice.font if choice is not None and choice.font is not None else layer.font
    colour = choice.colour if choice is not None and choice.colour is not None else layer.colour
    box = box_on(rect(layer.box), scene.area, scene.sheet)
    block = set_text(
        text,
        face_of(job, font),
        width=box.width,
        height=box.height,
        size_pt=layer.size_pt,
        min_size_pt=layer.min_size_pt if layer.fit else None,
        line_height=layer.line_height,
        align=layer.align,
        vertical=layer.vertical,
        direction=layer.direction,
    )
    outline = (layer.outline.colour, layer.outline.width_pt / PT_PER_MM) if layer.outline else None
    scene.pieces.append(text_piece(block, box, colour, rotation=layer.rotation, outline=outline))
    scene.texts.append(PlacedText(layer.slot or "text", block, ink_bounds(block, box), frame=False))


def ink_bounds(block: TextBlock, box: Rect) -> Rect:
    """Box of the set lines in canvas millimetres."""
    if not block.lines:
        return Rect(box.x, box.y, 0.0, 0.0)
    left = min(line.left for line in block.lines)
    right = max(line.left + line.width for line in block.lines)
    size = block.size_pt / PT_PER_MM
    top = block.lines[0].baseline - 0.75 * size
    bottom = block.lines[-1].baseline + 0.25 * size
    return Rect(box.x + left, box.y + top, right - left, bottom - top)


def _add_order_number(job: RenderJob, scene: Scene, layer: OrderNumberLayer) -> None:
    box = box_on(rect(layer.box), scene.area, scene.sheet)
    block = one_line(layer.prefix + job.order.order_name, face_of(job, layer.font), box, layer.size_pt, layer.align)
    scene.pieces.append(text_piece(block, box, layer.colour))
    scene.texts.append(PlacedText("order-number", block, ink_bounds(block, box), frame=True))
