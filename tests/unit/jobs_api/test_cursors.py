"""Page cursors: they lead on where the page ended, and never break the list."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_jobs_api.cursors import Cursor, decode
from printworks_jobs_api.problems import ProblemError


def test_a_cursor_comes_back_as_it_was() -> None:
    place = Cursor("-created_at", datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC), "a-b")
    assert decode(place.encode(), "-created_at") == place


def test_numbers_stay_exact_beyond_the_range_of_floats() -> None:
    place = Cursor("changed", 2**62 + 1, "x")
    assert decode(place.encode(), "changed") == place


def test_a_cursor_of_another_sort_is_refused() -> None:
    text = Cursor("changed", 7, "x").encode()
    with pytest.raises(ProblemError) as refused:
        decode(text, "-changed")
    assert refused.value.code == "invalid_cursor"


@given(st.text(max_size=80))
def test_what_is_no_cursor_is_refused_with_400(text: str) -> None:
    with pytest.raises(ProblemError) as refused:
        decode(text, "changed")
    assert (refused.value.status, refused.value.code) == (400, "invalid_cursor")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=6))
def test_json_of_another_shape_is_refused(document: object) -> None:
    import base64
    import json

    text = base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
    with pytest.raises(ProblemError):
        decode(text, "changed")
