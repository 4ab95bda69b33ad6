"""The symbols' drawings: a glyph set of our own, as lines and filled outlines in a unit square.

x grows to the right, y upwards, both from 0 to 1. Lines have one width per symbol and round ends and joins. The set
leaves out what is easily mistaken when it is small, printed on colour, or seen with the canvas turned: of each such
group (O 0 Q D, I l 1, B 8 R, S 5, Z 2 N, 6 9 G, M N H, P R F …) at most one is in.
"""

from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Path:
    """A line through `points`, closed or not, stroked; or a filled outline."""

    points: Points
    closed: bool = False
    filled: bool = False


@dataclass(frozen=True)
class Glyph:
    """A symbol's drawing in the unit square. `width` is that of its lines, in parts of the square's side."""

    paths: tuple[Path, ...]
    width: float


SINGLE_WIDTH = 0.10
PAIR_WIDTH = 0.085
# Where a letter stands in the square: left, bottom, width, height.
_SINGLE_BOX = (0.27, 0.18, 0.46, 0.64)
_PAIR_BOXES = ((0.13, 0.20, 0.29, 0.60), (0.58, 0.20, 0.29, 0.60))


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Points:
    """Points of an ellipse's arc from `start` to `end`, in quarters of a turn from the right, anticlockwise."""
    steps = max(2, round(abs(end - start) * 6))
    angles = [(start + (end - start) * step / steps) * pi / 2 for step in range(steps + 1)]
    return tuple((x + rx * cos(angle), y + ry * sin(angle)) for angle in angles)


def _line(*points: tuple[float, float]) -> Path:
    return Path(points)


def _area(points: Points) -> Path:
    return Path(points, closed=True, filled=True)


def _outline(points: Points) -> Path:
    return Path(points, closed=True)


# Letters and digits on a grid 4 wide and 6 high.
_LETTERS: dict[str, tuple[Path, ...]] = {
    "A": (_line((0, 0), (2, 6), (4, 0)), _line((0.8, 2), (3.2, 2))),
    "C": (Path(_arc(2.2, 3, 2.2, 3, 0.6, 3.4)),),
    "E": (_line((4, 6), (0, 6), (0, 0), (4, 0)), _line((0, 3.1), (3.2, 3.1))),
    "H": (_line((0, 0), (0, 6)), _line((4, 0), (4, 6)), _line((0, 3), (4, 3))),
    "J": (Path(((3.4, 6), (3.4, 1.7), *_arc(1.7, 1.7, 1.7, 1.7, 0, -2))),),
    "K": (_line((0, 0), (0, 6)), _line((4, 6), (0, 2.4)), _line((1.3, 3.5), (4, 0))),
    "L": (_line((0, 6), (0, 0), (4, 0)),),
    "P": (Path(((0, 0), (0, 6), (2.3, 6), *_arc(2.3, 4.3, 1.7, 1.7, 1, -1), (0, 2.6))),),
    "T": (_line((0, 6), (4, 6)), _line((2, 6), (2, 0))),
    "U": (Path(((0, 6), (0, 2), *_arc(2, 2, 2, 2, 2, 4), (4, 6))),),
    "X": (_line((0, 0), (4, 6)), _line((0, 6), (4, 0))),
    "Y": (_line((0, 6), (2, 3), (4, 6)), _line((2, 3), (2, 0))),
    "2": (Path((*_arc(2, 4.1, 1.9, 1.9, 1.9, -0.45), (0, 0), (4, 0))),),
    "3": (Path(((0.2, 6), (3.7, 6), (1.6, 3.6), *_arc(1.9, 1.8, 2, 1.8, 1, -1.75))),),
    "4": (_line((3, 0), (3, 6), (0, 1.8), (4, 1.8)),),
    "6": (Path((*_arc(3.2, 2, 3.2, 4, 1.05, 2), *_arc(2, 1.9, 2, 1.9, 2, -2))),),
    "7": (_line((0, 6), (4, 6), (1.2, 0)), _line((1.1, 3.1), (3.9, 3.1))),
    "S": (Path((*_arc(2, 4.5, 1.9, 1.5, 0.3, 3), *_arc(2, 1.5, 1.9, 1.5, 1, -1.7))),),
    "Ξ": (_line((0, 6), (4, 6)), _line((0.5, 3), (3.5, 3)), _line((0, 0), (4, 0))),
    "W": (_line((0, 6), (0.9, 0), (2, 3.8), (3.1, 0), (4, 6)),),
    "V": (_line((0, 6), (2, 0), (4, 6)),),
}


def _circle(x: float, y: float, radius: float) -> Points:
    return _arc(x, y, radius, radius, 0, 4)[:-1]


def _star(points: int, inner: float) -> Points:
    """A star with a tip at the top, around the middle of the square."""
    radii = [0.42, 0.42 * inner] * points
    return tuple(
        (0.5 + radius * sin(step * pi / points), 0.48 + radius * cos(step * pi / points))
        for step, radius in enumerate(radii)
    )


def _box(left: float, bottom: float, right: float, top: float) -> Points:
    return ((left, bottom), (right, bottom), (right, top), (left, top))


_TRIANGLE: Points = ((0.13, 0.20), (0.87, 0.20), (0.5, 0.84))
_HEART: Points = (
    (0.5, 0.14),
    *_arc(0.70, 0.62, 0.20, 0.20, -0.4, 2)[:-1],
    (0.5, 0.64),
    *_arc(0.30, 0.62, 0.20, 0.20, 0, 2.4)[1:],
)
_CROSS: Points = (
    (0.38, 0.12), (0.62, 0.12), (0.62, 0.38), (0.88, 0.38), (0.88, 0.62), (0.62, 0.62),
    (0.62, 0.88), (0.38, 0.88), (0.38, 0.62), (0.12, 0.62), (0.12, 0.38), (0.38, 0.38),
)  # fmt: skip

# The character is what stands for the drawing in spreadsheets.
_PICTOGRAMS: dict[str, tuple[Path, ...]] = {
    "○": (_outline(_circle(0.5, 0.5, 0.32)),),
    "◎": (_outline(_circle(0.5, 0.5, 0.36)), _area(_circle(0.5, 0.5, 0.15))),
    "■": (_area(_box(0.17, 0.17, 0.83, 0.83)),),
    "▲": (_area(_TRIANGLE),),
    "△": (_outline(((0.17, 0.22), (0.83, 0.22), (0.5, 0.80))),),
    "◇": (_outline(((0.5, 0.12), (0.82, 0.5), (0.5, 0.88), (0.18, 0.5))),),
    "★": (_area(_star(5, 0.42)),),
    "♥": (_area(_HEART),),
    "✚": (_area(_CROSS),),
    "◐": (_outline(_circle(0.5, 0.5, 0.34)), _area(_arc(0.5, 0.5, 0.34, 0.34, 1, 3))),
    "⧗": (_area(((0.2, 0.86), (0.8, 0.86), (0.5, 0.5))), _area(((0.2, 0.14), (0.8, 0.14), (0.5, 0.5)))),
    "☾": (_area((*_arc(0.45, 0.5, 0.38, 0.4, 0.75, 3.25), *_arc(0.66, 0.5, 0.34, 0.34, 3.0, 1.0))),),
    "➜": (_line((0.12, 0.5), (0.6, 0.5)), _area(((0.5, 0.2), (0.9, 0.5), (0.5, 0.8)))),
    "≡": (_line((0.17, 0.76), (0.83, 0.76)), _line((0.17, 0.5), (0.83, 0.5)), _line((0.17, 0.24), (0.83, 0.24))),
    "⌂": (
        _outline(((0.24, 0.16), (0.76, 0.16), (0.76, 0.54), (0.5, 0.84), (0.24, 0.54))),
        _line((0.24, 0.54), (0.76, 0.54)),
    ),
    "✱": (
        _line((0.5, 0.12), (0.5, 0.88)),
        _line((0.17, 0.31), (0.83, 0.69)),
        _line((0.17, 0.69), (0.83, 0.31)),
    ),
    "∷": tuple(_area(_circle(x, y, 0.13)) for x in (0.28, 0.72) for y in (0.28, 0.72)),
    "∴": tuple(_area(_circle(x, y, 0.13)) for x, y in ((0.5, 0.76), (0.25, 0.28), (0.75, 0.28))),
    "Ω": (Path(((0.16, 0.16), (0.36, 0.16), *_arc(0.5, 0.55, 0.30, 0.31, 2.75, -0.75), (0.64, 0.16), (0.84, 0.16))),),
    "Ψ": (Path(((0.2, 0.84), *_arc(0.5, 0.56, 0.30, 0.22, 2, 4), (0.8, 0.84))), _line((0.5, 0.86), (0.5, 0.14))),
    "Φ": (_outline(_arc(0.5, 0.5, 0.32, 0.21, 0, 4)[:-1]), _line((0.5, 0.12), (0.5, 0.88))),
    "Σ": (_line((0.78, 0.82), (0.24, 0.82), (0.54, 0.5), (0.24, 0.18), (0.78, 0.18)),),
    "✓": (_line((0.14, 0.46), (0.4, 0.2), (0.86, 0.8)),),
    "♪": (_area(_arc(0.36, 0.24, 0.19, 0.14, 0, 4)[:-1]), _line((0.52, 0.24), (0.52, 0.86), (0.78, 0.62))),
    "∞": (_outline(_circle(0.3, 0.5, 0.17)), _outline(_circle(0.7, 0.5, 0.17))),
    "ϟ": (_area(((0.62, 0.92), (0.2, 0.42), (0.46, 0.42), (0.36, 0.08), (0.8, 0.58), (0.54, 0.58))),),
}

# Turned by half, these letters look like each other or themselves.
_TURNED = {"A": "V", "V": "A", "H": "H", "X": "X", "S": "S", "Ξ": "Ξ"}


def _pairs() -> tuple[str, ...]:
    """Two letters each; consecutive ones share none, since neighbours in a palette tend to be alike in colour. Of two
    pairs that are each other turned by half (AX, XV) one is in."""
    letters = tuple(_LETTERS)
    found: dict[str, None] = {}
    for shift in range(len(letters)):
        for place, first in enumerate(letters):
            second = letters[(place + shift) % len(letters)]
            if f"{_TURNED.get(second)}{_TURNED.get(first)}" not in found:
                found[first + second] = None
    return tuple(found)


# The four pieces of the square outside of the circle.
_ROUND_CORNERS = tuple(
    _area(((0.5 + 0.5 * dx, 0.5 + 0.5 * dy), *_arc(0.5, 0.5, 0.49, 0.49, start, start + 1)))
    for dx, dy, start in ((1, 1, 0), (-1, 1, 1), (-1, -1, 2), (1, -1, 3))
)

SINGLES: tuple[str, ...] = (*_PICTOGRAMS, *(letter for letter in _LETTERS if letter not in {"V", "Ξ"}))
"""Symbols of one sign. V is missing, which is an A when it is turned, and Ξ, which is too like ≡."""

INVENTORY: tuple[str, ...] = (*SINGLES, *_pairs())
"""All symbols, the most legible first."""

BLANK = " "
CORNERS = "corners"
"""What a round drill leaves free of its square; not a symbol."""


@cache
def glyph(symbol: str) -> Glyph:
    """The drawing of a symbol: a pictogram, a letter or digit, or two letters or digits side by side; or of `CORNERS`.

    Raises KeyError for a symbol that is not in the set.
    """
    if symbol == CORNERS:
        return Glyph(_ROUND_CORNERS, SINGLE_WIDTH)
    if symbol in _PICTOGRAMS:
        return Glyph(_PICTOGRAMS[symbol], SINGLE_WIDTH)
    if len(symbol) == 1:
        return Glyph(_placed(symbol, _SINGLE_BOX), SINGLE_WIDTH)
    first, second = symbol
    return Glyph(_placed(first, _PAIR_BOXES[0]) + _placed(second, _PAIR_BOXES[1]), PAIR_WIDTH)


def _placed(letter: str, box: tuple[float, float, float, float]) -> tuple[Path, ...]:
    left, bottom, width, height = box
    return tuple(
        Path(tuple((left + x / 4 * width, bottom + y / 6 * height) for x, y in path.points), path.closed, path.filled)
        for path in _LETTERS[letter]
    )
