"""How long orders take from their `orders/paid` webhook to the ready tag on Shopify, when they come at given times."""

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import READY_TAG, send_orders


async def send_at(floor: ShopFloor, bodies: Sequence[dict[str, Any]], due: Sequence[float]) -> dict[int, datetime]:
    """Pay each order at its time (of `time.monotonic`). Returns by id when its webhook was sent first."""
    paid: dict[int, datetime] = {}

    async def send(body: dict[str, Any], at: float) -> None:
        await asyncio.sleep(at - time.monotonic())
        paid[int(body["id"])] = datetime.now(UTC)
        await send_orders(floor, [body])

    async with asyncio.TaskGroup() as group:
        for body, at in zip(bodies, due, strict=True):
            group.create_task(send(body, at))
    return paid


async def seconds_to_ready(floor: ShopFloor, paid: Mapping[int, datetime]) -> dict[int, float]:
    """From each order's webhook to its first ready tag, by the stand-in's journal."""
    found: dict[int, float] = {}
    async for entry in floor.shopify.journal():
        number = int(entry["order_id"] or 0)
        if number in paid and number not in found and READY_TAG in entry["after"].get("tags", []):
            found[number] = (datetime.fromisoformat(entry["time"]) - paid[number]).total_seconds()
    return found


def p95(values: Sequence[float]) -> float:
    """Where 95 of 100 lie below, of at least two."""
    return statistics.quantiles(values, n=20)[18]
