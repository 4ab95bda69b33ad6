"""Signed webhook requests and order bodies as Shopify sends them."""

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson


@dataclass(frozen=True)
class WebhookRequest:
    """Headers and raw body of one delivery, ready to be posted."""

    headers: dict[str, str]
    body: bytes


def sign(body: bytes, secret: str) -> str:
    """base64 of HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def make_webhook(
    topic: str,
    content: dict[str, Any] | bytes,
    *,
    secret: str,
    shop: str,
    api_version: str = "2026-10",
    webhook_id: str | None = None,
    event_id: str | None = None,
    triggered_at: datetime | None = None,
    family: Literal["x-shopify", "shopify"] = "x-shopify",
) -> WebhookRequest:
    """A signed delivery. `family` "shopify" drops the `X-` prefix, as Shopify's Events do."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    prefix = "X-Shopify-" if family == "x-shopify" else "Shopify-"
    at = triggered_at or datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        f"{prefix}Topic": topic,
        f"{prefix}Hmac-Sha256": sign(body, secret),
        f"{prefix}Shop-Domain": shop,
        f"{prefix}API-Version": api_version,
        f"{prefix}Webhook-Id": webhook_id or str(uuid.uuid4()),
        f"{prefix}Event-Id": event_id or str(uuid.uuid4()),
        f"{prefix}Triggered-At": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    return WebhookRequest(headers, body)


def make_line(
    line_id: int,
    sku: str | None,
    *,
    title: str = "Photo print",
    properties: dict[str, str] | list[dict[str, Any]] | None = None,
    quantity: int = 1,
    current_quantity: int | None = None,
    product_id: int | None = 7_000_000_001,
    variant_id: int | None = 8_000_000_001,
    variant_title: str | None = None,
    price: str = "29.90",
    currency: str = "EUR",
) -> dict[str, Any]:
    """One line item of a REST order body."""
    current = quantity if current_quantity is None else current_quantity
    if isinstance(properties, dict):
        properties = [{"name": name, "value": value} for name, value in properties.items()]
    return {
        "id": line_id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line_id}",
        "attributed_staffs": [],
        "current_quantity": current,
        "fulfillable_quantity": current,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": False,
        "grams": 400,
        "name": f"{title} - {variant_title}" if variant_title else title,
        "price": price,
        "price_set": _money(price, currency),
        "product_exists": product_id is not None,
        "product_id": product_id,
        "properties": properties or [],
        "quantity": quantity,
        "requires_shipping": True,
        "sku": sku,
        "taxable": True,
        "title": title,
        "total_discount": "0.00",
        "total_discount_set": _money("0.00", currency),
        "variant_id": variant_id,
        "variant_inventory_management": None,
        "variant_title": variant_title,
        "vendor": "Local print shop",
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }


def make_customer(
    customer_id: int, first_name: str | None = "Ada", last_name: str | None = "Muster", email: str | None = None
) -> dict[str, Any]:
    """The customer of a REST order body; invented."""
    return {
        "id": customer_id,
        "admin_graphql_api_id": f"gid://shopify/Customer/{customer_id}",
        "email": email or f"customer{customer_id}@example.com",
        "first_name": first_name,
        "last_name": last_name,
        "state": "disabled",
        "verified_email": True,
        "tax_exempt": False,
        "phone": None,
        "tags": "",
        "currency": "EUR",
    }


def make_order(
    order_id: int,
    name: str | None = None,
    *,
    line_items: list[dict[str, Any]],
    customer: dict[str, Any] | None = None,
    financial_status: str = "paid",
    created_at: datetime | None = None,
    updated_at: datetime | None = None,
    tags: str = "",
    test: bool = False,
    currency: str = "EUR",
    note_attributes: list[dict[str, str]] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """An order as `orders/paid` and its siblings carry it; `fields` are laid over it. Ids may exceed 2^53.

    Line items come from `make_line`; `created_at` is now when it is not given.
    """
    created = (created_at or datetime.now(UTC)).replace(microsecond=0)
    at, number = created.isoformat(), order_id % 1_000_000
    total = f"{sum(float(line['price']) * line['quantity'] for line in line_items):.2f}"
    address = _address(customer) if customer else None
    body: dict[str, Any] = {
        "id": order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order_id}",
        "app_id": 580111,
        "browser_ip": None,
        "buyer_accepts_marketing": False,
        "cancel_reason": None,
        "cancelled_at": None,
        "cart_token": None,
        "checkout_id": None,
        "closed_at": None,
        "confirmation_number": f"PW{number:07d}",
        "confirmed": True,
        "contact_email": customer["email"] if customer else None,
        "created_at": at,
        "currency": currency,
        "current_subtotal_price": total,
        "current_subtotal_price_set": _money(total, currency),
        "current_total_discounts": "0.00",
        "current_total_price": total,
        "current_total_price_set": _money(total, currency),
        "current_total_tax": "0.00",
        "customer_locale": "en",
        "discount_codes": [],
        "email": customer["email"] if customer else None,
        "estimated_taxes": False,
        "financial_status": financial_status,
        "fulfillment_status": None,
        "landing_site": "/",
        "name": name or f"#{number}",
        "note": None,
        "note_attributes": note_attributes or [],
        "number": number,
        "order_number": number,
        "payment_gateway_names": ["bogus"],
        "phone": None,
        "presentment_currency": currency,
        "processed_at": at,
        "source_name": "web",
        "subtotal_price": total,
        "subtotal_price_set": _money(total, currency),
        "tags": tags,
        "tax_lines": [],
        "taxes_included": False,
        "test": test,
        "total_discounts": "0.00",
        "total_line_items_price": total,
        "total_outstanding": "0.00" if financial_status == "paid" else total,
        "total_price": total,
        "total_price_set": _money(total, currency),
        "total_tax": "0.00",
        "total_weight": 400 * len(line_items),
        "updated_at": (updated_at or created).replace(microsecond=0).isoformat(),
        "user_id": None,
        "billing_address": address,
        "customer": customer,
        "discount_applications": [],
        "fulfillments": [],
        "line_items": line_items,
        "payment_terms": None,
        "refunds": [],
        "shipping_address": address,
        "shipping_lines": [],
    }
    return {**body, **fields}


def _money(amount: str, currency: str) -> dict[str, Any]:
    side = {"amount": amount, "currency_code": currency}
    return {"shop_money": side, "presentment_money": dict(side)}


def _address(customer: dict[str, Any]) -> dict[str, Any]:
    first, last = customer.get("first_name"), customer.get("last_name")
    return {
        "first_name": first,
        "last_name": last,
        "name": " ".join(part for part in (first, last) if part),
        "address1": "Musterweg 1",
        "address2": None,
        "city": "Musterstadt",
        "zip": "00000",
        "province": None,
        "country": "Germany",
        "country_code": "DE",
        "phone": None,
        "company": None,
    }
