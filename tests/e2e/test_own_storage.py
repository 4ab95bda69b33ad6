"""A shop's own storage, all services as processes: an order is ready when its files lie in the shop's bucket."""

from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from printworks_local.demo.files import fetch_files
from printworks_local.own_bucket import own_bucket
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import make_orders, send_orders, wait_until_tagged

READY_SECONDS = 60


async def test_an_order_is_ready_when_its_files_lie_in_the_shops_bucket(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]", tmp_path: Path
) -> None:
    order_id = next(next_order_id)
    async with own_bucket(floor, "test-own-storage") as bucket:
        await send_orders(floor, make_orders(order_id, 1, addresses, lambda _: 1))
        states = await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)
        links = states[order_id].artwork_files or []
        order = await floor.shown(order_id, lambda one: one["artwork_status"] == "ready")
        assert order is not None
        files, problems = await fetch_files(floor, links, order, tmp_path)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(links[0])
    assert problems == []
    assert [file.format for file in files] == ["pdf"]
    assert urlsplit(answer.headers["location"]).path.startswith(f"/{bucket}/")
