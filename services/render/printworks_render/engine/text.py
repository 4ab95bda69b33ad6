"""Text to positioned glyphs: font fallback, shaping with HarfBuzz, line breaking (UAX #14) and fitting into a box.

Results are in millimetres with y downwards, relative to the top left corner of the box. Nothing is drawn here; see
`pdf.Page.text`.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

import regex
from uniseg.linebreak import line_break_units

from printworks_render.engine.bidi import base_level, visual_runs
from printworks_render.engine.fonts import Face, bundled_face, fallbacks
from printworks_render.engine.geometry import PT_PER_MM
from printworks_render.engine.harfbuzz import hb

# Joiners and selectors never need a glyph of their own: shaping consumes them.
_INVISIBLE = {0x200B, 0x200C, 0x200D, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF, 0x00AD, 0x200E, 0x200F, 0x061C}
_MAX_FIT_STEPS = 24
_CLUSTER = regex.compile(r"\X")
_MARKS = regex.compile(r"([\p{M}\p{Cf}]{30})[\p{M}\p{Cf}]+")
"""Marks and joiners in a row, of which 30 are kept: more than any language needs (UAX #15, Stream-Safe Text Format). To
find line breaks takes the square of their number."""


@dataclass(frozen=True)
class Glyph:
    """A glyph of `face` at the pen position x (baseline), `advance` wide, both in millimetres; `text` is what it shows,
    empty for the second and further glyphs of a cluster."""

    face: Face
    gid: int
    x: float
    y: float
    advance: float
    text: str


@dataclass(frozen=True)
class Line:
    """One line: glyphs from the left, baseline at `baseline` millimetres below the box's top."""

    glyphs: tuple[Glyph, ...]
    baseline: float
    left: float
    width: float


@dataclass(frozen=True)
class TextBlock:
    """Text set in a box. `missing` are characters that no font can show; `overflows` when it is larger than the box."""

    lines: tuple[Line, ...]
    size_pt: float
    width: float
    height: float
    missing: tuple[str, ...]
    overflows: bool


@dataclass(frozen=True)
class FontStack:
    """The chosen font first, then the renderer's own for what it does not have."""

    primary: Face
    _found: dict[str, Face | None] = field(default_factory=dict[str, Face | None], compare=False, repr=False)

    def face_for(self, cluster: str) -> Face | None:
        """The first font that shows all of a grapheme cluster; None when there is none."""
        if cluster not in self._found:
            self._found[cluster] = self._look(cluster)
        return self._found[cluster]

    def _look(self, cluster: str) -> Face | None:
        needed = [ord(char) for char in cluster if ord(char) not in _INVISIBLE and not _is_space(char)]
        # An emoji presentation sequence is meant in colour, also where the text font has a plain sign for it.
        if ("\ufe0f" in cluster or "\u200d" in cluster) and needed:
            emoji = bundled_face("twemoji")
            if all(emoji.has(code) for code in needed):
                return emoji
        if all(self.primary.has(code) for code in needed):
            return self.primary
        for name in fallbacks():
            face = bundled_face(name)
            if all(face.has(code) for code in needed):
                return face
        return None


def _is_space(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) == "Zs"


def clean(text: str) -> str:
    """Text as it is set: NFC, control characters out, tabs and odd line ends made plain."""
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    plain = plain.replace("\u2028", "\n").replace("\u2029", "\n")
    plain = plain.replace("\u1680", " ")  # the one space that HarfBuzz does not set with a font's blank
    plain = "".join(char for char in plain if char == "\n" or unicodedata.category(char) != "Cc").strip("\n")
    return _MARKS.sub(r"\1", plain)


def missing_characters(text: str, stack: FontStack) -> tuple[str, ...]:
    """Grapheme clusters that no font of the stack can show, each once, in order."""
    clusters = _CLUSTER.findall(clean(text).replace("\n", ""))
    return tuple(dict.fromkeys(cluster for cluster in clusters if stack.face_for(cluster) is None))


def line_glyphs(text: str, stack: FontStack, size_pt: float, direction: str = "auto") -> tuple[Glyph, ...]:
    """One line, shaped and in visual order, pen starting at 0. Characters without a glyph are left out."""
    base = _base(text, direction)
    scale = size_pt / PT_PER_MM
    pen = 0.0
    glyphs: list[Glyph] = []
    for start, end, level in visual_runs(text, base):
        runs = list(_font_runs(text[start:end], stack))
        for piece, face in reversed(runs) if level % 2 else runs:
            for glyph in _shaped(piece, face, rtl=bool(level % 2)):
                unit = scale / face.upem
                glyphs.append(replace(glyph, x=pen + glyph.x * unit, y=-glyph.y * unit, advance=glyph.advance * unit))
                pen += glyph.advance * unit
    return tuple(glyphs)


def _base(text: str, direction: str) -> int:
    return base_level(text) if direction == "auto" else int(direction == "rtl")


def _font_runs(text: str, stack: FontStack) -> Iterator[tuple[str, Face]]:
    """Neighbouring clusters that are set in the same font. Spaces stay with the font before them."""
    piece, current = "", None
    for cluster in _CLUSTER.findall(text):
        face = stack.face_for(cluster)
        if cluster.isspace() and current is not None and current.has(ord(cluster[0])):
            face = current
        if face is None:
            continue
        if face is not current and piece and current is not None:
            yield piece, current
            piece = ""
        piece, current = piece + cluster, face
    if piece and current is not None:
        yield piece, current


def _shaped(text: str, face: Face, *, rtl: bool) -> Iterator[Glyph]:
    """Glyphs in visual order, in font units with y upwards."""
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if rtl else "ltr"
    hb.shape(face.font, buffer, {"kern": True, "liga": True})
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    ends = dict(pairwise([*sorted({info.cluster for info in infos}), len(text)]))
    shown: set[int] = set()
    for info, position in zip(infos, positions, strict=True):
        part = "" if info.cluster in shown else text[info.cluster : ends[info.cluster]]
        shown.add(info.cluster)
        yield Glyph(
            face, info.codepoint, float(position.x_offset), float(position.y_offset), float(position.x_advance), part
        )


def _width(glyphs: Sequence[Glyph]) -> float:
    return sum(glyph.advance for glyph in glyphs)


@dataclass(frozen=True)
class _Paragraph:
    """`ends` are the places where lines may break, from 0 to the length of the text."""

    text: str
    ends: tuple[int, ...]


def _paragraphs(text: str) -> list[_Paragraph]:
    return [_Paragraph(one, tuple(accumulate(map(len, line_break_units(one)), initial=0))) for one in text.split("\n")]


def _broken(
    paragraphs: Sequence[_Paragraph], stack: FontStack, size_pt: float, width: float, direction: str
) -> list[str]:
    """Lines of at most `width` millimetres where the text allows it; a word that is too long stays whole."""
    lines: list[str] = []
    for paragraph in paragraphs:
        text, ends = paragraph.text, paragraph.ends
        at = 0
        while at < len(ends) - 1:

            def fits(last: int, text: str = text, ends: Sequence[int] = ends, at: int = at) -> bool:
                line = text[ends[at] : ends[last]].rstrip()
                return _width(line_glyphs(line, stack, size_pt, direction)) <= width

            last = _last(fits, at + 1, len(ends) - 1)
            lines.append(text[ends[at] : ends[last]].rstrip())
            at = last
        if not text:
            lines.append("")
    return lines


def _last(fits: Callable[[int], bool], first: int, end: int) -> int:
    """The last place from `first` to `end` that fits, at least `first`: by doubling the step, then halving. To try each
    place would shape a long line as often as it has words, and a text of 2,000 characters would take minutes."""
    low, step = first, 1
    while low + step <= end and fits(low + step):
        low, step = low + step, 2 * step
    high = min(low + step, end + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def set_text(
    text: str,
    face: Face,
    *,
    width: float,
    height: float,
    size_pt: float,
    min_size_pt: float | None = None,
    line_height: float = 1.2,
    align: str = "center",
    vertical: str = "middle",
    direction: str = "auto",
) -> TextBlock:
    """Set a text in a box of `width` x `height` millimetres.

    With `min_size_pt` the largest size between it and `size_pt` is used at which the text fits (found by halving, to
    1/32 of the range). Lines break where UAX #14 allows; `start` and `end` follow each paragraph's direction.
    """
    text = clean(text)
    stack = FontStack(face)
    paragraphs = _paragraphs(text)
    missing = missing_characters(text, stack)

    def attempt(size: float) -> TextBlock:
        return _set_at(paragraphs, missing, stack, width, height, size, line_height, align, vertical, direction)

    block = attempt(size_pt)
    if min_size_pt is None or not block.overflows or min_size_pt >= size_pt:
        return block
    low, high = min_size_pt, size_pt
    best = attempt(low)
    if best.overflows:
        return best
    for _ in range(_MAX_FIT_STEPS):
        if high - low < max(0.05, (size_pt - min_size_pt) / 64):
            break
        middle = (low + high) / 2
        block = attempt(middle)
        if block.overflows:
            high = middle
        else:
            low, best = middle, block
    return best


def _set_at(
    paragraphs: Sequence[_Paragraph],
    missing: tuple[str, ...],
    stack: FontStack,
    width: float,
    height: float,
    size_pt: float,
    line_height: float,
    align: str,
    vertical: str,
    direction: str,
) -> TextBlock:
    size_mm = size_pt / PT_PER_MM
    ascender, descender = (value / stack.primary.upem * size_mm for value in stack.primary.extents)
    step = size_mm * line_height
    lines_text = _broken(paragraphs, stack, size_pt, width, direction)
    content = step * (len(lines_text) - 1) + ascender - descender
    top = {"top": 0.0, "middle": (height - content) / 2, "bottom": height - content}[vertical]
    lines: list[Line] = []
    for number, line_text in enumerate(lines_text):
        glyphs = line_glyphs(line_text, stack, size_pt, direction)
        wide = _width(glyphs)
        rtl = bool(_base(line_text, direction))
        side = {"start": "right" if rtl else "left", "end": "left" if rtl else "right"}.get(align, align)
        left = {"left": 0.0, "center": (width - wide) / 2, "right": width - wide}[side]
        lines.append(Line(glyphs, top + ascender + step * number, left, wide))
    widest = max((line.width for line in lines), default=0.0)
    slack = 1e-6
    return TextBlock(
        lines=tuple(lines),
        size_pt=size_pt,
        width=widest,
        height=content,
        missing=missing,
        overflows=widest > width + slack or content > height + slack,
    )
