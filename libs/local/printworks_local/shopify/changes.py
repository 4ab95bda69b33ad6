"""What happens to an order on Shopify's side: edited, cancelled, refunded, tagged by others."""

import copy
from typing import Any

from printworks_local.shopify import metafields
from printworks_local.shopify.state import AppConfig, Order, Shop
from printworks_local.shopify.tags import add_tags, remove_tags


def record(shop: Shop, order: Order, operation: str, actor: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    shop.journal.append(order_id=order.id, actor=actor, operation=operation, before=before, after=after)


def _summary(order: Order) -> dict[str, Any]:
    return {
        "financial_status": order.body.get("financial_status"),
        "cancelled_at": order.body.get("cancelled_at"),
        "quantities": {str(line["id"]): line.get("current_quantity") for line in order.lines},
        "tags": order.tags,
    }


def put(shop: Shop, body: dict[str, Any]) -> Order:
    """Create or replace an order from a REST webhook body."""
    present = shop.orders.get(int(body["id"]))
    before = _summary(present) if present else {}
    order = shop.put_order(body)
    record(shop, order, "replace" if present else "create", "control", before, _summary(order))
    return order


def edit(shop: Shop, order: Order, change: dict[str, Any]) -> dict[str, Any]:
    """Apply `{"set": {field: value}, "lines": {line id: {field: value}}, "add_lines": [line, ...]}`.

    Returns the order's REST body after it. Raises `KeyError` for a line that is not there.
    """
    before, body = _summary(order), copy.deepcopy(order.rest_body())
    body.update(change.get("set") or {})
    lines = {str(line["id"]): line for line in body.get("line_items") or []}
    for line_id, values in (change.get("lines") or {}).items():
        lines[str(line_id)].update(values)
    body["line_items"] = [*lines.values(), *(change.get("add_lines") or [])]
    if "updated_at" not in (change.get("set") or {}):
        body["updated_at"] = shop.now_text()
    changed = shop.put_order(body)
    record(shop, changed, "edit", "control", before, _summary(changed))
    return changed.rest_body()


def cancel(shop: Shop, order: Order, reason: str = "customer", financial_status: str = "voided") -> dict[str, Any]:
    """Cancel an order; Shopify cancels for good."""
    return edit(
        shop,
        order,
        {"set": {"cancelled_at": shop.now_text(), "cancel_reason": reason, "financial_status": financial_status}},
    )


def refund(shop: Shop, order: Order, lines: list[dict[str, Any]], financial_status: str | None) -> dict[str, Any]:
    """Refund quantities `[{"line_item_id", "quantity"}]`; returns the body of the `refunds/create` webhook.

    The financial status becomes `refunded` when nothing is left, else `partially_refunded`, unless one is given.
    """
    quantities = {str(line["id"]): _current(line) for line in order.lines}
    changes: dict[str, dict[str, int]] = {}
    for line in lines:
        key = str(line["line_item_id"])
        quantities[key] = max(0, quantities[key] - int(line["quantity"]))
        changes[key] = {"current_quantity": quantities[key]}
    refund_id, now = shop.next_id(), shop.now_text()
    refund_body: dict[str, Any] = {
        "id": refund_id,
        "admin_graphql_api_id": f"gid://shopify/Refund/{refund_id}",
        "order_id": order.id,
        "created_at": now,
        "processed_at": now,
        "note": None,
        "restock": False,
        "refund_line_items": [
            {"id": shop.next_id(), "line_item_id": int(line["line_item_id"]), "quantity": int(line["quantity"])}
            for line in lines
        ],
        "transactions": [],
        "order_adjustments": [],
    }
    left = any(quantities.values())
    status = financial_status or ("partially_refunded" if left else "refunded")
    refunds = [*(order.body.get("refunds") or []), refund_body]
    edit(shop, order, {"set": {"financial_status": status, "refunds": refunds}, "lines": changes})
    return refund_body


def _current(line: dict[str, Any]) -> int:
    current = line.get("current_quantity")
    return int(line.get("quantity") or 0) if current is None else int(current)


def change_tags(shop: Shop, order: Order, add: list[str], remove: list[str], actor: str) -> None:
    """What another app, or a person in the admin, does to the tags."""
    before = order.tags
    order.tags = add_tags(remove_tags(before, remove), add)
    if order.tags != before:
        shop.touch(order)
    record(shop, order, "tags", actor, {"tags": before}, {"tags": order.tags})


def change_metafields(
    shop: Shop, order: Order, write: list[dict[str, str]], delete: list[dict[str, str]], actor: str
) -> list[str]:
    """What another app does to the metafields: `write` `[{namespace, key, type, value}]`. Returns what was refused."""
    before = metafields.values(order)
    refused = [message for item in write for _, message, _ in metafields.value_problems(item["type"], item["value"])]
    if refused:
        return refused
    for item in write:
        metafields.write(shop, order, item["namespace"], item["key"], item["value"], item["type"])
    for item in delete:
        order.metafields.pop((item["namespace"], item["key"]), None)
    shop.touch(order)
    record(shop, order, "metafields", actor, {"metafields": before}, {"metafields": metafields.values(order)})
    return []


def delete(shop: Shop, order: Order) -> None:
    del shop.orders[order.id]
    record(shop, order, "delete", "control", _summary(order), {})


def expire_tokens(shop: Shop) -> int:
    """Let every client-credentials token run out now; returns how many there were."""
    gone = [text for text, token in shop.tokens.items() if token.expires is not None]
    for text in gone:
        del shop.tokens[text]
    return len(gone)


def app_named(shop: Shop, client_id: str) -> AppConfig | None:
    return next((app for app in shop.config.apps if app.client_id == client_id), None)
