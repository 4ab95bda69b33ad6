"""The template document: how a product is printed."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints, ValidationError, field_validator, model_validator

from printworks_common.templates.base import MAX_DOCUMENT_BYTES, AssetId, Document, Name, Size, holds_nul
from printworks_common.templates.errors import TemplateInvalidError, problems
from printworks_common.templates.layers import CanvasLayer, Layer, PhotoLayer, TextLayer

SCHEMA_VERSION = 1

MAX_SHEET_PIXELS = 400_000_000
"""Largest sheet (canvas, wrap, bleed) of one area at its resolution: 2 x 1.25 m at 300 DPI are 350 million pixels."""

Role = Literal["print", "thumbnail", "preview", "pattern", "legend", "chart", "reference", "data"]
Format = Literal["pdf", "tiff", "png", "jpeg", "webp", "svg", "xlsx", "csv", "json"]

RASTER_FORMATS: frozenset[str] = frozenset({"tiff", "png", "jpeg", "webp"})

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9{][A-Za-z0-9{} ._#-]{0,99}$")]
"""Name without extension. `{order}`, `{line}`, `{area}`, `{role}` and `{template}` stand for their values."""

NAME_FIELDS = frozenset({"order", "line", "area", "role", "template"})


class Output(Document):
    """One file to make, per area; what may be asked for depends on the recipe.

    A thumbnail and a preview are always made; name them here only to change their format, name or size.
    """

    role: Role
    format: Format
    name: FileName = "{order}-{line}-{area}-{role}"
    area: Name | None = None
    """Only for this area; None: for each."""
    colour: Literal["srgb", "cmyk"] = "srgb"
    profile: AssetId | None = None
    """CMYK ICC profile of the library: of the pixels with `cmyk`, and the output intent of a PDF."""
    quality: Annotated[int, Field(ge=50, le=100)] = 95
    """JPEG and WebP quality, also of pictures inside a PDF."""
    max_px: Annotated[int, Field(ge=64, le=8000)] | None = None
    """Longest side in pixels of a thumbnail or preview."""

    @field_validator("name")
    @classmethod
    def _known_fields(cls, name: str) -> str:
        rest = name
        for field in NAME_FIELDS:
            rest = rest.replace("{" + field + "}", "")
        if "{" in rest or "}" in rest:
            raise ValueError("only {order}, {line}, {area}, {role} and {template} can stand in a name")
        return name

    @model_validator(mode="after")
    def _cmyk_has_a_place(self) -> "Output":
        if self.colour == "cmyk" and self.format not in {"pdf", "tiff", "jpeg"}:
            raise ValueError(f"{self.format} files cannot be CMYK")
        return self


class Limits(Document):
    """Preflight limits of the product: below `fail` the job fails, below `warn` it carries a warning."""

    fail_dpi: Annotated[float, Field(ge=0, le=1200)] = 150.0
    warn_dpi: Annotated[float, Field(ge=0, le=1200)] = 225.0
    min_text_pt: Annotated[float, Field(ge=0, le=72)] = 5.0
    min_similarity: Annotated[float, Field(ge=0, le=1)] = 0.94
    """Least structural similarity of preview and print. A sharp photo, shrunk in two different ways, measured 0.967."""
    allow_blank: bool = False


class Area(Document):
    """One printed side or part of the product.

    canvas: finished, visible format. wrap_mm: what goes around a stretcher frame on each side, printed beyond the
    canvas. bleed_mm: beyond canvas and wrap, cut off. The trimmed sheet is canvas plus wrap. safe_mm: texts must stay
    this far inside the canvas. orientation `by_picture` turns the canvas when the first photo is the other way round; a
    box then keeps its size, and its centre keeps its place relative to the canvas.
    """

    id: Name = "front"
    canvas: Size
    orientation: Literal["fixed", "by_picture"] = "fixed"
    dpi: Annotated[int, Field(ge=36, le=1200)] = 300
    bleed_mm: Annotated[float, Field(ge=0, le=25)] = 3.0
    safe_mm: Annotated[float, Field(ge=0, le=100)] = 4.0
    wrap_mm: Annotated[float, Field(ge=0, le=150)] = 0.0
    wrap_mode: Literal["picture", "mirror", "colour"] = "picture"
    """What the wrap shows: the picture runs over it, the canvas' edge is mirrored, or the background colour."""
    layers: Annotated[list[Layer], Field(min_length=1, max_length=60)]

    @model_validator(mode="after")
    def _bounded(self) -> "Area":
        sheet = [side + 2 * (self.wrap_mm + self.bleed_mm) for side in (self.canvas.width_mm, self.canvas.height_mm)]
        pixels = sheet[0] * sheet[1] * (self.dpi / 25.4) ** 2
        if pixels > MAX_SHEET_PIXELS:
            raise ValueError(
                f"the sheet has {pixels / 1e6:.0f} million pixels at {self.dpi} DPI; at most "
                f"{MAX_SHEET_PIXELS // 1_000_000} million can be printed: lower the DPI"
            )
        return self


class Template(Document):
    """How a product is printed. `options` is the recipe's own document, see `printworks_common.templates.options`."""

    schema_version: Literal[1]
    id: Name
    name: Annotated[str, Field(min_length=1, max_length=200)]
    recipe: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    areas: Annotated[list[Area], Field(min_length=1, max_length=8)]
    options: dict[str, JsonValue] = Field(default_factory=dict)
    customer_options: Annotated[list[Name], Field(max_length=20)] = Field(default_factory=list)
    """Names of recipe options that a design may set; all others are the merchant's alone."""
    outputs: Annotated[list[Output], Field(min_length=1, max_length=20)]
    preflight: Limits = Limits()

    @model_validator(mode="after")
    def _consistent(self) -> "Template":
        doubled = [name for name, count in Counter(area.id for area in self.areas).items() if count > 1]
        if doubled:
            raise ValueError(f"area {doubled[0]} stands twice")
        known = {area.id for area in self.areas}
        for output in self.outputs:
            if output.area is not None and output.area not in known:
                raise ValueError(f"output {output.role} names the area {output.area}, which does not exist")
        return self

    def photo_slots(self) -> list[str]:
        """Slots for customers' pictures, in drawing order, each once."""
        layers = (layer for layer in self.layers() if isinstance(layer, PhotoLayer | CanvasLayer))
        return list(dict.fromkeys(layer.slot for layer in layers))

    def text_slots(self) -> list[str]:
        """Slots for customers' texts, in drawing order, each once."""
        layers = (layer for layer in self.layers() if isinstance(layer, TextLayer))
        return list(dict.fromkeys(layer.slot for layer in layers if layer.slot is not None))

    def required_photo_slots(self) -> frozenset[str]:
        return frozenset(
            layer.slot
            for layer in self.layers()
            if isinstance(layer, CanvasLayer) or (isinstance(layer, PhotoLayer) and layer.required)
        )

    def layers(self) -> Iterator[Layer]:
        for area in self.areas:
            yield from area.layers


def read_template(document: str | bytes | dict[str, Any]) -> Template:
    """Read and check a template document.

    Raises `TemplateInvalidError` that names the places which are wrong.
    """
    from printworks_common.templates.options import check_options

    if not isinstance(document, dict):
        if len(document) > MAX_DOCUMENT_BYTES:
            raise TemplateInvalidError(f"The template is longer than {MAX_DOCUMENT_BYTES // 1024} KB.")
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise TemplateInvalidError("The template is not valid JSON.") from error
    if isinstance(document, dict) and holds_nul(document):
        raise TemplateInvalidError("The template holds a NUL character.")
    try:
        template = Template.model_validate(document)
    except ValidationError as error:
        raise TemplateInvalidError(f"The template has errors: {problems(error)}.") from error
    check_options(template)
    return template
