"""The design document: what the customer made of a template."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError, model_validator

from printworks_common.templates.base import (
    MAX_DOCUMENT_BYTES,
    Angle,
    AssetId,
    Colour,
    Document,
    Extent,
    Fraction,
    Name,
    Point,
    Position,
    Url,
    holds_nul,
)
from printworks_common.templates.errors import DesignInvalidError, DesignMissingError, problems
from printworks_common.templates.layers import DesignStickersLayer, Filters, Font, TextLayer
from printworks_common.templates.template import Template


class Crop(Document):
    """The part of the upright picture that is shown, as fractions of its width and height."""

    x: Fraction
    y: Fraction
    width: Annotated[float, Field(gt=0, le=1)]
    height: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _inside(self) -> "Crop":
        slack = 1e-6
        if self.x + self.width > 1 + slack or self.y + self.height > 1 + slack:
            raise ValueError("the crop reaches beyond the picture")
        return self


class PhotoChoice(Document):
    """A customer's picture in a slot. None leaves the template's value.

    With `crop` that part of the picture is shown, covering the slot around its own centre.
    """

    source: Url
    crop: Crop | None = None
    focus: Point | None = None
    rotation: Angle | None = None
    filters: Filters | None = None


class TextChoice(Document):
    """A customer's text in a slot. None leaves the template's value."""

    text: Annotated[str, Field(max_length=2000)]
    font: Font | None = None
    colour: Colour | None = None


class PlacedSticker(Document):
    """A sticker that the customer has put on an area: box in millimetres, turned around its centre."""

    area: Name
    asset: AssetId
    x: Position
    y: Position
    width: Extent
    height: Extent
    rotation: Angle = 0.0


class Design(Document):
    """What the customer made: pictures and texts for the template's slots, stickers, options."""

    schema_version: Literal[1] = 1
    template: Name | None = None
    """The shop's template that this was made of; needed when the product is not mapped to one."""
    photos: Annotated[dict[Name, PhotoChoice], Field(max_length=40)] = Field(default_factory=dict)
    texts: Annotated[dict[Name, TextChoice], Field(max_length=40)] = Field(default_factory=dict)
    stickers: Annotated[list[PlacedSticker], Field(max_length=50)] = Field(default_factory=list)
    options: Annotated[dict[Name, JsonValue], Field(max_length=20)] = Field(default_factory=dict)


def read_design(document: str | bytes | dict[str, Any]) -> Design:
    """Read a design document, such as the value of the property `_pw_design`.

    Raises `DesignInvalidError` that names the places which are wrong, never the values.
    """
    if not isinstance(document, dict):
        if len(document) > MAX_DOCUMENT_BYTES:
            raise DesignInvalidError(f"The design is longer than {MAX_DOCUMENT_BYTES // 1024} KB.")
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise DesignInvalidError("The design is not valid JSON.") from error
    if isinstance(document, dict) and holds_nul(document):
        raise DesignInvalidError("The design holds a NUL character.")
    try:
        return Design.model_validate(document)
    except ValidationError as error:
        raise DesignInvalidError(f"The design has errors: {problems(error)}.") from error


def check_design(template: Template, design: Design) -> None:
    """Whether the design fits the template.

    Raises `DesignMissingError` when a required picture or text is not there, `DesignInvalidError` when the design holds
    what the template has no place for.
    """
    for slot in template.photo_slots():
        if slot in template.required_photo_slots() and slot not in design.photos:
            raise DesignMissingError(f"The design has no picture for {slot}.")
    _check_texts(template, design)
    _check_stickers(template, design)
    stray = sorted(set(design.photos) - set(template.photo_slots()))
    if stray:
        raise DesignInvalidError(f"The design has a picture for {stray[0]}, which the template does not have.")
    refused = sorted(set(design.options) - set(template.customer_options))
    if refused:
        raise DesignInvalidError(f"The design sets the option {refused[0]}, which the template does not allow.")


def _check_texts(template: Template, design: Design) -> None:
    for layer in template.layers():
        if not isinstance(layer, TextLayer) or layer.slot is None:
            continue
        choice = design.texts.get(layer.slot)
        if layer.required and (choice is None or not choice.text.strip()):
            raise DesignMissingError(f"The design has no text for {layer.slot}.")
        if choice is not None and len(choice.text) > layer.max_length:
            raise DesignInvalidError(
                f"The text for {layer.slot} has {len(choice.text)} characters; at most {layer.max_length} are allowed."
            )
    stray = sorted(set(design.texts) - set(template.text_slots()))
    if stray:
        raise DesignInvalidError(f"The design has a text for {stray[0]}, which the template does not have.")


def _check_stickers(template: Template, design: Design) -> None:
    for area in template.areas:
        count = sum(sticker.area == area.id for sticker in design.stickers)
        allowed = sum(layer.max_count for layer in area.layers if isinstance(layer, DesignStickersLayer))
        if count > allowed:
            raise DesignInvalidError(f"The design has {count} stickers on {area.id}; {allowed} are allowed.")
    known = {area.id for area in template.areas}
    stray = sorted({sticker.area for sticker in design.stickers} - known)
    if stray:
        raise DesignInvalidError(f"The design has a sticker on {stray[0]}, which the template does not have.")
