"""A person who is erased is found nowhere: a canary is put through the whole way, and looked for in every place."""

import asyncio
import time
from collections.abc import AsyncGenerator
from itertools import count
from typing import Any

import httpx
import pytest
import pytest_asyncio
from printworks_local.evidence import read_objects
from printworks_local.pictures import PictureServer
from printworks_local.products import PHOTO_PROPERTY, TEXT_PROPERTY
from printworks_local.shop_floor import ShopFloor
from printworks_local.shopify.webhooks import make_customer, make_line, make_order
from printworks_local.traffic import SMALL, make_orders, send_orders, wait_until_tagged
from printworks_local.up import Printworks

from tests.e2e.canary import Canary, let_topics_run_out

SECONDS = 120

DATABASE = {"render.orders", "jobs_api.orders", "jobs_api.jobs", "jobs_api.exports", "jobs_api.holds"}
TOPICS = {
    "printworks.orders.v1",
    "printworks.render-requests.v1",
    "printworks.print-jobs.v1",
    "printworks.orders.v1.receiver.dlq",
}


@pytest.fixture
def canary(printworks: Printworks) -> Canary:
    return Canary(printworks)


@pytest_asyncio.fixture(loop_scope="session")
async def topics_that_run_out(printworks: Printworks) -> AsyncGenerator[str]:
    """The brokers; afterwards topics keep their records again."""
    bootstrap = printworks.info.kafka_bootstrap
    yield bootstrap
    await let_topics_run_out(bootstrap, soon=False)


def order_of(canary: Canary, order_id: int, picture: str) -> dict[str, Any]:
    properties = {PHOTO_PROPERTY: picture, TEXT_PROPERTY: canary.word}
    line = make_line(
        order_id * 10, SMALL.sku, title=SMALL.title, properties=properties,
        product_id=7_000_000_500, variant_id=8_000_000_500,
    )  # fmt: skip
    customer = make_customer(order_id, first_name=canary.word, email=f"{canary.word}@example.com")
    return make_order(order_id, f"#{order_id}", line_items=[line], customer=customer)


async def asked(floor: ShopFloor, canary: Canary, order: dict[str, Any], page: str) -> list[httpx.Response]:
    """What the API and the line's page say of the order, and of whoever is searched for under the canary's name."""
    job = order["jobs"][0]
    ways = [f"/v1/orders/{order['order_id']}", f"/v1/print-jobs/{job['job_id']}", "/v1/exports", "/v1/holds"]
    answers = [await floor.api.get(way) for way in ways]
    answers.append(await floor.api.get("/v1/print-jobs", params={"q": canary.word}))
    async with httpx.AsyncClient(timeout=30, trust_env=False) as stranger:
        answers.append(await stranger.get(page))
    return answers


async def page_links(floor: ShopFloor, order_id: int) -> list[str]:
    """Pages of line items that stand in the order's attributes."""
    attributes = (await floor.shopify.order(order_id))["attributes"]
    return [one["value"] for one in attributes if "/lines/" in one["value"]]


async def finished(floor: ShopFloor, request_id: str) -> dict[str, Any]:
    """The request in the report, once every service has answered."""
    deadline = time.monotonic() + SECONDS
    while True:
        answer = await floor.api.get("/v1/privacy-requests", params={"limit": 200})
        answer.raise_for_status()
        found = [one for one in answer.json()["items"] if one["request_id"] == request_id]
        if found and (found[0]["done_at"] is not None or time.monotonic() > deadline):
            return found[0]
        assert time.monotonic() < deadline, "the request is in the report"
        await asyncio.sleep(0.3)


async def test_a_canary_is_found_everywhere_before_and_nowhere_after_it_was_erased(
    floor: ShopFloor,
    canary: Canary,
    pictures: PictureServer,
    addresses: list[str],
    next_order_id: "count[int]",
    topics_that_run_out: str,
) -> None:
    order_id, unreadable_id, marker = (next(next_order_id) for _ in range(3))
    body = order_of(canary, order_id, canary.picture(pictures))
    webhook = floor.webhook("orders/paid", body)
    await floor.shopify.put_order(body)
    assert (await floor.send(webhook)).status_code == 200
    # A body that no order can be read from lies among the dead letters as it came.
    unreadable = {**order_of(canary, unreadable_id, "https://pictures.invalid/x.jpg"), "created_at": None}
    assert (await floor.send(floor.webhook("orders/paid", unreadable))).status_code == 200
    order = await floor.shown(order_id, lambda one: one["artwork_status"] in {"ready", "failed"}, seconds=SECONDS)
    assert order is not None
    assert [job["reason"] for job in order["jobs"]] == [None]
    await wait_until_tagged(floor, [order_id], seconds=SECONDS)
    export = await floor.api.post("/v1/exports", json={"filter": {"q": canary.word}})
    hold = await floor.api.post("/v1/holds", json={"order_id": str(order_id), "reason": f"{canary.word} is away"})
    assert (export.status_code, hold.status_code) == (202, 201)
    links = [file["url"] for file in order["jobs"][0]["files"]]
    [page] = await page_links(floor, order_id)

    # The positive controls: who looks for it finds it in each kind of place.
    assert await canary.in_database() >= DATABASE
    assert len(await canary.in_bucket()) == 1, "the customer's picture"
    assert await canary.in_topics() == TOPICS
    assert len(canary.in_answers(await asked(floor, canary, order, page))) >= 4
    assert canary.in_logs() == set(), "logs never have it"

    redact = floor.webhook(
        "customers/redact",
        {
            "shop_id": 1,
            "shop_domain": floor.shop.domain,
            "customer": {"id": order_id, "email": f"{canary.word}@example.com", "phone": None},
            "orders_to_redact": [order_id, unreadable_id],
        },
    )
    assert (await floor.send(redact)).status_code == 200
    request = await finished(floor, redact.headers["X-Shopify-Webhook-Id"])
    assert request["waits_for"] == []

    await nowhere(floor, canary, order, page)
    assert await objects_of(floor, order_id) == []
    async with httpx.AsyncClient(timeout=30, trust_env=False) as stranger:
        assert {(await stranger.get(link)).status_code for link in links} == {410}
    on_shopify = await floor.on_shopify(order_id)
    assert (on_shopify.artwork_files, on_shopify.tags) == (None, ["pw-artwork-ready"])
    assert await page_links(floor, order_id) == []
    # The read model empties the order by itself; the coordinator's snapshot then says what happened.
    shown = await floor.shown(order_id, lambda one: bool(one["jobs"][0]["timeline"]), seconds=SECONDS)
    assert shown is not None
    [job] = shown["jobs"]
    assert (job["status"], job["timeline"][-1]["event"]) == ("cleared", "erased")

    # What comes again from outside brings nothing back: the same delivery, the same order anew, and a sweep.
    again = {**body, "updated_at": make_order(order_id, "#x", line_items=[])["updated_at"], "note": "edited"}
    await floor.shopify.put_order(again)
    for delivery in (webhook, floor.webhook("orders/paid", body), floor.webhook("orders/updated", again)):
        assert (await floor.send(delivery)).status_code == 200
    await send_orders(floor, make_orders(marker, 1, addresses, lambda _: 1))
    await wait_until_tagged(floor, [marker], seconds=SECONDS)
    await nowhere(floor, canary, order, page)
    assert await objects_of(floor, order_id) == []

    await let_topics_run_out(topics_that_run_out, soon=True)
    deadline, left = time.monotonic() + SECONDS, TOPICS
    while left and time.monotonic() < deadline:
        left = await canary.in_topics()
    assert left == set()
    assert canary.in_logs() == set()


async def nowhere(floor: ShopFloor, canary: Canary, order: dict[str, Any], page: str) -> None:
    assert await canary.in_database() == set()
    assert await canary.in_bucket() == set()
    assert canary.in_answers(await asked(floor, canary, order, page)) == set()
    assert canary.in_logs() == set()


async def objects_of(floor: ShopFloor, order_id: int) -> list[str]:
    return sorted(await read_objects(floor.printworks.info, {str(order_id)}))
