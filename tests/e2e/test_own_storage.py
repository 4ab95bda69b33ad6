"""A shop's own storage, all services as processes: an order is ready when its files lie in the shop's bucket."""

import asyncio
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from printworks_local.demo.files import fetch_files
from printworks_local.own_bucket import own_bucket
from printworks_local.services import DELIVERER
from printworks_local.shop_floor import ShopFloor
from printworks_local.stack.s3 import S3Client
from printworks_local.traffic import make_orders, send_orders, wait_until_tagged

READY_SECONDS = 60


def objects_in(floor: ShopFloor, bucket: str) -> list[str]:
    found = S3Client.of(floor.printworks.info).minio.list_objects(bucket, recursive=True)
    return sorted(one.object_name or "" for one in found)


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


async def test_a_deliverer_that_dies_again_and_again_loses_nothing_and_doubles_nothing(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_ids = [next(next_order_id) for _ in range(6)]
    deliverer = floor.printworks.supervised[DELIVERER.name]
    async with own_bucket(floor, "test-own-storage") as bucket:
        for order_id in order_ids:
            await send_orders(floor, make_orders(order_id, 1, addresses, lambda _: 1))
        for order_id in order_ids[:3]:
            await wait_until_tagged(floor, [order_id], seconds=READY_SECONDS)
            if deliverer.pid is not None:
                deliverer.kill()
        await wait_until_tagged(floor, order_ids, seconds=2 * READY_SECONDS)
        names = await asyncio.to_thread(objects_in, floor, bucket)
    assert len(names) == len(order_ids)
    await deliverer.wait_ready(READY_SECONDS)
