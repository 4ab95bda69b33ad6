"""From the raw body of a webhook to its JSON object. Nothing here judges what it says."""

import json
from typing import Any, TypedDict

import msgspec
import orjson

MAX_NESTING = 200
"""Orders nest about 10 levels deep. Far more is an attack on the parser."""

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class _Customer(TypedDict, total=False):
    first_name: Any
    last_name: Any


class _Line(TypedDict, total=False):
    id: Any
    title: Any
    name: Any
    variant_title: Any
    sku: Any
    product_id: Any
    variant_id: Any
    quantity: Any
    current_quantity: Any
    gift_card: Any
    properties: Any


class _Order(TypedDict, total=False):
    """What `orders.from_webhook` reads. All else, nine tenths of a body, never becomes an object."""

    id: Any
    admin_graphql_api_id: Any
    name: Any
    order_number: Any
    created_at: Any
    updated_at: Any
    cancelled_at: Any
    financial_status: Any
    test: Any
    customer: _Customer | None
    line_items: list[_Line] | None


_ORDERS = msgspec.json.Decoder(_Order)


def parse_order(body: bytes) -> dict[str, Any] | None:
    """What we read of an order's body, or None when it is no JSON object. A body of another shape comes whole."""
    try:
        return dict(_ORDERS.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return parse(body)


def parse(body: bytes) -> dict[str, Any] | None:
    """The JSON object of a body, or None. Nesting is bounded: by the fast parser, and before the tolerant one.

    The fast parser refuses what the tolerant one reads, half surrogate pairs for one: no order is lost to its text.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _read_tolerantly(body)
    return document if isinstance(document, dict) else None


def _read_tolerantly(body: bytes) -> Any:
    if _too_deep(body):
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _too_deep(body: bytes) -> bool:
    """Whether the body may nest deeper than any order. Brackets in texts count too, which only a body with hundreds
    more opening than closing ones could notice."""
    depth = 0
    for bracket in body.translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_NESTING:
            return True
    return False
