"""`make bench-overhead`: milliseconds from webhook to tag without the render, over 200 quiet single-line orders.

Quiet: one order at a time. From the moment the webhook is sent to the moment the stand-in has `pw-artwork-ready` on the
order (its journal), minus `render_ms` of the order's RenderFinished event.
"""

import argparse
import asyncio
import statistics
import sys
import time
from datetime import UTC, datetime

from printworks_local.evidence import Evidence, collect
from printworks_local.invariants import FINISHED
from printworks_local.pictures import PictureServer
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import READY_TAG, SMALL, make_orders, put_small_pictures
from printworks_local.up import UpOptions, start_printworks

FIRST_ORDER = 6_200_000_000_000
WARM_UP = 10
PAUSE_SECONDS = 0.3
"""Between two orders. An order costs about 42 of the shop's points and the smallest plan gives 100 a second: faster,
and Shopify's rate limit would be what is measured."""
READY_SECONDS = 60.0


async def measure(count: int) -> None:
    with PictureServer() as pictures:
        addresses = put_small_pictures(pictures)
        # Sweeps and purges have their own schedule; between them the orders are alone.
        quiet = {"PRINTWORKS_RECONCILE_EVERY_SECONDS": "3600", "PRINTWORKS_PURGE_EVERY_SECONDS": "3600"}
        async with (
            start_printworks(UpOptions(label="bench", environment=quiet)) as printworks,
            ShopFloor(printworks) as floor,
        ):
            await floor.sell(SMALL)
            sent: dict[int, datetime] = {}
            for body in make_orders(FIRST_ORDER, WARM_UP + count, addresses, lambda _: 1):
                order_id = int(body["id"])
                await floor.shopify.put_order(body)
                request = floor.webhook("orders/paid", body)
                sent[order_id] = datetime.now(UTC)
                (await floor.send(request)).raise_for_status()
                await until_ready(floor, order_id)
                await asyncio.sleep(PAUSE_SECONDS)
            report(sent, await collect(floor, sent))


async def until_ready(floor: ShopFloor, order_id: int) -> None:
    """Raises TimeoutError after a minute."""
    deadline = time.monotonic() + READY_SECONDS
    while READY_TAG not in (await floor.on_shopify(order_id)).tags:
        if time.monotonic() > deadline:
            raise TimeoutError(f"order {order_id} was not ready after {READY_SECONDS:g} s")
        await asyncio.sleep(0.02)


def report(sent: dict[int, datetime], evidence: Evidence) -> None:
    """Prints p50 and p95 of the whole way and of the overhead; the warm-up is left out."""
    render_ms = {int(one.data["order_id"]): one.data["render_ms"] for one in evidence.results if one.type == FINISHED}
    whole: list[float] = []
    overhead: list[float] = []
    for order_id, at in list(sent.items())[WARM_UP:]:
        ms = (tagged_at(evidence, order_id) - at).total_seconds() * 1000
        whole.append(ms)
        overhead.append(ms - render_ms[order_id])
    for name, values in (("webhook to tag", whole), ("of it the render", list(render_ms.values())[WARM_UP:])):
        print(line(name, values))
    print(line("overhead", overhead))


def tagged_at(evidence: Evidence, order_id: int) -> datetime:
    """When the order first had the tag, by the stand-in's journal."""
    for entry in evidence.journal[order_id]:
        if READY_TAG in entry["after"].get("tags", []):
            return datetime.fromisoformat(entry["time"])
    raise LookupError(f"order {order_id} never had the tag")


def line(name: str, values: list[float]) -> str:
    cuts = statistics.quantiles(values, n=20)
    return f"{name:<18} p50 {cuts[9]:6.0f} ms   p95 {cuts[18]:6.0f} ms   ({len(values)} orders)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200)
    asyncio.run(measure(parser.parse_args().orders))
    return 0


if __name__ == "__main__":
    sys.exit(main())
