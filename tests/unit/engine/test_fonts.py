"""Fonts of strangers: rewritten before they are used, the same text as before, and what is hostile is refused."""

import io
import random
import struct
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from printworks_render.engine import fonts
from printworks_render.engine.fonts import Face, bundled_face, load_face, sanitise
from printworks_render.engine.job import RenderError
from printworks_render.engine.text import Line, set_text

PACKED = Path(__file__).parents[2] / "data" / "fonts" / "latin.woff2"
TEXT = "Für Anna & Tom, 12. Juli"


def own(name: str = "noto-sans") -> bytes:
    return bundled_face(name).data


def saved(font: TTFont, flavor: str | None = None) -> bytes:
    font.flavor = flavor
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def small() -> TTFont:
    """A few kilobytes."""
    return TTFont(io.BytesIO(load_face(PACKED.read_bytes(), "latin").data))


def lines(face: Face, text: str = TEXT) -> list[tuple[tuple[int, float, float], ...]]:
    def one(line: Line) -> tuple[tuple[int, float, float], ...]:
        return tuple((glyph.gid, glyph.x, glyph.advance) for glyph in line.glyphs)

    return [one(line) for line in set_text(text, face, width=60, height=20, size_pt=14).lines]


def refused(data: bytes) -> str:
    with pytest.raises(RenderError) as failure:
        load_face(data, "a-font")
    assert failure.value.reason == "font_unavailable"
    return failure.value.detail


def test_a_text_is_set_as_with_the_font_before_it_was_rewritten() -> None:
    face = load_face(own(), "a-font")

    assert face.data != own()
    assert lines(face) == lines(bundled_face("noto-sans"))


def test_colour_glyphs_keep_their_layers() -> None:
    face, before = load_face(own("twemoji"), "a-font"), bundled_face("twemoji")
    glyph = before.font.get_nominal_glyph(ord("🎂"))

    assert face.colour_layers(glyph) == before.colour_layers(glyph) != []


def test_fonts_packed_for_the_web_are_unpacked() -> None:
    of_woff2 = load_face(PACKED.read_bytes(), "woff2")
    of_woff = load_face(saved(small(), "woff"), "woff")

    assert lines(of_woff, "Anna") == lines(of_woff2, "Anna")
    assert {of_woff.data[:4], of_woff2.data[:4]} == {b"\0\1\0\0"}


@pytest.mark.parametrize("tag", ["SVG ", "CBDT", "sbix", "DSIG", "evil"])
def test_what_is_not_needed_for_outlines_is_left_out(tag: str) -> None:
    drawing = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://169.254.169.254/'/></svg>"
    font = small()
    table = DefaultTable(tag)
    table.data = drawing
    font[tag] = table
    given = saved(font)

    read = load_face(given, "a-font").hb_face.reference_table(tag)

    assert drawing in given
    assert bytes(read.data) == b""


def test_a_font_that_unpacks_to_more_than_a_font_has_is_refused() -> None:
    zeros = zlib.compress(bytes(1 << 20), 9)
    claimed = 1 << 30
    head = struct.pack(">4sIIHHIHHIIIII", b"wOFF", 0x10000, 44 + 20 + len(zeros), 1, 0, claimed + 28, 1, 0, *[0] * 5)
    directory = struct.pack(">4sIIII", b"glyf", 64, len(zeros), claimed, 0)

    assert "Sanitizer" in refused(head + directory + zeros)


def test_a_font_that_is_too_long_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "sanitised", lambda _: pytest.fail("looked at"))

    assert "larger than" in refused(b"\0\1\0\0" + bytes(fonts.MAX_FONT_BYTES))


def test_damage_anywhere_is_refused_or_harmless() -> None:
    whole, chance = saved(small()), random.Random(8)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 4, 32])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with suppress(RenderError):
            face = load_face(bytes(damaged), "a-font")
            assert face.subset({glyph for line in lines(face, "Anna") for glyph, _, _ in line})


@pytest.mark.parametrize("part", range(1, 10))
def test_half_a_font_is_refused(part: int) -> None:
    whole = saved(small())

    refused(whole[: len(whole) * part // 10])


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of time is Linux's")
def test_a_font_that_keeps_the_sanitizer_busy_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = tmp_path / "ots-sanitize"
    endless.write_text("#!/bin/sh\nwhile :; do :; done\n")
    endless.chmod(0o755)
    monkeypatch.setattr(sanitise, "_program", lambda: str(endless))
    monkeypatch.setattr(sanitise, "SECONDS", 1)

    assert "Sanitizer" in refused(b"\0\1\0\0busy")
