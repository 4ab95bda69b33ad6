"""What no webhook and no sweep has brought is found by a count, read again, and rendered."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from itertools import count

from printworks_local.shop_floor import ShopFloor
from printworks_local.supervisor import console_command
from printworks_local.traffic import make_orders, wait_until_tagged

AGO = timedelta(hours=20)
"""Longer than any sweep reaches back, but after the shop's first one began to look."""


async def reconcile(floor: ShopFloor, since: datetime) -> tuple[int | None, str]:
    """Exit code and output of `printworks-ingest reconcile`."""
    printworks = floor.printworks
    process = await asyncio.create_subprocess_exec(
        *(str(console_command("printworks-ingest")), "reconcile"),
        *("--shop", floor.shop.domain, "--since", since.isoformat()),
        env={
            **os.environ,
            "PRINTWORKS_KAFKA_BOOTSTRAP": printworks.info.kafka_bootstrap,
            "PRINTWORKS_SHOPS_FILE": str(printworks.directory / "shops.json"),
        },
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_an_order_that_everybody_missed_is_named_by_a_count_and_rendered(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    (body,) = make_orders(order_id, 1, addresses, lambda _: 1)
    at = (datetime.now(UTC) - AGO).isoformat()
    await floor.shopify.put_order(body | {"created_at": at, "processed_at": at, "updated_at": at})

    code, told = await reconcile(floor, datetime.now(UTC) - AGO - timedelta(hours=1))
    assert code == 0, told
    assert "1 missing" in told
    assert f"missing {order_id}" in told
    await wait_until_tagged(floor, [order_id], seconds=60)

    code, told = await reconcile(floor, datetime.now(UTC) - AGO - timedelta(hours=1))
    assert (code, "0 missing" in told) == (0, True), told
