"""Short texts of documents that we write ourselves: numbers, codes, names of colours.

A label is one line. Plain Latin text is set glyph by glyph, which is a hundred times as fast as shaping; everything
else is shaped with the renderer's fallback fonts.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from printworks_render.engine.content import Content, FontResource, number
from printworks_render.engine.fonts import Face, bundled_face
from printworks_render.engine.geometry import PT_PER_MM
from printworks_render.engine.text import FontStack, Glyph, Line, line_glyphs

Align = Literal["left", "center", "right"]

_REGULAR, _BOLD = "noto-sans", "noto-sans-bold"
_SMALLEST_SHARE = 0.75
_ELLIPSIS = "…"


@dataclass(frozen=True)
class _Set:
    """A label at a type size of one millimetre. `plain`: glyphs of one font, one directly after the other."""

    glyphs: tuple[Glyph, ...]
    plain: bool

    @cached_property
    def width(self) -> float:
        return sum(glyph.advance for glyph in self.glyphs)


@lru_cache(maxsize=4096)
def _set(text: str, font: str) -> _Set:
    face = bundled_face(font)
    if text.isascii() and all(face.has(ord(char)) for char in text):
        return _Set(_plain(text, face), plain=True)
    return _Set(line_glyphs(text, FontStack(face), PT_PER_MM), plain=False)


def _plain(text: str, face: Face) -> tuple[Glyph, ...]:
    glyphs: list[Glyph] = []
    pen = 0.0
    for char in text:
        gid = face.font.get_nominal_glyph(ord(char)) or 0
        advance = face.advance(gid) / face.upem
        glyphs.append(Glyph(face, gid, pen, 0.0, advance, char))
        pen += advance
    return tuple(glyphs)


def width_mm(text: str, size_pt: float, *, bold: bool = False) -> float:
    """Width of a label in millimetres."""
    return _set(text, _BOLD if bold else _REGULAR).width * size_pt / PT_PER_MM


def font_on(content: Content, face: Face) -> FontResource:
    """The font in the document that the content belongs to."""
    return content._resources.font(face)


def draw_label(
    content: Content,
    text: str,
    x: float,
    baseline: float,
    size_pt: float,
    *,
    align: Align = "left",
    room: float | None = None,
    bold: bool = False,
    colour: str = "#000000",
) -> None:
    """One line with its baseline at `baseline`; x is its left end, middle or right end.

    With `room` a label that is wider is set smaller, down to three quarters, and then cut with an ellipsis.
    """
    font = _BOLD if bold else _REGULAR
    label, size = _fitted(text, font, size_pt / PT_PER_MM, room)
    left = x - label.width * size * {"left": 0.0, "center": 0.5, "right": 1.0}[align]
    content.fill_colour(colour)
    if label.plain:
        resource = font_on(content, bundled_face(font))
        codes = "".join(resource.code(glyph.gid, glyph.text) for glyph in label.glyphs)
        place = f"{number(left)} {number(baseline)}"
        content.raw(f"BT /{resource.name} {number(size)} Tf 0 Tr 1 0 0 -1 {place} Tm <{codes}> Tj ET")
        return
    glyphs = tuple(
        Glyph(one.face, one.gid, one.x * size, one.y * size, one.advance * size, one.text) for one in label.glyphs
    )
    content.line(Line(glyphs, 0.0, 0.0, label.width * size), left, baseline, size * PT_PER_MM, colour)


def _fitted(text: str, font: str, size: float, room: float | None) -> tuple[_Set, float]:
    label = _set(text, font)
    if room is None or label.width * size <= room:
        return label, size
    shrunk = max(room / label.width, size * _SMALLEST_SHARE)
    while label.width * shrunk > room + 1e-6 and len(text) > 1:
        text = text[:-1]
        label = _set(text.rstrip() + _ELLIPSIS, font)
    return label, shrunk
