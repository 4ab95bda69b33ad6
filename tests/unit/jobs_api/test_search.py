"""Search keys: what a merchant types finds what the customer wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_jobs_api.search import fold, like_pattern, search_key


def found(query: str, order_name: str, customer: str | None) -> bool:
    """What LIKE does with the pattern, in Python: `%` at both ends is a substring match."""
    pattern = like_pattern(query)
    assert pattern is not None
    needle = pattern[1:-1].replace("\\%", "%").replace("\\_", "_").replace("\\\\", "\\")
    return needle in search_key(order_name, customer)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("muller", "Jörg Müller"),
        ("MÜLL", "Jörg Müller"),
        ("jorg müller", "Jörg  Müller"),
        ("sorensen", "Søren Sørensen"),
        ("lodz", "Łódź Studio"),
        ("strasse", "Anna Straße"),
        ("obrien", "Sean O’Brien"),
        ("o'brien", "Sean OBrien"),
        ("Ελενη", "Ελένη Παπαδοπούλου"),
        ("петров", "Пётр Петров"),
        ("محمد", "مُحَمَّد علي"),
        ("田中花", "田中花子"),
        ("ｔａｎａｋａ", "Tanaka"),
        ("김민", "김민준"),
        ("jean-luc", "Jean‑Luc"),
        ("zoe", "Zo\u200be Zo\u0308e"),
    ],
)
def test_case_accents_width_and_invisible_characters_do_not_count(query: str, name: str) -> None:
    assert found(query, "#1001", name)


@pytest.mark.parametrize("query", ["#1001", "1001", "100", "#10", "001"])
def test_an_order_is_found_by_its_number_with_and_without_its_prefix(query: str) -> None:
    assert found(query, "#1001", "Ada")


def test_under_three_characters_only_beginnings_of_words_match() -> None:
    assert found("lo", "#1", "Ada Lovelace")
    assert not found("ov", "#1", "Ada Lovelace")
    assert found("ove", "#1", "Ada Lovelace")


def test_one_kanji_is_found_at_the_beginning_of_a_name() -> None:
    assert found("田", "#1", "田中花子")


@pytest.mark.parametrize("query", ["100%", "a_b", "back\\slash"])
def test_wildcards_of_the_database_are_ordinary_characters(query: str) -> None:
    assert found(query, "#1", f"x {query} y")
    assert not found(query, "#1", "1000 aXb back/slash")


@pytest.mark.parametrize("query", ["", "   ", "\u200b", "\x00"])
def test_an_empty_query_asks_for_nothing(query: str) -> None:
    assert like_pattern(query) is None


@given(st.text(max_size=60))
def test_folding_is_stable_and_storable(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert "\x00" not in once
    once.encode()
