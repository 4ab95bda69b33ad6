"""`make demo`: orders on their whole way, watched from outside.

Read `demo` from top to bottom: that is what happens.
"""

import asyncio
import json
import shutil
import time
from pathlib import Path

from printworks_local.demo.cases import READY, make_cases
from printworks_local.demo.files import fetch_files
from printworks_local.demo.follow import Followed
from printworks_local.demo.table import header, row
from printworks_local.images import Images
from printworks_local.own_bucket import own_bucket
from printworks_local.pictures import PictureServer, photographs
from printworks_local.shop_floor import ShopFloor
from printworks_local.stack.model import checkout_root
from printworks_local.up import UpOptions, start_printworks

DONE_SECONDS = 240.0
"""After it the demo gives up; a busy machine needs a tenth of it."""

LOOK_SECONDS = 0.15

OWN_BUCKET = "demo-own-storage"


async def demo(*, once: bool, result: Path | None, images: Images | None = None) -> int:
    """Run the demo; returns the exit code: 0 only if every order is as expected.

    Raises StackError when something does not get ready.
    """
    output = checkout_root() / "demo-output"
    shutil.rmtree(output, ignore_errors=True)
    with PictureServer() as pictures:
        async with (
            start_printworks(UpOptions(label="demo", images=images)) as printworks,
            ShopFloor(printworks) as floor,
        ):
            photos = photographs()
            orders = [Followed(case) for case in make_cases(pictures, photos)]
            _say(header())
            await _send(floor, [order for order in orders if not order.case.own_storage])
            await _planned(floor, orders)
            async with own_bucket(floor, OWN_BUCKET):
                _say(f"the shop has a storage of its own now, the bucket {OWN_BUCKET}: it counts for the next order")
                await _send(floor, [order for order in orders if order.case.own_storage])
                await _follow(floor, orders, pictures, photos[0])
                await _finish(floor, orders, output)
                ok = not any(order.problems for order in orders)
                _say(_verdict(orders, output))
                if result is not None:
                    _write_result(result, orders, ok)
                if not once:
                    _say(printworks.summary())
                    await asyncio.Event().wait()
    return 0 if ok else 1


async def _planned(floor: ShopFloor, orders: list[Followed]) -> None:
    """Until the print jobs that were sent are there: a setting counts for those that come afterwards."""
    for order in orders:
        if order.case.expected == READY and not order.case.own_storage:
            await floor.shown(order.case.order_id, lambda shown: bool(shown["jobs"]))


async def _send(floor: ShopFloor, orders: list[Followed]) -> None:
    """Put the orders into the shop and deliver their webhooks, some of them more than once."""
    for order in orders:
        await floor.shopify.put_order(order.case.body)
        request = floor.webhook("orders/paid", order.case.body)
        order.sent_at = time.monotonic()
        for _ in range(order.case.deliveries):
            answer = await floor.send(request)
            if answer.is_error:
                order.problems.append(f"the webhook was answered {answer.status_code}: {answer.text}")
        _say(f"{row(order)}   <- {order.case.story}")


async def _follow(floor: ShopFloor, orders: list[Followed], pictures: PictureServer, photo: Path) -> None:
    """Print each change until all orders are where they should be, or the time is up."""
    deadline = time.monotonic() + DONE_SECONDS
    while time.monotonic() < deadline and not all(order.ended for order in orders):
        for order in orders:
            if await order.look(floor):
                _say(row(order))
            await order.repair(floor, pictures, photo, _say)
        await asyncio.sleep(LOOK_SECONDS)


async def _finish(floor: ShopFloor, orders: list[Followed], output: Path) -> None:
    """Open every link, then compare each order with what must come of it."""
    _say(f"\nopening every link of the metafields into {output.name}/")
    for order in orders:
        await order.look(floor)
        if order.shopify.artwork_files and order.api is not None:
            directory = output / order.case.name.lstrip("#")
            order.files, problems = await fetch_files(floor, order.shopify.artwork_files, order.api, directory)
            order.problems += problems
        order.check(OWN_BUCKET)
    _say("\n" + header())
    for order in orders:
        _say(row(order))


def _verdict(orders: list[Followed], output: Path) -> str:
    wrong = [order for order in orders if order.problems]
    lines = [f"{order.case.name} ({order.case.story}): {problem}" for order in wrong for problem in order.problems]
    count = sum(len(order.files) for order in orders)
    lines.append(f"{len(orders) - len(wrong)} of {len(orders)} orders are as expected; {count} files in {output}")
    return "\n".join(["", *lines])


def _write_result(path: Path, orders: list[Followed], ok: bool) -> None:
    document = {"ok": ok, "orders": [order.result() for order in orders]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(text, flush=True)
