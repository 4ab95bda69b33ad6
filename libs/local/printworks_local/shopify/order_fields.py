"""Fields of Order, LineItem, Customer, Metafield and what hangs below them, from the order's REST body."""

from collections.abc import Iterable
from typing import Any, cast

import orjson
from graphql import GraphQLError

from printworks_local.shopify.connections import connection
from printworks_local.shopify.fields import RequestContext, from_source, resolver
from printworks_local.shopify.metafields import definition_of, full_namespace
from printworks_local.shopify.state import Metafield, Order, utc_text


def gid(kind: str, number: object) -> str:
    return f"gid://shopify/{kind}/{number}"


def attributes_of(properties: object) -> list[dict[str, str | None]]:
    """Line-item properties in any of the shapes seen (list of objects, list of pairs, object) as `[{key, value}]`."""
    pairs: Iterable[tuple[object, object]] = ()
    if isinstance(properties, dict):
        pairs = cast("dict[object, object]", properties).items()
    elif isinstance(properties, list):
        pairs = [
            (cast("dict[str, object]", item).get("name"), cast("dict[str, object]", item).get("value"))
            if isinstance(item, dict)
            else (cast("list[object]", item)[0], cast("list[object]", item)[1])
            for item in cast("list[object]", properties)
        ]
    return [{"key": str(name), "value": _text(value)} for name, value in pairs]


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def money_bag(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A MoneyBag out of `<name>_set` or `<name>` of a REST body."""
    plain = {"amount": str(body.get(name) or "0.00"), "currencyCode": body.get("currency") or "EUR"}
    bag = cast("dict[str, Any]", body.get(f"{name}_set") or {})
    return {
        side: {"amount": bag[rest]["amount"], "currencyCode": bag[rest]["currency_code"]} if rest in bag else plain
        for side, rest in (("shopMoney", "shop_money"), ("presentmentMoney", "presentment_money"))
    }


def customer_view(body: dict[str, Any]) -> dict[str, Any] | None:
    """Customer as GraphQL shows it; a customer with an e-mail only has it as display name."""
    customer = cast("dict[str, Any] | None", body.get("customer"))
    if not customer:
        return None
    first, last = customer.get("first_name"), customer.get("last_name")
    name = " ".join(part for part in (first, last) if part)
    return {
        "__typename": "Customer",
        "id": customer.get("admin_graphql_api_id") or gid("Customer", customer.get("id")),
        "legacyResourceId": str(customer.get("id")),
        "displayName": name or customer.get("email") or "",
        "firstName": first,
        "lastName": last,
        "email": customer.get("email"),
    }


def line_view(line: dict[str, Any]) -> dict[str, Any]:
    """LineItem as GraphQL shows it."""
    product, variant = line.get("product_id"), line.get("variant_id")
    quantity = int(line.get("quantity") or 0)
    current = line.get("current_quantity")
    return {
        "__typename": "LineItem",
        "id": line.get("admin_graphql_api_id") or gid("LineItem", line["id"]),
        "name": line.get("name") or line.get("title") or "",
        "title": line.get("title") or "",
        "variantTitle": line.get("variant_title"),
        "sku": line.get("sku"),
        "vendor": line.get("vendor"),
        "quantity": quantity,
        "currentQuantity": quantity if current is None else int(current),
        "fulfillableQuantity": int(line.get("fulfillable_quantity") or 0),
        "requiresShipping": bool(line.get("requires_shipping", True)),
        "isGiftCard": bool(line.get("gift_card")),
        "taxable": bool(line.get("taxable", True)),
        "customAttributes": attributes_of(line.get("properties")),
        "originalUnitPriceSet": money_bag(line, "price"),
        "product": product_view(line) if product else None,
        "variant": {
            "__typename": "ProductVariant",
            "id": gid("ProductVariant", variant),
            "legacyResourceId": str(variant),
            "title": line.get("variant_title") or "Default Title",
            "displayName": line.get("name") or "",
            "sku": line.get("sku"),
        }
        if variant
        else None,
    }


def product_view(line: dict[str, Any]) -> dict[str, Any] | None:
    """Product of a line; null once the product was deleted."""
    if line.get("product_exists") is False:
        return None
    number = line["product_id"]
    return {
        "__typename": "Product",
        "id": gid("Product", number),
        "legacyResourceId": str(number),
        "title": line.get("title") or "",
        "vendor": line.get("vendor") or "",
    }


def transactions(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The order's transactions; an order body that lists none but was paid has one sale at its processing time."""
    listed = cast("list[dict[str, Any]]", body.get("transactions") or [])
    paid = ("paid", "partially_refunded", "refunded", "partially_paid")
    if not listed and body.get("financial_status") in paid:
        at = body.get("processed_at") or body.get("created_at")
        listed = [{"id": body["id"], "kind": "sale", "status": "success", "created_at": at, "processed_at": at}]
    return [
        {
            "__typename": "OrderTransaction",
            "id": gid("OrderTransaction", item["id"]),
            "kind": str(item.get("kind") or "sale").upper(),
            "status": str(item.get("status") or "success").upper(),
            "createdAt": utc_text(item.get("created_at")),
            "processedAt": utc_text(item.get("processed_at") or item.get("created_at")),
            "test": bool(body.get("test")),
        }
        for item in listed
    ]


def refunds(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "__typename": "Refund",
            "id": gid("Refund", item["id"]),
            "legacyResourceId": str(item["id"]),
            "createdAt": utc_text(item.get("created_at")),
            "processedAt": utc_text(item.get("processed_at") or item.get("created_at")),
            "note": item.get("note"),
        }
        for item in cast("list[dict[str, Any]]", body.get("refunds") or [])
    ]


def _status(body: dict[str, Any]) -> str | None:
    status = body.get("financial_status")
    return str(status).upper() if status else None


from_source(
    "Order",
    id=lambda o: o.gid,
    legacyResourceId=lambda o: str(o.id),
    name=lambda o: o.body.get("name") or f"#{o.id}",
    number=lambda o: o.body.get("number") or 0,
    createdAt=lambda o: utc_text(o.body.get("created_at")),
    updatedAt=lambda o: utc_text(o.body.get("updated_at") or o.body.get("created_at")),
    processedAt=lambda o: utc_text(o.body.get("processed_at") or o.body.get("created_at")),
    cancelledAt=lambda o: utc_text(o.body.get("cancelled_at")),
    cancelReason=lambda o: str(o.body["cancel_reason"]).upper() if o.body.get("cancel_reason") else None,
    closedAt=lambda o: utc_text(o.body.get("closed_at")),
    closed=lambda o: bool(o.body.get("closed_at")),
    confirmed=lambda o: bool(o.body.get("confirmed", True)),
    displayFinancialStatus=lambda o: _status(o.body),
    displayFulfillmentStatus=lambda o: str(o.body.get("fulfillment_status") or "unfulfilled").upper(),
    fullyPaid=lambda o: o.body.get("financial_status") == "paid",
    unpaid=lambda o: o.body.get("financial_status") in ("pending", "authorized"),
    test=lambda o: bool(o.body.get("test")),
    note=lambda o: o.body.get("note"),
    tags=lambda o: o.tags,
    sourceName=lambda o: o.body.get("source_name"),
    currencyCode=lambda o: o.body.get("currency") or "EUR",
    customAttributes=lambda o: [{"key": key, "value": value} for key, value in o.attributes],
    customer=lambda o: customer_view(o.body),
    totalPriceSet=lambda o: money_bag(o.body, "total_price"),
    currentTotalPriceSet=lambda o: money_bag(o.body, "current_total_price"),
    subtotalLineItemsQuantity=lambda o: sum(int(line.get("quantity") or 0) for line in o.lines),
    currentSubtotalLineItemsQuantity=lambda o: sum(line_view(line)["currentQuantity"] for line in o.lines),
)


@resolver("Order", "lineItems")
def _line_items(order: Order, _context: RequestContext, args: dict[str, Any]) -> Any:
    places = {line_view(line)["id"]: place for place, line in enumerate(order.lines)}
    lines = [line_view(line) for line in order.lines]
    return connection(lines, args, lambda line: (places[line["id"]], 0), reverse=bool(args.get("reverse")))


@resolver("Order", "transactions")
def _transactions(order: Order, _context: RequestContext, args: dict[str, Any]) -> Any:
    return transactions(order.body)[: args.get("first")]


@resolver("Order", "refunds")
def _refunds(order: Order, _context: RequestContext, args: dict[str, Any]) -> Any:
    return refunds(order.body)[: args.get("first")]


@resolver("Order", "metafield")
def _metafield(order: Order, context: RequestContext, args: dict[str, Any]) -> Any:
    namespace, key = args.get("namespace"), args["key"]
    if namespace is None and "." in key:
        namespace, key = key.split(".", 1)
    return order.metafields.get((full_namespace(namespace, context.app), key))


@resolver("Order", "metafields")
def _metafields(order: Order, context: RequestContext, args: dict[str, Any]) -> Any:
    found = list(order.metafields.values())
    if args.get("namespace"):
        namespace = full_namespace(args["namespace"], context.app)
        found = [metafield for metafield in found if metafield.namespace == namespace]
    if args.get("keys"):
        wanted = set(args["keys"])
        found = [m for m in found if f"{m.namespace}.{m.key}" in wanted or (args.get("namespace") and m.key in wanted)]
    return connection(found, args, lambda metafield: (metafield.id, 0), reverse=bool(args.get("reverse")))


def _json_value(metafield: Metafield) -> Any:
    kind = metafield.type
    if kind.startswith("list.") or kind in ("json", "boolean", "number_integer"):
        return orjson.loads(metafield.value)
    return metafield.value


from_source(
    "Metafield",
    id=lambda m: gid("Metafield", m.id),
    legacyResourceId=lambda m: str(m.id),
    namespace=lambda m: m.namespace,
    key=lambda m: m.key,
    type=lambda m: m.type,
    value=lambda m: m.value,
    jsonValue=_json_value,
    compareDigest=lambda m: m.digest,
    createdAt=lambda m: m.created_at,
    updatedAt=lambda m: m.updated_at,
    ownerType=lambda _: "ORDER",
    owner=lambda m: m.owner,
    sizeInBytes=lambda m: len(m.value.encode()),
)


@resolver("Metafield", "definition")
def _definition(metafield: Metafield, context: RequestContext, _args: dict[str, Any]) -> Any:
    return definition_of(context.shop, metafield.namespace, metafield.key)


def parse_gid(text: str) -> tuple[str, int]:
    """`(kind, number)` of a gid; raises Shopify's error for anything else."""
    parts = text.split("/")
    if len(parts) != 5 or parts[:3] != ["gid:", "", "shopify"] or not parts[4].isdigit():
        raise GraphQLError(f"Invalid global id '{text}'", extensions={"code": "INVALID_VARIABLE"})
    return parts[3], int(parts[4])
