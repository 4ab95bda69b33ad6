"""Downloads of a running service that break and go on: the same bytes, in little memory however much is exported."""

import asyncio
import random
import secrets

import httpx
from printworks_common import ids
from printworks_common.events.envelope import encode
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_local.export_load import download, orders_with_files, peak_memory, put_objects

from tests.integration.jobs_api.running import Running

FILES = 200
FILE_BYTES = 1_000_000
CUTS = 8
MEMORY_LIMIT = 200_000_000


async def publish(running: Running, snapshot: OrderSnapshot) -> None:
    event = ids.event_id(snapshot.type_name, snapshot.key(), snapshot.version)
    await running.producer.send(encode(snapshot, event_id=event, source="test", time=snapshot.occurred_at))


async def test_an_export_larger_than_the_memory_limit_survives_broken_connections(running: Running) -> None:
    shop = f"export-{secrets.token_hex(4)}.myshopify.com"
    objects = await put_objects(running.store, shop, FILE_BYTES)
    for snapshot in orders_with_files(shop, objects, FILES):
        await publish(running, snapshot)
    headers = {"Authorization": f"Bearer {await running.key(shop)}"}
    async with httpx.AsyncClient(base_url=running.api.url, headers=headers, timeout=60) as client:
        async with asyncio.timeout(180):
            while (await client.get("/v1/print-jobs?counts=true&limit=1")).json()["counts"] != {"ready": FILES}:
                await client.get("/v1/changes?after=0&limit=1")
        export = (await client.post("/v1/exports", json={"filter": {}})).json()
        async with asyncio.timeout(180):
            while export["status"] == "preparing":
                await asyncio.sleep(0.2)
                export = (await client.get(f"/v1/exports/{export['export_id']}")).json()
        [part] = export["parts"]
        assert part["bytes"] > FILES * FILE_BYTES
        whole = await download(client, part["url"])
        cuts = random.Random(1).sample(range(1, part["bytes"]), CUTS)
        broken = await download(client, part["url"], cuts=cuts)
    assert (broken.sha256, broken.bytes, broken.requests) == (whole.sha256, part["bytes"], CUTS + 1)
    assert peak_memory(running.api.process.pid) < MEMORY_LIMIT
