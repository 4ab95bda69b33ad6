"""Search syntax, oddities included."""

from typing import Any

import pytest
from printworks_local.shopify.search import parse_query

ORDER: dict[str, Any] = {
    "id": 5,
    "name": "#1001",
    "updated_at": "2026-11-23T04:04:05+01:00",
    "financial_status": "paid",
    "tags": ["VIP"],
}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "updated_at:>='2026-11-23T03:04:05Z'",
        'updated_at:<="2026-11-23T03:04:05Z"',
        "financial_status:paid tag:vip",
        "financial_status:pending OR name:1001",
        "-financial_status:pending",
        "NOT financial_status:pending",
        "id:>4",
    ],
)
def test_a_query_finds_the_order(text: str | None) -> None:
    query = parse_query(text)
    assert query.matches(ORDER)
    assert query.warnings == []


@pytest.mark.parametrize(
    "text", ["updated_at:>'2026-11-23T03:04:05Z'", "financial_status:pending", "-tag:vip", "financial_status:paid id:6"]
)
def test_a_query_leaves_the_order_out(text: str) -> None:
    assert not parse_query(text).matches(ORDER)


def test_an_unknown_filter_is_dropped_with_a_warning_only() -> None:
    query = parse_query("colour:red")
    assert query.matches(ORDER)
    assert query.warnings[0]["field"] == "colour"


def test_an_unquoted_time_is_cut_at_its_colon() -> None:
    query = parse_query("updated_at:>=2026-11-23T03:59:00Z")
    assert query.matches(ORDER), "the hour alone was compared"
    assert query.warnings
