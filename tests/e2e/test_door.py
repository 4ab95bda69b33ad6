"""What does not belong in is refused at the door, with a reason, a count, and nothing published."""

import asyncio
import json
import re
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest
from printworks_common.events.topics import Topic, dead_letter_topic
from printworks_local.evidence import read_topic
from printworks_local.shop_floor import ShopFloor
from printworks_local.shopify.webhooks import WebhookRequest, make_webhook
from printworks_local.traffic import make_orders, wait_until_tagged

ORDER = {"id": 77, "name": "#77"}
MIB = 1024 * 1024

Make = Callable[[ShopFloor], WebhookRequest]


def without(name: str) -> Make:
    """A good webhook that lacks a header."""

    def make(floor: ShopFloor) -> WebhookRequest:
        request = floor.webhook("orders/paid", ORDER)
        return WebhookRequest({key: value for key, value in request.headers.items() if key != name}, request.body)

    return make


def signed(body: bytes) -> Make:
    return lambda floor: floor.webhook("orders/paid", body)


def wrongly_signed(floor: ShopFloor) -> WebhookRequest:
    return make_webhook("orders/paid", ORDER, secret="not the secret", shop=floor.shop.domain)


def of_unknown_shop(floor: ShopFloor) -> WebhookRequest:
    return make_webhook("orders/paid", ORDER, secret=floor.shop.client_secret, shop="stranger.myshopify.com")


def altered(floor: ShopFloor) -> WebhookRequest:
    request = floor.webhook("orders/paid", ORDER)
    return WebhookRequest(request.headers, request.body + b" ")


REFUSED: list[Any] = [
    pytest.param(wrongly_signed, 401, "signature_wrong", id="wrong signature"),
    pytest.param(altered, 401, "signature_wrong", id="body altered by one byte"),
    pytest.param(without("X-Shopify-Hmac-Sha256"), 401, "signature_missing", id="no signature"),
    pytest.param(of_unknown_shop, 401, "shop_unknown", id="unknown shop"),
    pytest.param(without("X-Shopify-Topic"), 400, "missing_header", id="no topic"),
    pytest.param(without("X-Shopify-Shop-Domain"), 400, "missing_header", id="no shop"),
    pytest.param(without("X-Shopify-Webhook-Id"), 400, "missing_header", id="no webhook id"),
    pytest.param(without("X-Shopify-API-Version"), 400, "missing_header", id="no API version"),
    pytest.param(signed(b'{"id": 77, "line_it'), 400, "not_json", id="truncated JSON"),
    pytest.param(signed(b"[1, 2, 3]"), 400, "not_json", id="JSON that is no object"),
    pytest.param(signed(b""), 400, "not_json", id="empty body"),
    pytest.param(signed(b'{"a":' * 10_000 + b"1" + b"}" * 10_000), 400, "not_json", id="10,000 nested levels"),
    pytest.param(signed(b'{"a": "' + b"x" * (4 * MIB) + b'"}'), 413, "too_large", id="above 4 MB"),
]


async def outcomes(floor: ShopFloor) -> dict[str, float]:
    """Webhooks counted by outcome."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"{floor.printworks.ingest_url}/metrics")).text
    found: dict[str, float] = {}
    for labels, value in re.findall(r"^printworks_ingest_webhooks_total\{(.*)\} (\S+)$", text, re.MULTILINE):
        outcome = re.search(r'outcome="([^"]*)"', labels)
        if outcome is not None:
            found[outcome.group(1)] = found.get(outcome.group(1), 0) + float(value)
    return found


async def published(floor: ShopFloor) -> int:
    """Records that came through the door, on all topics it publishes to."""
    bootstrap = floor.printworks.info.kafka_bootstrap
    topics = (Topic.ORDERS, Topic.ORDER_REREADS)
    events = [event for topic in topics for event in await read_topic(bootstrap, topic)]
    return sum("receiver" in event.source for event in events)


@pytest.mark.parametrize(("make", "status", "code"), REFUSED)
async def test_it_is_refused_with_a_problem_document_and_a_count_and_nothing_is_published(
    floor: ShopFloor, make: Make, status: int, code: str
) -> None:
    before, counted = await published(floor), await outcomes(floor)
    answer = await floor.send(make(floor))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["detail"]
    assert (await outcomes(floor)).get(code, 0) == counted.get(code, 0) + 1
    assert await published(floor) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_answered_405_with_the_one_that_is_allowed(floor: ShopFloor, method: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.request(method, f"{floor.printworks.ingest_url}/webhooks/shopify")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_order_too_large_for_the_door_is_found_by_the_reconciler(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    (body,) = make_orders(order_id, 1, addresses, lambda _: 1)
    await floor.shopify.put_order(body)
    large = json.dumps(body | {"note": "x" * (4 * MIB)}).encode()
    assert (await floor.send(floor.webhook("orders/paid", large))).status_code == 413
    await wait_until_tagged(floor, [order_id], seconds=60)


async def test_a_signed_object_of_unexpected_shape_is_taken_in_kept_as_a_dead_letter_and_read_again_by_id(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    (body,) = make_orders(order_id, 1, addresses, lambda _: 1)
    await floor.shopify.put_order(body)
    strange = {"id": order_id, "line_items": "none of your business", "marker": f"strange {order_id}"}
    answer = await floor.send(floor.webhook("orders/paid", strange))
    assert answer.status_code == 200

    bootstrap = floor.printworks.info.kafka_bootstrap
    letters = await read_topic(bootstrap, dead_letter_topic(Topic.ORDERS, "receiver"))
    (letter,) = [one for one in letters if one.data.get("marker") == strange["marker"]]
    assert letter.headers["pw_dlq_error_code"] == "unreadable_order"
    assert letter.headers["pw_dlq_error"]
    rereads = await read_topic(bootstrap, Topic.ORDER_REREADS)
    assert [one.data["reason"] for one in rereads if one.data["order_id"] == str(order_id)] == ["unreadable"]
    async with asyncio.timeout(60):
        await wait_until_tagged(floor, [order_id], seconds=60)


async def test_headers_of_shopify_events_without_the_x_are_understood(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    (body,) = make_orders(order_id, 1, addresses, lambda _: 1)
    await floor.shopify.put_order(body)
    assert (await floor.send(floor.webhook("orders/paid", body, family="shopify"))).status_code == 200
    await wait_until_tagged(floor, [order_id], seconds=60)
