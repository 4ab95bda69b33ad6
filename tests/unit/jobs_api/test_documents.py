"""In which line of a document a fault lies."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printworks_jobs_api.pages.documents import faults_in, line_of, pretty, syntax_fault

DOCUMENT = {"id": "a", "empty": [], "areas": [{"id": "front", "dpi": 300}, {"id": "back", "layers": [{"type": "x"}]}]}


@pytest.mark.parametrize(
    ("place", "excerpt"),
    [
        (("id",), '"id": "a",'),
        (("areas",), '"areas": ['),
        (("areas", 0, "dpi"), '"dpi": 300'),
        (("areas", 1), "{"),
        (("areas", 1, "layers", 0, "type"), '"type": "x"'),
        # The name of a kind of layer, as pydantic puts it into a place, does not stand in the document.
        (("areas", 1, "layers", 0, "photo", "type"), '"type": "x"'),
        # What is missing is shown at what it is missing in.
        (("areas", 1, "layers", 0, "slot"), "{"),
        (("outputs",), "{"),
        (("areas", 7, "id"), '"areas": ['),
    ],
)
def test_a_place_is_found_in_the_pretty_document(place: tuple[int | str, ...], excerpt: str) -> None:
    assert pretty(DOCUMENT).splitlines()[line_of(DOCUMENT, place) - 1].strip() == excerpt


_documents = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=60)
@given(st.dictionaries(st.text(max_size=5), _documents, min_size=1, max_size=4))
def test_every_member_is_found_in_its_line(document: dict[str, Any]) -> None:
    lines = pretty(document).split("\n")
    for name in document:
        assert lines[line_of(document, (name,)) - 1].startswith(f"  {json.dumps(name, ensure_ascii=False)}: ")


def test_a_fault_says_place_line_and_what_stands_there() -> None:
    [fault] = faults_in(DOCUMENT, [{"name": "areas.0.dpi", "detail": "Value error, is too high"}])
    assert (fault.place, fault.line, fault.excerpt) == ("areas › 1 › dpi", 7, '"dpi": 300')
    assert fault.sentence == "Is too high."


def test_half_a_character_does_not_break_the_page() -> None:
    assert pretty({"name": "ü\ud800"}).encode() == b'{\n  "name": "\\u00fc\\ud800"\n}'
    assert pretty({"name": "ü"}) == '{\n  "name": "ü"\n}'


def test_a_text_that_is_no_json_says_where_it_stops_to_be() -> None:
    fault = syntax_fault('{\n  "id": "a",\n  "dpi" 300\n}')
    assert fault is not None
    assert (fault.line, fault.excerpt) == (3, '"dpi" 300')
    assert syntax_fault('{"id": "a"}') is None


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 5000])
def test_no_text_breaks_the_reading(text: str) -> None:
    assert syntax_fault(text) is not None
