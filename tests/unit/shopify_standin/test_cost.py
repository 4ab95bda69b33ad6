"""Points of a request, by Shopify's rule."""

from typing import Any

import pytest
from printworks_local.shopify.cost import actual_cost, requested_cost
from printworks_local.shopify.documents import prepare_document


def requested(text: str, variables: dict[str, Any] | None = None) -> int:
    return requested_cost(next(iter(prepare_document(text, "2026-10").plans.values())), variables or {})


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ shop { name } }", 1),
        ("{ shop { name plan { displayName } } }", 2),
        ('{ order(id: "gid://shopify/Order/1") { id tags } }', 1),
        ("{ orders(first: 10) { nodes { id } } }", 6),
        ("{ orders(first: 10) { edges { node { id } } } }", 6),
        ("{ orders(first: 250) { nodes { id } } }", 13),
        ('mutation { tagsAdd(id: "gid://shopify/Order/1", tags: ["a"]) { node { id } userErrors { message } } }', 10),
        (
            'mutation { a: tagsAdd(id: "gid://shopify/Order/1", tags: ["a"]) { userErrors { message } }'
            ' b: tagsRemove(id: "gid://shopify/Order/1", tags: ["a"]) { userErrors { message } } }',
            20,
        ),
        ('{ node(id: "gid://shopify/Order/1") { id ... on Order { tags } } }', 1),
    ],
)
def test_requested_points(text: str, points: int) -> None:
    assert requested(text) == points


def test_the_size_of_a_connection_may_come_from_a_variable() -> None:
    assert requested("query($n: Int) { orders(first: $n) { nodes { id } } }", {"n": 250}) == 13


def test_a_connection_in_a_connection_multiplies() -> None:
    nested = "{ orders(first: 10) { nodes { id lineItems(first: 10) { nodes { id } } } } }"
    assert requested(nested) == 6 * (1 + 6)


def test_the_actual_points_follow_what_was_returned() -> None:
    plan = next(iter(prepare_document("{ orders(first: 250) { nodes { id } } }", "2026-10").plans.values()))
    assert actual_cost(plan, {}, {"orders": {"nodes": [{"id": "1"}, {"id": "2"}]}}) == 3
    assert actual_cost(plan, {}, {"orders": None}) == 0
