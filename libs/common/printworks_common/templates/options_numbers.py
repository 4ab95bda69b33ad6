"""Options of the recipe `paint-by-numbers`."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from printworks_common.templates.base import AssetId, Colour, Document

DIFFICULTY: dict[str, tuple[float, float]] = {"easy": (1.75, 16.0), "medium": (1.25, 9.0), "hard": (1.0, 6.0)}
"""Smallest inscribed radius (mm) and area (mm²) of a facet by difficulty. No maker publishes figures: 1 mm is what a
fine brush fills without crossing the line."""


class NumbersOptions(Document):
    """How a picture becomes a numbered canvas. Lengths are millimetres on the finished canvas."""

    colours: Annotated[int, Field(ge=2, le=99)] = 24
    """Number of paints. A picture with fewer colours gets fewer."""
    difficulty: Literal["easy", "medium", "hard"] = "medium"
    min_radius_mm: Annotated[float, Field(ge=0.5, le=20)] | None = None
    """Smallest inscribed radius of a facet; None: by difficulty."""
    min_area_mm2: Annotated[float, Field(ge=0.5, le=2000)] | None = None
    """Smallest area of a facet; None: by difficulty."""
    palette_asset: AssetId | None = None
    """The merchant's paint set, a CSV file of the library; None: colours are mixed for each picture."""
    numbering: Literal["sequence", "paint-set"] = "sequence"
    """`sequence`: 1 to the number of paints. `paint-set`: a paint's place in the set, the same on every canvas."""
    min_font_pt: Annotated[float, Field(ge=3, le=20)] = 4.0
    max_font_pt: Annotated[float, Field(ge=3, le=40)] = 9.0
    line_pt: Annotated[float, Field(ge=0.1, le=2)] = 0.35
    line_colour: Colour = "#8a8a8a"
    number_colour: Colour = "#707070"
    paint_ml_per_m2: Annotated[float, Field(gt=0, le=2000)] = 200.0
    """Paint for all coats together."""
    spare_share: Annotated[float, Field(ge=0, le=3)] = 0.25
    pot_ml: Annotated[float, Field(gt=0, le=1000)] = 3.0

    @model_validator(mode="after")
    def _consistent(self) -> "NumbersOptions":
        if self.min_font_pt > self.max_font_pt:
            raise ValueError("min_font_pt is larger than max_font_pt")
        if self.numbering == "paint-set" and self.palette_asset is None:
            raise ValueError("numbering paint-set needs a palette_asset")
        return self

    @property
    def smallest(self) -> tuple[float, float]:
        """Smallest inscribed radius (mm) and area (mm²) of a facet."""
        radius, area = DIFFICULTY[self.difficulty]
        return self.min_radius_mm or radius, self.min_area_mm2 or area
