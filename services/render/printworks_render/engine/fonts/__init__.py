"""Fonts: loading, what they can show, outlines and subsets. Paths never come from a customer."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from printworks_common.failures import Reason

from printworks_render.engine.fonts.sanitise import sanitised
from printworks_render.engine.harfbuzz import hb
from printworks_render.engine.job import RenderError

_HERE = Path(__file__).parent
MAX_FONT_BYTES = 30 << 20

BUNDLED: dict[str, str] = {
    "noto-sans": "NotoSans-Regular.ttf",
    "noto-sans-bold": "NotoSans-Bold.ttf",
    "noto-sans-arabic": "NotoSansArabic-Regular.ttf",
    "noto-sans-hebrew": "NotoSansHebrew-Regular.ttf",
    "noto-sans-thai": "NotoSansThai-Regular.ttf",
    "noto-sans-kr": "NotoSansKR-Regular.ttf",
    "noto-sans-cjk": "NotoSansCJK-Regular.ttf",
    "twemoji": "Twemoji.ttf",
}
"""Names for `font.bundled` in a template; their order is the order of fallback."""

_SFNT = {b"\0\1\0\0": "truetype", b"true": "truetype", b"OTTO": "cff"}
_PACKED = {b"wOFF", b"wOF2"}

Rgba = tuple[int, int, int, int]


@dataclass(frozen=True)
class ColourLayer:
    """One layer of a colour glyph: a glyph of the same font, filled with `colour`; None is the text's own colour."""

    glyph: int
    colour: Rgba | None


class Face:
    """A font file, in font units with y upwards. `name` is for PDF and messages."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.kind = _SFNT[data[:4]]
        self.hb_face = hb.Face(hb.Blob(data))
        self.font = hb.Font(self.hb_face)
        self.upem = self.hb_face.upem

    @cached_property
    def unicodes(self) -> frozenset[int]:
        return frozenset(self.hb_face.unicodes)

    @cached_property
    def extents(self) -> tuple[float, float]:
        """Ascender and descender (negative) in font units."""
        found = self.font.get_font_extents("ltr")
        return float(found.ascender), float(found.descender)

    @cached_property
    def cap_height(self) -> float:
        """Height of capital H in font units; the ascender's 0.7 where there is no H."""
        glyph = self.font.get_nominal_glyph(ord("H"))
        extents = self.font.get_glyph_extents(glyph) if glyph else None
        return float(extents.y_bearing) if extents else 0.7 * self.extents[0]

    @cached_property
    def has_colours(self) -> bool:
        return self.hb_face.has_color_layers

    @cached_property
    def _palette(self) -> list[Rgba]:
        """First palette of CPAL. Read here, since uharfbuzz 0.57 never returns from a palette of over 128 colours."""
        table = bytes(self.hb_face.reference_table("CPAL").data)
        count = int.from_bytes(table[2:4], "big")
        records = int.from_bytes(table[8:12], "big")
        first = int.from_bytes(table[12:14], "big")
        found: list[Rgba] = []
        for index in range(first, first + count):
            entry = table[records + 4 * index : records + 4 * index + 4]
            if len(entry) == 4:
                blue, green, red, alpha = entry
                found.append((red, green, blue, alpha))
        return found

    def has(self, codepoint: int) -> bool:
        return codepoint in self.unicodes

    def advance(self, glyph: int) -> int:
        return self.font.get_glyph_h_advance(glyph)

    def colour_layers(self, glyph: int) -> list[ColourLayer]:
        """Layers of a colour glyph, bottom first; empty for a plain glyph."""
        if not self.has_colours:
            return []
        layers: list[ColourLayer] = []
        for layer in self.hb_face.get_glyph_color_layers(glyph):
            colour = None
            if layer.color_index < len(self._palette):
                colour = self._palette[layer.color_index]
            layers.append(ColourLayer(layer.glyph, colour))
        return layers

    def subset(self, glyphs: Iterable[int]) -> bytes:
        """The font with these glyphs only, under their own numbers, without layout, hinting and colour tables."""
        wanted = hb.SubsetInput()
        wanted.glyph_set.update(glyphs)
        wanted.flags = (
            hb.SubsetFlags.RETAIN_GIDS
            | hb.SubsetFlags.NO_HINTING
            | hb.SubsetFlags.NOTDEF_OUTLINE
            | hb.SubsetFlags.NO_LAYOUT_CLOSURE
        )
        wanted.pin_all_axes_to_default(self.hb_face)
        for tag in ("GSUB", "GPOS", "GDEF", "COLR", "CPAL", "SVG ", "CBDT", "CBLC", "sbix", "kern", "MATH"):
            wanted.drop_table_tag_set.add(int.from_bytes(tag.encode("ascii"), "big"))
        return hb.subset(self.hb_face, wanted).blob.data


@lru_cache(maxsize=4)
def load_face(data: bytes, name: str) -> Face:
    """A font of a merchant or customer: TrueType, OpenType, WOFF or WOFF2, rewritten by the sanitizer.

    The layers of a job share it. Raises `RenderError(font_unavailable)` for anything else.
    """
    if len(data) > MAX_FONT_BYTES:
        raise RenderError(Reason.FONT_UNAVAILABLE, f"The font is larger than {MAX_FONT_BYTES >> 20} MB.")
    if data[:4] not in _SFNT and data[:4] not in _PACKED:
        raise RenderError(Reason.FONT_UNAVAILABLE, "The font is not a TrueType, OpenType, WOFF or WOFF2 file.")
    face = Face(sanitised(data), name)
    if face.hb_face.glyph_count == 0 or not face.unicodes or not 16 <= face.upem <= 16384:
        raise RenderError(Reason.FONT_UNAVAILABLE, "The font is damaged: it maps no characters to glyphs.")
    return face


@cache
def bundled_face(name: str) -> Face:
    """A font that comes with the renderer. Raises `RenderError(font_unavailable)` for an unknown name."""
    file = BUNDLED.get(name)
    if file is None:
        known = ", ".join(BUNDLED)
        raise RenderError(Reason.FONT_UNAVAILABLE, f"No font {name!r} comes with the renderer; there are {known}.")
    return Face((_HERE / file).read_bytes(), Path(file).stem)


def fallbacks() -> Iterable[str]:
    """Names of the fonts that are tried, in order, for characters that the chosen font does not have."""
    return BUNDLED
