"""Shopify's compliance webhooks to our privacy events. Pure.

A person is told apart by order ids alone: e-mail and phone, which these bodies carry, are never copied, because nothing
that we keep could be found by them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from printworks_common.events.control import PrivacyRequested

from printworks_ingest.orders import positive_id

PRIVACY_KINDS: Mapping[str, Literal["erase_customer", "erase_shop", "export_customer"]] = {
    "customers/data_request": "export_customer",
    "customers/redact": "erase_customer",
    "shop/redact": "erase_shop",
}

_ORDERS = {"customers/data_request": "orders_requested", "customers/redact": "orders_to_redact"}


def privacy_request(shop: str, topic: str, body: Mapping[str, Any], webhook_id: str, now: datetime) -> PrivacyRequested:
    """The event of a compliance webhook. The request is named by Shopify's own id of it, or by the webhook's."""
    named = body.get("data_request")
    number = positive_id(named.get("id")) if isinstance(named, Mapping) else None
    orders = body.get(_ORDERS.get(topic, ""))
    found = (positive_id(one) for one in orders) if isinstance(orders, list) else ()
    return PrivacyRequested(
        shop=shop,
        kind=PRIVACY_KINDS[topic],
        request_id=number or webhook_id,
        order_ids=tuple(dict.fromkeys(one for one in found if one is not None)),
        requested_at=now,
    )


def shop_in(body: Mapping[str, Any]) -> str | None:
    """The shop that a compliance webhook or `app/uninstalled` speaks of, if the body names one."""
    for name in ("shop_domain", "myshopify_domain"):
        value = body.get(name)
        if isinstance(value, str) and value:
            return value.lower()
    return None
