"""From what Shopify says about an order to our event: trimmed to what the flow needs. Pure.

Two sources, one result: the REST body of a webhook, and an order read through the Admin API. Address, e-mail and phone
are never copied.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from printworks_common.errors import PoisonError
from printworks_common.events.orders import LineItem, OrderReceived, Property
from printworks_common.shopify.admin import numeric_id
from pydantic import ValidationError


class UnreadableOrderError(PoisonError):
    """A correctly signed body that is not the order we know: Shopify's business, not the caller's fault."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="unreadable_order")


def order_id_of(body: Mapping[str, Any]) -> str | None:
    """The order's id in the body of an order of any shape, if there is one: enough to read the order again."""
    return positive_id(body.get("id")) or positive_id(body.get("admin_graphql_api_id"))


def changed_order_id(body: Mapping[str, Any]) -> str | None:
    """The order that an edit or a refund belongs to. The `id` beside it is that of the edit or the refund."""
    edit = body.get("order_edit")
    within = edit.get("order_id") if isinstance(edit, Mapping) else None
    return positive_id(body.get("order_id")) or positive_id(within)


def positive_id(value: Any) -> str | None:
    """A 64-bit id of Shopify as digits: from a number, digits, or the gid of an order. None when it is none of them."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if 0 < value < 2**63 else None
    if isinstance(value, str):
        digits = numeric_id(value) if value.startswith("gid://shopify/Order/") else value
        if digits.isascii() and digits.isdigit() and len(digits) <= 19:
            return digits
    return None


def from_webhook(shop: str, body: Mapping[str, Any]) -> OrderReceived:
    """Read the REST body of an order webhook, of any API version. Raises `UnreadableOrderError`."""
    order_id = order_id_of(body)
    if order_id is None:
        raise UnreadableOrderError("The body has no order id.")
    lines, status = body.get("line_items"), body.get("financial_status")
    try:
        # One document, validated at once: a model made for each line and property would take most of the time.
        return OrderReceived.model_validate(
            {
                "shop": shop,
                "order_id": order_id,
                "name": text(body.get("name") or body.get("order_number") or f"#{order_id}"),
                "created_at": _moment(body, "created_at"),
                "updated_at": _moment(body, "updated_at"),
                "cancelled_at": _moment(body, "cancelled_at") if body.get("cancelled_at") else None,
                "financial_status": text(status) if isinstance(status, str) else status,
                "test": body.get("test") is True,
                "customer_name": _full_name(body.get("customer"), "first_name", "last_name"),
                "line_items": [_webhook_line(one) for one in lines] if isinstance(lines, list) else [],
                "read_from": "webhook",
            }
        )
    except (ValidationError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise UnreadableOrderError(f"The body is not an order as we know it ({type(error).__name__}).") from error


def from_admin_api(
    shop: str, order: Mapping[str, Any], lines: Iterable[Mapping[str, Any]], *, cause: str
) -> OrderReceived:
    """Read an order of the Admin API (`documents.ORDER`) with all its line items. Raises `UnreadableOrderError`."""
    status = order.get("displayFinancialStatus")
    try:
        return OrderReceived(
            shop=shop,
            order_id=numeric_id(order["id"]),
            name=text(order["name"]),
            created_at=datetime.fromisoformat(order["createdAt"]),
            updated_at=datetime.fromisoformat(order["updatedAt"]),
            cancelled_at=datetime.fromisoformat(order["cancelledAt"]) if order.get("cancelledAt") else None,
            financial_status=status.lower() if status else None,
            test=bool(order.get("test")),
            customer_name=_full_name(order.get("customer"), "firstName", "lastName"),
            line_items=tuple(_api_line(one) for one in lines),
            read_from="admin_api",
            cause=cause,
        )
    except (ValidationError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise UnreadableOrderError(f"The order is not as we know orders ({type(error).__name__}).") from error


def _moment(body: Mapping[str, Any], name: str) -> datetime:
    value = body.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not there")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{name} has no time zone")
    return moment


def _full_name(customer: Any, *names: str) -> str | None:
    if not isinstance(customer, Mapping):
        return None
    parts = [customer.get(name) for name in names]
    return " ".join(text(part).strip() for part in parts if isinstance(part, str) and text(part).strip()) or None


def _webhook_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a LineItem."""
    quantity = _count(line.get("quantity"), 0)
    return {
        "line_item_id": str(line["id"]),
        "title": text(line.get("title") or line.get("name") or ""),
        "variant_title": _text_or_none(line.get("variant_title")),
        "sku": _text_or_none(line.get("sku")),
        "product_id": _id(line.get("product_id")),
        "variant_id": _id(line.get("variant_id")),
        "quantity": quantity,
        # Absent in old API versions: nothing was edited or refunded that we could know of.
        "current_quantity": _count(line.get("current_quantity"), quantity),
        "gift_card": line.get("gift_card") is True,
        "properties": [{"name": name, "value": value} for name, value in properties(line.get("properties"))],
    }


def _api_line(line: Mapping[str, Any]) -> LineItem:
    variant, product = line.get("variant"), line.get("product")
    return LineItem(
        line_item_id=numeric_id(line["id"]),
        title=text(line.get("title") or ""),
        variant_title=_text_or_none(line.get("variantTitle")),
        sku=_text_or_none(line.get("sku")),
        product_id=numeric_id(product["id"]) if product else None,
        variant_id=numeric_id(variant["id"]) if variant else None,
        quantity=line["quantity"],
        current_quantity=line["currentQuantity"],
        gift_card=bool(line.get("isGiftCard")),
        properties=tuple(
            Property(name=text(one["key"]), value=text(one["value"]))
            for one in line.get("customAttributes") or []
            if one.get("value") is not None
        ),
    )


def properties(raw: Any) -> list[tuple[str, str]]:
    """Names and values of line-item properties in any shape in which clients write them: objects, pairs, one object,
    null, numbers."""
    if isinstance(raw, dict):
        pairs: Iterable[Any] = cast("dict[str, Any]", raw).items()
    elif isinstance(raw, list):
        pairs = cast("list[Any]", raw)
    else:
        return []
    found: list[tuple[str, str]] = []
    for pair in pairs:
        if isinstance(pair, dict):
            one = cast("dict[str, Any]", pair)
            name, value = one.get("name"), one.get("value")
        elif isinstance(pair, list | tuple) and len(cast("list[Any]", pair)) == 2:
            name, value = pair
        else:
            continue
        if name is None or value is None:
            continue
        plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        found.append((text(name), text(plain)))
    return found


def text(value: Any) -> str:
    """Text that every part of the way can hold: no NUL (Postgres refuses it), no half surrogate pairs (UTF-8 does)."""
    plain = value if isinstance(value, str) else str(value)
    if plain.isascii():
        return plain.replace("\x00", "") if "\x00" in plain else plain
    return plain.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _text_or_none(value: Any) -> str | None:
    return text(value) if value else None


def _id(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    digits = str(value)
    return digits if digits.isdigit() else None


def _count(value: Any, default: int) -> int:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else default
