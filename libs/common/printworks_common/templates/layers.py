"""The layers of a template's area, drawn in the order in which they stand.

Where a layer has no `box`, it covers the whole printed sheet: canvas, wrap and bleed.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from printworks_common.templates.base import Angle, AssetId, Box, Colour, Document, Name, Point, Url

SizePt = Annotated[float, Field(ge=2, le=2000)]
Share = Annotated[float, Field(ge=-1, le=1)]


class Filters(Document):
    """Looks of a photo, applied in this order. 0 changes nothing; -1 and 1 are the ends of the scale."""

    grayscale: bool = False
    sepia: bool = False
    brightness: Share = 0.0
    contrast: Share = 0.0
    saturation: Share = 0.0

    @property
    def neutral(self) -> bool:
        return self == Filters()


class Font(Document):
    """One of: `bundled` (a font that comes with the renderer), `asset` of the shop's library, `url`."""

    bundled: Name | None = None
    asset: AssetId | None = None
    url: Url | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "Font":
        if sum(source is not None for source in (self.bundled, self.asset, self.url)) != 1:
            raise ValueError("name exactly one of bundled, asset, url")
        return self


DEFAULT_FONT = Font(bundled="noto-sans")


class Outline(Document):
    """A line of `width_pt` around the glyphs, outside of their fill."""

    colour: Colour
    width_pt: Annotated[float, Field(gt=0, le=100)]


class BackgroundLayer(Document):
    """A colour over the whole sheet, or an image that covers it."""

    type: Literal["background"] = "background"
    colour: Colour | None = None
    asset: AssetId | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "BackgroundLayer":
        if (self.colour is None) == (self.asset is None):
            raise ValueError("name exactly one of colour, asset")
        return self


class PhotoLayer(Document):
    """A place for a customer's picture.

    `cover` fills the box and cuts what is over, around the focus point; `contain` shows the whole picture on
    `background` (transparent when None). Design values for crop, focus, rotation and filters win over the template's.
    """

    type: Literal["photo"] = "photo"
    slot: Name
    box: Box | None = None
    fit: Literal["cover", "contain"] = "cover"
    focus: Point = Point(x=0.5, y=0.5)
    rotation: Angle = 0.0
    filters: Filters = Filters()
    background: Colour | None = None
    sharpen: bool = True
    """Sharpen lightly when the picture is scaled up."""
    required: bool = True


class StickerLayer(Document):
    """An image of the shop's library, fitted into the box without distortion and turned around the box's centre."""

    type: Literal["sticker"] = "sticker"
    asset: AssetId
    box: Box
    rotation: Angle = 0.0
    opacity: Annotated[float, Field(gt=0, le=1)] = 1.0


class DesignStickersLayer(Document):
    """Where the stickers that the customer has placed are drawn. Without this layer a design may hold none."""

    type: Literal["design-stickers"] = "design-stickers"
    max_count: Annotated[int, Field(ge=1, le=50)] = 20


class TextLayer(Document):
    """A text: fixed (`text`) or the customer's (`slot`), set in a box.

    With `fit` the size shrinks from `size_pt` down to `min_size_pt` until the text fits; without it a text that does
    not fit fails preflight. Missing glyphs come from the renderer's fallback fonts.
    """

    type: Literal["text"] = "text"
    slot: Name | None = None
    text: Annotated[str, Field(max_length=2000)] | None = None
    box: Box
    font: Font = DEFAULT_FONT
    size_pt: SizePt = 24.0
    min_size_pt: SizePt = 6.0
    fit: bool = True
    colour: Colour = "#000000"
    align: Literal["start", "left", "center", "right", "end"] = "center"
    vertical: Literal["top", "middle", "bottom"] = "middle"
    line_height: Annotated[float, Field(ge=0.7, le=3)] = 1.2
    rotation: Angle = 0.0
    outline: Outline | None = None
    direction: Literal["auto", "ltr", "rtl"] = "auto"
    max_length: Annotated[int, Field(ge=1, le=2000)] = 500
    required: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> "TextLayer":
        if (self.slot is None) == (self.text is None):
            raise ValueError("name exactly one of slot, text")
        if self.min_size_pt > self.size_pt:
            raise ValueError("min_size_pt is larger than size_pt")
        return self


class OrderNumberLayer(Document):
    """The order's name, such as `#1001`, after an optional prefix."""

    type: Literal["order-number"] = "order-number"
    box: Box
    prefix: Annotated[str, Field(max_length=64)] = ""
    font: Font = DEFAULT_FONT
    size_pt: SizePt = 10.0
    colour: Colour = "#000000"
    align: Literal["left", "center", "right"] = "left"


class LogoLayer(Document):
    """The shop's logo, fitted into the box without distortion."""

    type: Literal["logo"] = "logo"
    asset: AssetId
    box: Box


class QrLayer(Document):
    """QR code of the job's link, or of a fixed text, with a quiet zone of four modules inside the box."""

    type: Literal["qr"] = "qr"
    box: Box
    text: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    colour: Colour = "#000000"


class LegendLayer(Document):
    """Where the recipe draws its colour legend. `columns` 0 lets the recipe choose."""

    type: Literal["legend"] = "legend"
    box: Box
    columns: Annotated[int, Field(ge=0, le=20)] = 0
    size_pt: SizePt = 7.0


class CanvasLayer(Document):
    """Where a recipe that makes its own picture (drill grid, numbered canvas) puts it, from the picture in `slot`."""

    type: Literal["canvas"] = "canvas"
    slot: Name
    box: Box | None = None
    focus: Point = Point(x=0.5, y=0.5)
    filters: Filters = Filters()


class MarksLayer(Document):
    """Crop marks and, if wanted, registration marks in a slug outside of the bleed."""

    type: Literal["marks"] = "marks"
    crop: bool = True
    registration: bool = False
    slug_mm: Annotated[float, Field(ge=5, le=30)] = 10.0


class GridCoordinatesLayer(Document):
    """Numbers of columns and rows along the edges of a recipe's grid."""

    type: Literal["grid-coordinates"] = "grid-coordinates"
    every: Annotated[int, Field(ge=1, le=100)] = 10
    size_pt: SizePt = 6.0


Layer = Annotated[
    BackgroundLayer
    | PhotoLayer
    | StickerLayer
    | DesignStickersLayer
    | TextLayer
    | OrderNumberLayer
    | LogoLayer
    | QrLayer
    | LegendLayer
    | CanvasLayer
    | MarksLayer
    | GridCoordinatesLayer,
    Field(discriminator="type"),
]
