"""Text: order of mixed scripts, fonts for every character, lines that fit."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from printworks_render.engine.bidi import base_level, levels, visual_runs
from printworks_render.engine.fonts import bundled_face, load_face
from printworks_render.engine.job import RenderError
from printworks_render.engine.text import FontStack, clean, line_glyphs, missing_characters, set_text

FACE = bundled_face("noto-sans")
STACK = FontStack(FACE)


def shown(text: str) -> str:
    return "".join(glyph.text for glyph in line_glyphs(text, STACK, 12))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The examples of UAX #9, with Hebrew for its capitals.
        ("car is אבג", [0] * 7 + [1] * 3),
        ("אבג abc", [1] * 4 + [2] * 3),
        ("אבג 123", [1] * 4 + [2] * 3),
        ("abc אבג 123", [0] * 4 + [1] * 4 + [2] * 3),
        ("عدد 1,5", [1] * 4 + [2] * 3),
        ("אבג (abc)", [1] * 5 + [2] * 3 + [1]),
        ("abc אבג.", [0] * 4 + [1] * 3 + [0]),
    ],
)
def test_levels_follow_the_bidirectional_algorithm(text: str, expected: list[int]) -> None:
    assert levels(text, base_level(text)) == expected


def test_a_latin_word_inside_hebrew_keeps_its_own_order() -> None:
    text = "אבג abc דהו"

    assert [text[start:end] for start, end, _ in visual_runs(text, 1)] == [" דהו", "abc", "אבג "]


@given(st.text(max_size=60))
def test_visual_runs_hold_every_character_once(text: str) -> None:
    runs = visual_runs(text, base_level(text))

    assert sorted(index for start, end, _ in runs for index in range(start, end)) == list(range(len(text)))


@pytest.mark.parametrize(
    ("text", "fonts"),
    [
        ("Grüße", {"NotoSans-Regular"}),
        ("Жанна Ελένη", {"NotoSans-Regular"}),
        ("مرحبا", {"NotoSansArabic-Regular"}),
        ("שלום", {"NotoSansHebrew-Regular"}),
        ("สวัสดี", {"NotoSansThai-Regular"}),
        ("नमस्ते", {"NotoSans-Regular"}),
        ("你好こんにちは", {"NotoSansCJK-Regular"}),
        ("안녕", {"NotoSansKR-Regular"}),
        ("👨‍👩‍👧🎂❤️", {"Twemoji"}),
    ],
)
def test_every_script_has_a_font(text: str, fonts: set[str]) -> None:
    glyphs = line_glyphs(text, STACK, 12)

    assert {glyph.face.name for glyph in glyphs} == fonts
    assert all(glyph.gid != 0 for glyph in glyphs)
    assert missing_characters(text, STACK) == ()


def test_a_family_emoji_is_one_glyph_and_not_three_people() -> None:
    assert len(line_glyphs("👨‍👩‍👧", STACK, 12)) == 1


def test_arabic_letters_join() -> None:
    alone = {glyph.gid for glyph in line_glyphs("ح", STACK, 12)}
    joined = [glyph.gid for glyph in line_glyphs("ححح", STACK, 12)]

    assert len(set(joined)) == 3
    assert not alone & set(joined)


def test_kerning_is_applied() -> None:
    apart = sum(glyph.advance for letter in "AVAV" for glyph in line_glyphs(letter, STACK, 12))

    assert sum(glyph.advance for glyph in line_glyphs("AVAV", STACK, 12)) < apart


def test_a_character_that_no_font_has_is_named_and_not_drawn_as_a_box() -> None:
    block = set_text("a\U00012345b", FACE, width=50, height=10, size_pt=12)

    assert block.missing == ("\U00012345",)
    assert all(glyph.gid != 0 for line in block.lines for glyph in line.glyphs)


def test_control_characters_and_odd_line_ends_do_not_reach_the_print() -> None:
    assert clean("a\x00b\r\nc\td\u2028e\x1b") == "ab\nc d\ne"


def test_a_text_shrinks_until_it_fits_and_no_further() -> None:
    block = set_text("A rather long greeting", FACE, width=40, height=8, size_pt=40, min_size_pt=6)

    assert not block.overflows
    assert 6 < block.size_pt < 40
    assert set_text("A rather long greeting", FACE, width=40, height=8, size_pt=block.size_pt * 1.1).overflows


def test_a_text_that_cannot_fit_says_so() -> None:
    assert set_text("x" * 300, FACE, width=10, height=5, size_pt=40, min_size_pt=6).overflows


def test_lines_break_between_words_and_between_chinese_characters() -> None:
    words = set_text("one two three four", FACE, width=20, height=50, size_pt=14)
    chinese = set_text("你好世界你好世界", FACE, width=20, height=50, size_pt=14)

    assert len(words.lines) > 1
    assert len(chinese.lines) > 1
    assert not words.overflows
    assert not chinese.overflows


def test_start_is_right_for_right_to_left_text() -> None:
    hebrew = set_text("שלום", FACE, width=50, height=10, size_pt=12, align="start")
    latin = set_text("Hello", FACE, width=50, height=10, size_pt=12, align="start")

    assert hebrew.lines[0].left + hebrew.lines[0].width == pytest.approx(50)
    assert latin.lines[0].left == 0


def test_marks_are_stacked_as_high_as_any_language_does_and_no_higher() -> None:
    assert clean("a" + "\u0301" * 2000 + "b") == "á" + "\u0301" * 30 + "b"


def test_lines_hold_as_many_words_as_fit() -> None:
    words = [
        "the",
        "quick",
        "brown",
        "fox",
        "jumps",
        "over",
        "the",
        "lazy",
        "dog",
        "and",
        "runs",
        "away",
        "as",
        "fast",
        "as",
        "it",
        "can,",
        "which",
        "is",
        "fast",
    ]
    block = set_text(" ".join(words), FACE, width=45, height=80, size_pt=12)
    texts = ["".join(glyph.text for glyph in line.glyphs) for line in block.lines]

    assert " ".join(texts).split() == words
    for line, following in pairwise(texts):
        longer = line_glyphs(f"{line} {following.split()[0]}", STACK, 12)
        assert sum(glyph.advance for glyph in longer) > 45


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
@example("one\u1680two")
def test_any_text_is_set_without_an_undefined_glyph(text: str) -> None:
    block = set_text(text, FACE, width=80, height=40, size_pt=14, min_size_pt=4)

    assert all(glyph.gid != 0 for line in block.lines for glyph in line.glyphs)
    assert all(glyph.advance >= 0 for line in block.lines for glyph in line.glyphs)


@pytest.mark.parametrize(
    "data", [b"", b"wOFF" + bytes(40), b"\0\1\0\0" + bytes(60), b"OTTO" + bytes(500), b"ttcf" + bytes(9)]
)
def test_what_is_not_a_usable_font_is_font_unavailable(data: bytes) -> None:
    with pytest.raises(RenderError) as failure:
        load_face(data, "x")

    assert failure.value.reason == "font_unavailable"


def test_copying_text_out_of_the_print_gives_the_text() -> None:
    assert shown("Benjamin & Söhne") == "Benjamin & Söhne"
