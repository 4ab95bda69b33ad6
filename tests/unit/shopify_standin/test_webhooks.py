"""Webhook requests as Shopify signs them."""

import base64
import hashlib
import hmac

import orjson
import pytest
from printworks_local.shopify.webhooks import make_customer, make_line, make_order, make_webhook


def test_the_signature_is_over_the_raw_body() -> None:
    request = make_webhook("orders/paid", {"id": 1}, secret="s", shop="a.myshopify.com")
    expected = base64.b64encode(hmac.new(b"s", request.body, hashlib.sha256).digest()).decode()
    assert request.headers["X-Shopify-Hmac-Sha256"] == expected
    assert request.headers["X-Shopify-Topic"] == "orders/paid"


@pytest.mark.parametrize("family", ["x-shopify", "shopify"])
def test_both_header_families_carry_the_same_names(family: str) -> None:
    kind = "shopify" if family == "shopify" else "x-shopify"
    request = make_webhook("orders/paid", b"{}", secret="s", shop="a.myshopify.com", family=kind)
    names = {"topic", "hmac-sha256", "shop-domain", "api-version", "webhook-id", "event-id", "triggered-at"}
    assert {f"{family}-{name}" for name in names} <= {header.lower() for header in request.headers}


def test_an_order_body_keeps_ids_beyond_2_to_the_53() -> None:
    body = make_order(2**53 + 1, line_items=[make_line(2**60, "PW-PHOTO")], customer=make_customer(3))
    again = orjson.loads(orjson.dumps(body))
    assert again["id"] == 9007199254740993
    assert again["admin_graphql_api_id"] == "gid://shopify/Order/9007199254740993"
    assert again["line_items"][0]["id"] == 2**60
