"""The longest texts that a design may hold, of what costs most to set."""

import time

import pytest
from printworks_render.engine.fonts import bundled_face
from printworks_render.engine.text import set_text


@pytest.mark.parametrize(
    "text",
    [
        "你" * 2000,
        "🇩🇪" * 1000,
        "a" + "\u0301" * 1999,
        "a\u200d" * 1000,
        ("a" + "\u0301" * 20 + " ") * 90,
        "(" * 1000 + ")" * 1000,
    ],
    ids=["Chinese", "flags", "marks", "joiners", "words of marks", "brackets"],
)
def test_the_longest_text_takes_seconds_at_most_whatever_it_is_made_of(text: str) -> None:
    before = time.process_time()

    set_text(text, bundled_face("noto-sans"), width=600, height=400, size_pt=2000, min_size_pt=2)

    assert time.process_time() - before < 10
