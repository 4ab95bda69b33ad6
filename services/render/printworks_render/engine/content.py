"""Drawing operators of a PDF page, in canvas millimetres with y downwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import cos, radians, sin
from typing import Protocol

from printworks_render.engine.fonts import Face
from printworks_render.engine.geometry import PT_PER_MM, Rect
from printworks_render.engine.inks import Inks
from printworks_render.engine.text import Glyph, Line, TextBlock


@dataclass(frozen=True)
class ImageResource:
    """A picture that is stored in the document. `name` is its resource name."""

    name: str
    width: int
    height: int


@dataclass
class FontResource:
    """A font of the document. Each glyph that is drawn must go through `code`, which puts it into the subset."""

    name: str
    face: Face
    used: dict[int, str] = field(default_factory=dict[int, str])

    def code(self, gid: int, text: str = "") -> str:
        """The glyph's code as four hexadecimal digits; `text` is what a reader of the PDF gets when copying."""
        if text or gid not in self.used:
            self.used[gid] = text or self.used.get(gid, "")
        return f"{gid:04x}"


class Resources(Protocol):
    def font(self, face: Face) -> FontResource: ...

    def opacity(self, value: float) -> str: ...


def number(value: float) -> str:
    """A PDF number: four decimals of a millimetre, no exponent, no trailing zeros."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


class Content:
    """Operators in the order of drawing. Coordinates are canvas millimetres; y grows downwards."""

    def __init__(self, inks: Inks, resources: Resources) -> None:
        self._inks = inks
        self._resources = resources
        self._parts: list[bytes] = []

    def operators(self) -> bytes:
        return b"".join(self._parts)

    def raw(self, operators: str | bytes) -> None:
        """Operators of the caller's own, for large drawings; must leave the graphics state as it was."""
        data = operators.encode("ascii") if isinstance(operators, str) else operators
        self._parts.append(data if data.endswith(b"\n") else data + b"\n")

    def save(self) -> None:
        self.raw(b"q")

    def restore(self) -> None:
        self.raw(b"Q")

    def fill_colour(self, colour: str) -> None:
        self.raw(self._inks.fill(colour))

    def stroke_colour(self, colour: str, width: float) -> None:
        """Line colour and width in millimetres."""
        self.raw(self._inks.stroke(colour) + f"{number(width)} w".encode())

    def fill_opacity(self, value: float) -> None:
        self.raw(f"/{self._resources.opacity(value)} gs")

    def turn(self, degrees: float, centre: tuple[float, float]) -> None:
        """Turn what follows clockwise around a point; put between `save` and `restore`."""
        if degrees % 360 == 0:
            return
        c, s = cos(radians(degrees)), sin(radians(degrees))
        x, y = centre
        self.raw(f"{c:.8f} {s:.8f} {-s:.8f} {c:.8f} {x - c * x + s * y:.6f} {y - s * x - c * y:.6f} cm")

    def clip(self, rect: Rect) -> None:
        self.raw(f"{_rect(rect)} re W n")

    def fill_rects(self, rects: Iterable[Rect]) -> None:
        body = "\n".join(f"{_rect(rect)} re" for rect in rects)
        if body:
            self.raw(body + " f")

    def stroke_rect(self, rect: Rect) -> None:
        self.raw(f"{_rect(rect)} re S")

    def lines(self, lines: Iterable[tuple[float, float, float, float]]) -> None:
        """Stroke lines (x1, y1, x2, y2) with the current stroke colour."""
        body = "\n".join(f"{number(a)} {number(b)} m {number(c)} {number(d)} l" for a, b, c, d in lines)
        if body:
            self.raw(body + " S")

    def image(self, image: ImageResource, rect: Rect) -> None:
        """Place a picture so that it fills the rectangle."""
        # The unit square of a picture has y upwards, the page's millimetres have it downwards.
        self.raw(
            f"q {number(rect.width)} 0 0 {number(-rect.height)} {number(rect.x)} {number(rect.bottom)} cm "
            f"/{image.name} Do Q"
        )

    def text(
        self,
        block: TextBlock,
        x: float,
        y: float,
        colour: str,
        outline: tuple[str, float] | None = None,
    ) -> None:
        """Draw a text block whose box has its top left corner at (x, y).

        outline: colour and width in millimetres of a line around the glyphs, drawn below the fill. Colour glyphs keep
        their own colours and get no outline.
        """
        if outline is not None:
            self.save()
            self.stroke_colour(outline[0], 2 * outline[1])
            self.raw("1 j 1 J")
            for line in block.lines:
                self._glyphs(line.glyphs, x + line.left, y + line.baseline, block.size_pt, mode=1, plain_only=True)
            self.restore()
        self.fill_colour(colour)
        for line in block.lines:
            self.line(line, x, y, block.size_pt, colour)

    def line(self, line: Line, x: float, y: float, size_pt: float, colour: str) -> None:
        """Draw one line of a block whose box has its top left corner at (x, y); the fill colour must be `colour`."""
        self._glyphs(line.glyphs, x + line.left, y + line.baseline, size_pt, mode=0, plain_only=False)
        for glyph in line.glyphs:
            layers = glyph.face.colour_layers(glyph.gid)
            if layers:
                self._colour_glyph(glyph, x + line.left, y + line.baseline, size_pt, colour)

    def _glyphs(
        self, glyphs: Sequence[Glyph], x: float, y: float, size_pt: float, *, mode: int, plain_only: bool
    ) -> None:
        parts: list[str] = []
        current = ""
        size = number(size_pt / PT_PER_MM)
        for glyph in glyphs:
            coloured = bool(glyph.face.colour_layers(glyph.gid))
            if coloured and (plain_only or glyph.face.has_colours):
                continue
            font = self._resources.font(glyph.face)
            if font.name != current:
                current = font.name
                parts.append(f"/{font.name} {size} Tf {mode} Tr")
            parts.append(
                f"1 0 0 -1 {number(x + glyph.x)} {number(y + glyph.y)} Tm <{font.code(glyph.gid, glyph.text)}> Tj"
            )
        if parts:
            self.raw("BT\n" + "\n".join(parts) + "\nET")

    def _colour_glyph(self, glyph: Glyph, x: float, y: float, size_pt: float, colour: str) -> None:
        font = self._resources.font(glyph.face)
        text = glyph.text
        self.save()
        self.raw(f"BT /{font.name} {number(size_pt / PT_PER_MM)} Tf 0 Tr")
        for layer in glyph.face.colour_layers(glyph.gid):
            if layer.colour is None:
                self.fill_colour(colour)
            else:
                red, green, blue, alpha = layer.colour
                self.fill_colour(f"#{red:02x}{green:02x}{blue:02x}")
                self.fill_opacity(alpha / 255)
            place = f"1 0 0 -1 {number(x + glyph.x)} {number(y + glyph.y)} Tm"
            self.raw(f"{place} <{font.code(layer.glyph, text)}> Tj")
            text = ""
        self.raw("ET")
        self.restore()


def _rect(rect: Rect) -> str:
    return " ".join(number(value) for value in (rect.x, rect.y, rect.width, rect.height))
