"""Compliance webhooks to privacy events: order ids, and nothing else that belongs to a person."""

from datetime import UTC, datetime
from typing import Any

import pytest
from printworks_ingest.privacy import privacy_request, shop_in

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SHOP = "example.myshopify.com"
CUSTOMER = {"id": 191167, "email": "canary@example.com", "phone": "+49 555 0000"}


def request(topic: str, **body: Any) -> Any:
    return privacy_request(SHOP, topic, {"shop_id": 1, "shop_domain": SHOP, **body}, "webhook-1", NOW)


def test_a_request_for_data_is_named_by_shopifys_own_id() -> None:
    event = request("customers/data_request", customer=CUSTOMER, orders_requested=[1, "2"], data_request={"id": 9999})
    assert (event.kind, event.request_id, event.order_ids) == ("export_customer", "9999", ("1", "2"))


def test_an_erasure_has_no_id_but_that_of_its_webhook() -> None:
    event = request("customers/redact", customer=CUSTOMER, orders_to_redact=[3])
    assert (event.kind, event.request_id, event.order_ids) == ("erase_customer", "webhook-1", ("3",))


def test_a_shop_is_erased_as_a_whole() -> None:
    assert request("shop/redact").kind == "erase_shop"


@pytest.mark.parametrize("customer", [CUSTOMER, {"email": "canary@example.com"}, None])
def test_neither_e_mail_nor_phone_nor_customer_id_is_passed_on(customer: Any) -> None:
    told = request("customers/redact", customer=customer, orders_to_redact=[3]).model_dump_json()
    assert not any(secret in told for secret in ("canary", "555", "191167"))


@pytest.mark.parametrize("orders", [None, "none", {}, [None, True, -1, "x", {"id": 1}, 2**64]])
def test_orders_that_cannot_be_read_leave_a_request_without_orders_never_an_error(orders: Any) -> None:
    assert request("customers/redact", orders_to_redact=orders).order_ids == ()


def test_an_order_that_is_listed_twice_is_named_once() -> None:
    assert request("customers/redact", orders_to_redact=[3, 3, 4]).order_ids == ("3", "4")


@pytest.mark.parametrize(
    ("body", "shop"),
    [({"shop_domain": "A.myshopify.com"}, "a.myshopify.com"), ({"myshopify_domain": SHOP}, SHOP), ({"id": 1}, None)],
)
def test_the_shop_that_a_body_speaks_of(body: dict[str, Any], shop: str | None) -> None:
    assert shop_in(body) == shop
