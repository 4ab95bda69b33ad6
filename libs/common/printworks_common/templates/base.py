"""What all template and design documents share: strictness, units and small value types.

Lengths are millimetres, type sizes are points, angles are degrees clockwise. The origin of an area is the top left
corner of its canvas (the visible, finished format); x grows to the right, y downwards. Bleed and wrap have negative
coordinates or lie beyond width and height.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_DOCUMENT_BYTES = 256 * 1024
"""Longest template or design document that is read."""


class Document(BaseModel):
    """Base of all parts of template and design: an unknown or misspelt field is an error, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_max_length=4096)


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""Id of a template, area, slot or option."""

AssetId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
"""Id of a sticker, background, logo, font, profile or palette in the shop's library."""

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
"""sRGB colour, `#rrggbb`."""

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=4096)]

Fraction = Annotated[float, Field(ge=0, le=1)]
Angle = Annotated[float, Field(ge=-360, le=360)]
Position = Annotated[float, Field(ge=-500, le=6000)]
Extent = Annotated[float, Field(gt=0, le=6000)]


class Size(Document):
    """Width and height in millimetres."""

    width_mm: Annotated[float, Field(ge=5, le=5000)]
    height_mm: Annotated[float, Field(ge=5, le=5000)]


class Box(Document):
    """Rectangle in millimetres, from the top left corner of the canvas."""

    x: Position
    y: Position
    width: Extent
    height: Extent


class Point(Document):
    """Place in a picture, as fractions of its upright width and height."""

    x: Fraction
    y: Fraction


def holds_nul(document: Mapping[str, Any]) -> bool:
    """Whether a NUL character stands anywhere in a document. PostgreSQL keeps none in JSON: the order with such a
    design could never be written down."""
    waiting: list[Any] = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "\0" in one:
                return True
        elif isinstance(one, Mapping):
            for name, value in one.items():
                waiting += (name, value)
        elif isinstance(one, list | tuple):
            waiting += one
    return False
