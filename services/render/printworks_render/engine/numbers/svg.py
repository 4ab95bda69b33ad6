"""The canvas template as SVG: the same lines, numbers and frame as the PDF, without any font.

`SvgPage` takes the drawing methods of a PDF page, so the same pieces draw both documents. Text becomes outlines, since
a viewer without the font would set it in another one, with other widths.
"""

import base64
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from printworks_render.engine.content import Content, FontResource, ImageResource, number
from printworks_render.engine.fonts import Face
from printworks_render.engine.geometry import PT_PER_MM, Rect, Sheet
from printworks_render.engine.harfbuzz import hb
from printworks_render.engine.inks import RgbInks
from printworks_render.engine.text import Glyph, TextBlock


class _NoResources:
    """An SVG embeds outlines and data URLs; it has no resources of a PDF."""

    def font(self, face: Face) -> FontResource:
        raise TypeError("an SVG drawing has no font resources")

    def opacity(self, value: float) -> str:
        raise TypeError("an SVG drawing has no graphics states")


class SvgPage(Content):
    """One drawing in canvas millimetres, y downwards."""

    def __init__(self, sheet: Sheet, title: str) -> None:
        super().__init__(RgbInks(), _NoResources())
        self.sheet = sheet
        self._title = title
        self._body: list[str] = []
        self._outlines: dict[tuple[int, int], str] = {}
        self._faces: list[Face] = []
        self._opened = [0]
        self._state = [("#000000", "#000000", 0.1, 1.0)]

    def raw(self, operators: str | bytes) -> None:
        """PDF operators mean nothing here: a piece that uses them needs a way of its own for SVG."""
        raise TypeError("PDF operators cannot be written into an SVG")

    def save(self) -> None:
        self._opened.append(0)
        self._state.append(self._state[-1])

    def restore(self) -> None:
        self._body.append("</g>" * self._opened.pop())
        self._state.pop()

    def fill_colour(self, colour: str) -> None:
        self._state[-1] = (colour, *self._state[-1][1:])

    def stroke_colour(self, colour: str, width: float) -> None:
        fill, _, _, opacity = self._state[-1]
        self._state[-1] = (fill, colour, width, opacity)

    def fill_opacity(self, value: float) -> None:
        self._state[-1] = (*self._state[-1][:3], value)

    def turn(self, degrees: float, centre: tuple[float, float]) -> None:
        if degrees % 360:
            self._group(f'transform="rotate({number(degrees)} {number(centre[0])} {number(centre[1])})"')

    def clip(self, rect: Rect) -> None:
        name = f"c{len(self._body)}"
        self._body.append(f'<clipPath id="{name}"><path d="{_rect_path(rect)}"/></clipPath>')
        self._group(f'clip-path="url(#{name})"')

    def fill_rects(self, rects: Iterable[Rect]) -> None:
        path = "".join(_rect_path(rect) for rect in rects)
        if path:
            self._body.append(f'<path {self._filled()} d="{path}"/>')

    def stroke_rect(self, rect: Rect) -> None:
        self._body.append(f'<path fill="none" {self._stroked()} d="{_rect_path(rect)}"/>')

    def lines(self, lines: Iterable[tuple[float, float, float, float]]) -> None:
        path = "".join(f"M{number(a)} {number(b)}L{number(c)} {number(d)}" for a, b, c, d in lines)
        if path:
            self._body.append(f'<path fill="none" {self._stroked()} d="{path}"/>')

    def image(self, image: ImageResource, rect: Rect) -> None:
        raise TypeError("a picture of a PDF cannot be written into an SVG; use `picture`")

    def picture(self, pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], rect: Rect) -> None:
        """A lossless picture, sRGB with alpha, that fills the rectangle."""
        image = Image.fromarray(np.dstack([pixels, alpha]))
        buffer = BytesIO()
        image.save(buffer, "PNG", compress_level=6)
        self._body.append(
            f'<image x="{number(rect.x)}" y="{number(rect.y)}" width="{number(rect.width)}" '
            f'height="{number(rect.height)}" preserveAspectRatio="none" '
            f'href="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode("ascii")}"/>'
        )

    def text(self, block: TextBlock, x: float, y: float, colour: str, outline: tuple[str, float] | None = None) -> None:
        if outline is not None:
            edge = f'stroke="{outline[0]}" stroke-width="{number(2 * outline[1] * PT_PER_MM / block.size_pt)}"'
            self._open_text(f'{edge} stroke-linejoin="round" fill="none"')
            self._glyph_uses(block, x, y, plain_only=True)
            self._body.append("</g>")
        self.fill_colour(colour)
        self._open_text(self._filled())
        self._glyph_uses(block, x, y, plain_only=False)
        self._body.append("</g>")

    def arcs(
        self, points: NDArray[np.int32], starts: NDArray[np.int64], step: float, box: Rect, colour: str, width: float
    ) -> None:
        """Open lines points[starts[i]:starts[i + 1]] in steps of `step` mm from the box's corner, each once."""
        words = [str(value) for value in np.diff(points, axis=0).ravel().tolist()]
        parts = [
            f"M{x} {y}l{' '.join(words[2 * begin : 2 * (end - 1)])}"
            for (x, y), begin, end in zip(
                points[starts[:-1]].tolist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True
            )
        ]
        self._body.append(
            f'<path id="borders" fill="none" stroke="{colour}" stroke-width="{number(width / step)}" '
            f'stroke-linejoin="round" stroke-linecap="round" '
            f'transform="translate({number(box.x)} {number(box.y)}) scale({step})" '
            f'd="{"".join(parts).replace(" -", "-")}"/>'
        )

    def write(self, path: Path) -> None:
        media = self.sheet.media
        glyphs = "\n".join(
            f'<path id="{_name(face, gid)}" d="{outline}"/>'
            for (face, gid), outline in self._outlines.items()
            if outline
        )
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(media.width)}mm" '
            f'height="{number(media.height)}mm" viewBox="{number(media.x)} {number(media.y)} {number(media.width)} '
            f'{number(media.height)}">\n<title>{escape(self._title)}</title>\n<defs>\n{glyphs}\n</defs>\n'
            f'<path fill="#ffffff" d="{_rect_path(media)}"/>\n'
        )
        path.write_text(head + "\n".join(self._body) + "\n</svg>\n", encoding="utf-8")

    def _group(self, attributes: str) -> None:
        self._body.append(f"<g {attributes}>")
        self._opened[-1] += 1

    def _open_text(self, attributes: str) -> None:
        self._body.append(f'<g class="text" {attributes}>')

    def _filled(self) -> str:
        colour, _, _, opacity = self._state[-1]
        return f'fill="{colour}"' + (f' fill-opacity="{number(opacity)}"' if opacity < 1 else "")

    def _stroked(self) -> str:
        _, colour, width, _ = self._state[-1]
        return f'stroke="{colour}" stroke-width="{number(width)}"'

    def _glyph_uses(self, block: TextBlock, x: float, y: float, *, plain_only: bool) -> None:
        scale = number(block.size_pt / PT_PER_MM)
        for line in block.lines:
            for glyph in line.glyphs:
                at = f"{number(x + line.left + glyph.x)} {number(y + line.baseline + glyph.y)}"
                for gid, fill in _layers(glyph, plain_only=plain_only):
                    name = self._outline(glyph.face, gid)
                    if name is not None:
                        self._body.append(f'<use href="#{name}" {fill}transform="translate({at}) scale({scale})"/>')

    def _outline(self, face: Face, gid: int) -> str | None:
        """Name of a glyph's outline of 1 mm per em; None for a blank."""
        if face not in self._faces:
            self._faces.append(face)
        key = (self._faces.index(face), gid)
        if key not in self._outlines:
            self._outlines[key] = _outline_path(face, gid)
        return _name(*key) if self._outlines[key] else None


def _layers(glyph: Glyph, *, plain_only: bool) -> list[tuple[int, str]]:
    """Glyphs to draw and their own fill; a colour glyph has one per layer."""
    layers = glyph.face.colour_layers(glyph.gid)
    if not layers:
        return [(glyph.gid, "")]
    if plain_only:
        return []
    found: list[tuple[int, str]] = []
    for layer in layers:
        if layer.colour is None:
            found.append((layer.glyph, ""))
        else:
            red, green, blue, alpha = layer.colour
            found.append((layer.glyph, f'fill="#{red:02x}{green:02x}{blue:02x}" fill-opacity="{alpha / 255:.3f}" '))
    return found


def _name(face: int, gid: int) -> str:
    return f"g{face}-{gid}"


def _rect_path(rect: Rect) -> str:
    return f"M{number(rect.x)} {number(rect.y)}h{number(rect.width)}v{number(rect.height)}h{number(-rect.width)}z"


def _outline_path(face: Face, gid: int) -> str:
    """SVG path of a glyph, 1 unit per em, y downwards."""
    parts: list[str] = []
    em = face.upem

    def place(*values: float) -> str:
        signs = (1, -1) * (len(values) // 2)
        return " ".join(f"{sign * value / em:.4f}" for sign, value in zip(signs, values, strict=True))

    draw = hb.DrawFuncs()
    draw.set_move_to_func(lambda x, y, _: parts.append(f"M{place(x, y)}"))
    draw.set_line_to_func(lambda x, y, _: parts.append(f"L{place(x, y)}"))
    draw.set_quadratic_to_func(lambda a, b, x, y, _: parts.append(f"Q{place(a, b, x, y)}"))
    draw.set_cubic_to_func(lambda a, b, c, d, x, y, _: parts.append(f"C{place(a, b, c, d, x, y)}"))
    draw.set_close_path_func(lambda _: parts.append("Z"))
    face.font.draw_glyph(gid, draw, None)
    return "".join(parts)
