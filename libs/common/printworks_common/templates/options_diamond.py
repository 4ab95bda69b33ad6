"""Options of the recipe `diamond-painting`."""

from typing import Annotated, Literal

from pydantic import Field

from printworks_common.templates.base import AssetId, Document

PITCH_MM: dict[str, float] = {"square": 2.5, "round": 2.8}
"""Usual distance of drills from middle to middle, by their shape."""


class DiamondOptions(Document):
    """How a picture becomes a canvas to be covered with drills. Lengths are millimetres."""

    drill: Literal["square", "round"] = "square"
    pitch_mm: Annotated[float, Field(ge=2.0, le=10)] | None = None
    """Distance of drills from middle to middle; None: 2.5 for square, 2.8 for round ones."""
    colours: Annotated[int, Field(ge=2, le=120)] = 40
    """Number of drill colours. A picture with fewer colours gets fewer."""
    dithering: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of what a cell is off by that is passed on to its neighbours: 0 gives flat areas, 0.85 the colours that are
    truest from afar."""
    confetti: Literal["none", "moderate", "strong"] = "moderate"
    """How far single drills are joined to their surroundings; `moderate` keeps those that are detail."""
    palette_asset: AssetId | None = None
    """The merchant's drill colours, a CSV file of the library (code, name, hex; symbol, cmyk, stock); None: DMC."""
    spare_share: Annotated[float, Field(ge=0, le=3)] = 0.1
    bag_size: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Drills in a bag."""
    grid_lines: bool = True
    """Thin grey lines between square drills."""
    paper: Literal["a4", "a3", "letter"] = "a4"
    """Paper of the pattern to work from."""
    pattern_cell_mm: Annotated[float, Field(ge=2.0, le=8)] = 3.0
    """Smallest size of a cell in the pattern to work from."""
    overlap_cells: Annotated[int, Field(ge=0, le=10)] = 2
    """Cells that a page of the pattern repeats from the next."""

    @property
    def pitch(self) -> float:
        """Distance of drills from middle to middle."""
        return self.pitch_mm or PITCH_MM[self.drill]
