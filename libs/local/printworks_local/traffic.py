"""Many small orders at once, sent as Shopify sends them: a webhook that is not answered 200 comes again."""

import asyncio
import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from PIL import Image

from printworks_local.pictures import PictureServer, photographs
from printworks_local.products import PHOTO_PROPERTY, TEXT_PROPERTY, Product, photo_template
from printworks_local.shop_floor import ShopFloor, ShopifyOrder, read_order
from printworks_local.shopify.webhooks import make_customer, make_line, make_order

SMALL = Product(
    "PW-SMALL",
    "Small print",
    "small-print",
    "photo",
    photo_template("small-print", "Small print 6 x 4 cm", width_mm=60, height_mm=40, dpi=100),
    takes_text=True,
)
"""A real render that takes little time: what is measured is the way, not the printing."""

OTHER_TAG = "vip"
"""Another app's tag, on every third order: it must still be there at the end."""

DELIVERIES_AT_ONCE = 32
RETRY_SECONDS = 0.5
READY_TAG = "pw-artwork-ready"


@dataclass(frozen=True, slots=True)
class Sent:
    """An order that was answered 200. Times are of the monotonic clock."""

    order_id: int
    webhook_id: str
    lines: int
    sent_at: float
    accepted_at: float
    tries: int
    other_tags: tuple[str, ...]


def put_small_pictures(pictures: PictureServer, width: int = 900) -> list[str]:
    """The photographs, scaled down, on the picture server; returns their addresses."""
    addresses: list[str] = []
    for path in photographs():
        with Image.open(path) as photo:
            small = photo.convert("RGB")
            small.thumbnail((width, width))
            buffer = io.BytesIO()
            small.save(buffer, "JPEG", quality=85)
        addresses.append(pictures.put(f"small-{path.stem}.jpg", buffer.getvalue()))
    return addresses


def make_orders(
    first_order_id: int, count: int, addresses: Sequence[str], lines: Callable[[int], int], product: Product = SMALL
) -> list[Any]:
    """Bodies of `count` paid orders; `lines(n)` says how many customised lines the n-th has."""
    bodies: list[dict[str, Any]] = []
    for number in range(count):
        order_id = first_order_id + number
        items = [
            make_line(
                order_id * 10 + place,
                product.sku,
                title=product.title,
                properties={
                    PHOTO_PROPERTY: addresses[(number + place) % len(addresses)],
                    TEXT_PROPERTY: f"No. {number + 1}",
                },
                product_id=7_000_000_500,
                variant_id=8_000_000_500,
            )
            for place in range(lines(number))
        ]
        tags = OTHER_TAG if number % 3 == 0 else ""
        bodies.append(
            make_order(order_id, f"#{order_id}", line_items=items, customer=make_customer(order_id), tags=tags)
        )
    return bodies


async def send_orders(
    floor: ShopFloor, bodies: Iterable[dict[str, Any]], *, at_once: int = DELIVERIES_AT_ONCE, seconds: float = 120
) -> list[Sent]:
    """Deliver `orders/paid` of each until it is answered 200. Raises TimeoutError when one is not within `seconds`."""
    room = asyncio.Semaphore(at_once)

    async def deliver(body: dict[str, Any]) -> Sent:
        async with room:
            await floor.shopify.put_order(body)
            request = floor.webhook("orders/paid", body)
            sent_at = time.monotonic()
            tries = 0
            while True:
                tries += 1
                try:
                    answer = await floor.send(request)
                    if answer.is_success:
                        break
                except httpx.HTTPError:
                    pass  # Shopify, too, cannot tell whether it was taken in: it sends it again
                if time.monotonic() - sent_at > seconds:
                    raise TimeoutError(f"the webhook of order {body['id']} was not taken in within {seconds:g} s")
                await asyncio.sleep(RETRY_SECONDS)
            tags = tuple(body["tags"].split(", ")) if body["tags"] else ()
            return Sent(
                order_id=int(body["id"]),
                webhook_id=request.headers["X-Shopify-Webhook-Id"],
                lines=len(body["line_items"]),
                sent_at=sent_at,
                accepted_at=time.monotonic(),
                tries=tries,
                other_tags=tags,
            )

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(deliver(body)) for body in bodies]
    return [task.result() for task in tasks]


async def orders_on_shopify(floor: ShopFloor, order_ids: Iterable[int]) -> dict[int, ShopifyOrder]:
    """These orders as Shopify has them now."""
    wanted = set(order_ids)
    if not wanted:
        return {}
    return {
        int(state["id"]): read_order(state)
        async for state in floor.shopify.orders(after=min(wanted) - 1)
        if int(state["id"]) in wanted
    }


async def wait_until_tagged(
    floor: ShopFloor,
    order_ids: Iterable[int],
    *,
    seconds: float,
    tag: str = READY_TAG,
    seen: Callable[[int, int], None] | None = None,
) -> dict[int, ShopifyOrder]:
    """Until every order has the tag and both metafields. `seen(done, all)` is told how far it is.

    Raises TimeoutError that tells what the others have instead."""
    wanted = list(order_ids)
    deadline = time.monotonic() + seconds
    while True:
        states = await orders_on_shopify(floor, wanted)
        late = {number: state for number, state in states.items() if not _has(state, tag)}
        if seen is not None:
            seen(len(wanted) - len(late), len(wanted))
        if not late:
            return states
        if time.monotonic() > deadline:
            example = {number: (state.tags, state.artwork_status) for number, state in list(late.items())[:5]}
            raise TimeoutError(f"{len(late)} of {len(wanted)} orders are not {tag} after {seconds:g} s: {example}")
        await asyncio.sleep(0.25)


def _has(state: ShopifyOrder, tag: str) -> bool:
    return state.tags == [tag] and state.artwork_status == tag and (tag != READY_TAG or bool(state.artwork_files))
