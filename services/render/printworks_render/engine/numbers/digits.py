"""Sizes of the numbers on the canvas, measured on the outlines of the font in which they are printed."""

from dataclasses import dataclass
from functools import cache
from math import hypot

from printworks_render.engine.fonts import Face, bundled_face
from printworks_render.engine.geometry import PT_PER_MM

FONT = "noto-sans"

CLEAR = 0.94
"""Share of the inscribed circle that a number may fill: the line and some air lie between."""


@dataclass(frozen=True)
class DigitShape:
    """A digit in em: glyph number, advance, and the box of its outline with y upwards."""

    gid: int
    advance: float
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True)
class NumberShape:
    """A number in em. The box of its outline is `width` x `height` and has its centre at (0, 0) when the first digit
    starts at (`x`, `y`), y upwards."""

    digits: tuple[DigitShape, ...]
    x: float
    y: float
    width: float
    height: float

    @property
    def half_diagonal(self) -> float:
        return hypot(self.width, self.height) / 2

    def font_pt(self, radius_mm: float) -> float:
        """Largest type size at which the box lies in a circle of this radius, less `CLEAR`."""
        return CLEAR * radius_mm / self.half_diagonal * PT_PER_MM

    def radius_mm(self, font_pt: float) -> float:
        """Radius of the circle that a number of this size needs."""
        return font_pt / PT_PER_MM * self.half_diagonal / CLEAR


def face() -> Face:
    return bundled_face(FONT)


@cache
def digit(character: str) -> DigitShape:
    font = face().font
    gid = font.get_nominal_glyph(ord(character)) or 0
    extents = font.get_glyph_extents(gid)
    if extents is None:
        raise ValueError(f"the bundled font has no outline for {character!r}")
    em = face().upem
    left, top = extents.x_bearing / em, extents.y_bearing / em
    return DigitShape(gid, face().advance(gid) / em, left, left + extents.width / em, top + extents.height / em, top)


@cache
def number_shape(value: int) -> NumberShape:
    digits = tuple(digit(character) for character in str(value))
    pen = sum(one.advance for one in digits[:-1])
    left, right = digits[0].left, pen + digits[-1].right
    bottom, top = min(one.bottom for one in digits), max(one.top for one in digits)
    return NumberShape(digits, -(left + right) / 2, -(bottom + top) / 2, right - left, top - bottom)
