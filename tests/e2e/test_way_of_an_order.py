"""From a paid order to files that open, seen as merchant and fulfilment see it."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

from printworks_local.demo.files import fetch_files
from printworks_local.evidence import collect
from printworks_local.invariants import broken_promises
from printworks_local.pictures import PictureServer, photographs
from printworks_local.products import PHOTO_PROPERTY
from printworks_local.shop_floor import ShopFloor
from printworks_local.shopify.webhooks import make_customer, make_line, make_order
from printworks_local.traffic import SMALL, make_orders, send_orders, wait_until_tagged

READY_SECONDS = 60


def customised_line(line_id: int, picture: str) -> dict[str, Any]:
    return make_line(line_id, SMALL.sku, properties={PHOTO_PROPERTY: picture})


def plain_line(line_id: int) -> dict[str, Any]:
    return make_line(line_id, "MUG-WHITE", title="White mug", product_id=7_000_000_900, variant_id=8_000_000_900)


def is_ready(order: dict[str, Any]) -> bool:
    return order["artwork_status"] == "ready"


def has_failed(order: dict[str, Any]) -> bool:
    return order["artwork_status"] == "failed"


async def settled(floor: ShopFloor, after: int, addresses: list[str]) -> None:
    """Until an order that was sent after everything else is ready: whatever came before it has been decided on."""
    (marker,) = make_orders(after, 1, addresses, lambda _: 1)
    await send_orders(floor, [marker])
    await wait_until_tagged(floor, [after], seconds=READY_SECONDS)


async def test_a_paid_order_gets_tag_metafields_and_links_that_open(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]", tmp_path: Path
) -> None:
    order_id = next(next_order_id)
    bodies = make_orders(order_id, 1, addresses, lambda _: 3)
    sent = await send_orders(floor, bodies)
    states = await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)

    evidence = await collect(floor, [order_id])
    assert broken_promises(sent, states, evidence) == []
    links = states[order_id].artwork_files or []
    files, problems = await fetch_files(floor, links, evidence.api[order_id], tmp_path)
    assert problems == []
    assert [file.format for file in files] == ["pdf"] * 3


async def test_every_file_of_a_print_job_opens_without_signing_in(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]", tmp_path: Path
) -> None:
    order_id = next(next_order_id)
    await send_orders(floor, make_orders(order_id, 1, addresses, lambda _: 1))
    await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)
    order = await floor.shown(order_id, is_ready)
    assert order is not None
    described = order["jobs"][0]["files"]
    files, problems = await fetch_files(floor, [file["url"] for file in described], order, tmp_path)
    assert problems == []
    assert {file.role for file in files} == {"print", "preview", "thumbnail"}


async def test_what_is_written_on_shopify_is_known_here(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    await send_orders(floor, make_orders(order_id, 1, addresses, lambda _: 1))
    await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)
    order = await floor.shown(order_id, lambda one: is_ready(one) and not one["shopify"]["waiting"])
    assert order is not None
    shopify = order["shopify"]
    assert (shopify["waiting"], shopify["written_status"], shopify["reason_code"]) == (False, "ready", None)


async def test_the_same_webhook_three_times_makes_one_set_of_files(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    (body,) = make_orders(order_id, 1, addresses, lambda _: 1)
    await floor.shopify.put_order(body)
    request = floor.webhook("orders/paid", body)
    answers = await asyncio.gather(*(floor.send(request) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)
    await settled(floor, next(next_order_id), addresses)

    evidence = await collect(floor, [order_id])
    assert len({event.event_id for event in evidence.orders if "receiver" in event.source}) == 1
    assert [job["artwork_version"] for job in evidence.api[order_id]["jobs"]] == [1]
    assert len(evidence.requests) == 1


async def test_an_order_that_is_not_paid_is_not_touched(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    body = make_order(order_id, line_items=[customised_line(order_id * 10, addresses[0])], financial_status="pending")
    await floor.shopify.put_order(body)
    assert (await floor.send(floor.webhook("orders/create", body))).status_code == 200
    await settled(floor, next(next_order_id), addresses)
    assert (await floor.on_shopify(order_id)).untouched
    evidence = await collect(floor, [order_id])
    assert evidence.requests == []
    assert evidence.journal[order_id] == []


async def test_an_order_with_nothing_customised_is_not_touched(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    await floor.order_paid(make_order(order_id, line_items=[plain_line(order_id * 10)]))
    await settled(floor, next(next_order_id), addresses)
    assert (await floor.on_shopify(order_id)).untouched
    evidence = await collect(floor, [order_id])
    assert evidence.requests == []
    assert evidence.journal[order_id] == []


async def test_only_the_customised_lines_of_a_mixed_order_are_printed(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    lines = [plain_line(order_id * 10), customised_line(order_id * 10 + 1, addresses[0])]
    await floor.order_paid(make_order(order_id, line_items=lines, customer=make_customer(order_id)))
    await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)
    order = await floor.shown(order_id, is_ready)
    assert order is not None
    assert [job["line_item_id"] for job in order["jobs"]] == [str(order_id * 10 + 1)]


async def test_a_dead_link_fails_with_its_reason_and_a_retry_after_the_repair_makes_the_order_ready(
    floor: ShopFloor, pictures: PictureServer, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    name = f"lost-{order_id}.jpg"
    lines = [customised_line(order_id * 10, addresses[0]), customised_line(order_id * 10 + 1, pictures.url(name))]
    await floor.order_paid(make_order(order_id, line_items=lines))
    await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS, tag="pw-artwork-failed")
    order = await floor.shown(order_id, has_failed)
    assert order is not None
    failed = [job for job in order["jobs"] if job["status"] == "failed"]
    assert [job["reason_code"] for job in failed] == ["upload_missing"]
    assert failed[0]["reason"]
    assert failed[0]["advice"]
    assert (await floor.on_shopify(order_id)).artwork_files is None

    pictures.put_file(photographs()[0], name)
    await floor.retry(failed[0]["job_id"])
    await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)


async def test_a_cancelled_order_loses_tag_and_metafields(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    await send_orders(floor, make_orders(order_id, 1, addresses, lambda _: 1))
    await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)
    body = await floor.shopify.cancel(order_id)
    assert (await floor.send(floor.webhook("orders/cancelled", body))).status_code == 200
    async with asyncio.timeout(READY_SECONDS):
        while not (await floor.on_shopify(order_id)).untouched:  # noqa: ASYNC110 - Shopify tells nobody
            await asyncio.sleep(0.2)
