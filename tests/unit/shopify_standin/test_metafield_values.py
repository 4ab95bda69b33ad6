"""Values of metafields are checked by their type."""

import json

import pytest
from printworks_local.shopify.metafields import value_problems


def codes(type_name: str, value: str) -> list[tuple[str, int | None]]:
    return [(code, element) for code, _, element in value_problems(type_name, value)]


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("single_line_text_field", "pw-artwork-ready"),
        ("list.url", '["https://example.com/a", "http://127.0.0.1:80/b"]'),
        ("list.url", "[]"),
        ("json", '{"a": 1}'),
        ("url", "mailto:a@example.com"),
        ("number_integer", "-12"),
    ],
)
def test_a_value_of_its_type_passes(type_name: str, value: str) -> None:
    assert codes(type_name, value) == []


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("single_line_text_field", "two\nlines"),
        ("list.url", '"https://example.com"'),
        ("list.url", "https://example.com"),
        ("json", "{"),
        ("url", "javascript:alert(1)"),
        ("boolean", "yes"),
    ],
)
def test_a_value_of_another_type_is_refused(type_name: str, value: str) -> None:
    assert codes(type_name, value) == [("INVALID_VALUE", None)]


def test_a_blank_value_is_refused() -> None:
    assert codes("single_line_text_field", "") == [("BLANK", None)]


def test_a_list_names_the_element_that_is_wrong() -> None:
    assert codes("list.url", '["https://example.com", "nothing"]') == [("INVALID_VALUE", 1)]


def test_a_list_holds_128_items_of_2_kb() -> None:
    assert codes("list.url", json.dumps(["https://example.com/a"] * 128)) == []
    assert codes("list.url", json.dumps(["https://example.com/a"] * 129)) == [("LESS_THAN_OR_EQUAL_TO", None)]
    assert codes("list.url", json.dumps(["https://example.com/" + "a" * 2048])) == [("INVALID_VALUE", 0)]
