"""Everything at once: bad answers, another app that rewrites the tags, a writer that wakes up late."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from printworks_common.errors import TransientError
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.settings import KafkaSettings
from printworks_local.stack import Stack

from tests.integration.shopify_writer.conftest import LINK, SHOP, Bench, add_orders, shop_entry

STORM = {"throttled": 0.5, "throttle_shape": "graphql", "server_error": 0.1, "applied_then_lost": 0.05}
READY_FIELDS = {"artwork_status": "pw-artwork-ready", "artwork_files": json.dumps([LINK])}
FAILED_FIELDS = {"artwork_status": "pw-artwork-failed"}
MANY = 60

READ = "query Read($id: ID!) { order(id: $id) { tags } }"
REWRITE = "mutation Rewrite($order: OrderInput!) { orderUpdate(input: $order) { userErrors { message } } }"


class AnotherApp:
    """Reads an order's tags and writes the whole list back with one more, as apps do that should not."""

    def __init__(self, bench: Bench) -> None:
        self._url = f"{bench.admin_api_url}/admin/api/2026-10/graphql.json"
        self._http = bench.http
        self.wrote: dict[int, set[str]] = {}
        """Tags by order for which Shopify's answer was a yes."""
        self.done = False

    async def run(self, orders: range) -> None:
        async with asyncio.TaskGroup() as group:
            for part in range(4):
                group.create_task(self._rewrite_all(orders[part::4]))

    async def has_written(self, times: int) -> bool:
        return all(len(self.wrote.get(number, ())) >= times for number in range(1, MANY + 1))

    async def _rewrite_all(self, orders: range) -> None:
        turn = 0
        while not self.done:
            turn += 1
            for number in orders:
                await self._rewrite(number, f"theirs-{turn}")

    async def _rewrite(self, number: int, tag: str) -> None:
        gid = f"gid://shopify/Order/{number}"
        read = await self._call(READ, {"id": gid})
        if read is None:
            return
        # Its own tags are in what it read, unless it read before its last write: it is the only one that writes them.
        tags = sorted({*read["order"]["tags"], *self.wrote.get(number, set()), tag})
        if await self._call(REWRITE, {"order": {"id": gid, "tags": tags}}) is not None:
            self.wrote.setdefault(number, set()).add(tag)

    async def _call(self, document: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer = await self._http.post(
                self._url,
                json={"query": document, "variables": variables},
                headers={"X-Shopify-Access-Token": "shpat_another"},
            )
            return answer.json().get("data") if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError):
            return None


APPS = [
    {"client_id": "printworks"},
    {"client_id": "another-app", "static_tokens": ["shpat_another"]},
    {"client_id": "late"},
]


async def test_tag_metafield_and_snapshot_agree_in_the_end_and_other_tags_are_intact(bench: Bench) -> None:
    await bench.shop.configure(apps=APPS)
    await add_orders(bench.shop, MANY)
    await bench.shop.faults(seed=11, **STORM)
    another = AnotherApp(bench)
    rewriting = asyncio.create_task(another.run(range(1, MANY + 1)))
    for version, status in ((1, "pending"), (2, "failed"), (3, "ready")):
        for number in range(1, MANY + 1):
            if version < 3 or number % 3:
                await bench.snapshot(number, version, status, *([LINK] if status == "ready" else []))
        await bench.turn()
        await until(lambda version=version: another.has_written(version))
    await bench.settle()
    another.done = True
    await rewriting
    while await anything_to_mend(bench):
        await bench.settle()
    for number in range(1, MANY + 1):
        status = "ready" if number % 3 else "failed"
        tags, fields = await bench.order(number)
        assert fields == (READY_FIELDS if status == "ready" else FAILED_FIELDS)
        assert [tag for tag in tags if tag.startswith("pw-")] == [f"pw-artwork-{status}"]
        assert another.wrote[number] | {"vip", "wholesale"} <= set(tags)


async def anything_to_mend(bench: Bench) -> int:
    """Look at every order once, whatever the weather. How many are to be written again."""
    await bench.pool.execute("UPDATE orders SET checked_at = 'epoch'")
    looked_at = 0
    while looked_at < MANY:
        try:
            looked_at += await bench.sweep(every=timedelta(days=1))
        except TransientError:
            continue
    return await bench.pool.fetchval("SELECT count(*) FROM orders WHERE written_version < version")


@asynccontextmanager
async def late_writer(bench: Bench, stack: Stack, dsn: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A writer as a deployment runs it: a process of its own, known to Shopify as the app `late`.

    It also keeps what other tests have published for other shops, and leaves it unwritten.
    """
    shops = bench.shops_file.with_name("late.json")
    shops.write_text(json.dumps([{**shop_entry(bench.shopify, SHOP), "client_id": "late"}]))
    await ensure_topics(KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap), GROUPS)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "printworks_shopify_writer", "writer",
        env={name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        | {
            "PRINTWORKS_KAFKA_BOOTSTRAP": stack.info.kafka_bootstrap,
            "PRINTWORKS_POSTGRES_DSN": dsn,
            "PRINTWORKS_SHOPS_FILE": str(shops),
            "PRINTWORKS_HTTP_PORT": "0",
            "PRINTWORKS_DRIFT_DAYS": "0",
        },
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("earlier", "late", "meanwhile"),
    [(None, "pending", ["ready"]), ("ready", "pending", ["failed"]), ("ready", "pending", ["failed", "ready"])],
    ids=["its digest is stale", "its digest is stale after a first write", "its digest fits again"],
)
async def test_a_writer_that_wakes_up_with_an_old_snapshot_leaves_nothing_wrong(
    bench: Bench, stack: Stack, dsn: str, earlier: str | None, late: str, meanwhile: list[str]
) -> None:
    await bench.shop.configure(apps=APPS)
    # The only request that can be throttled below is that of the order.
    await bench.orders.definitions_seen(SHOP, None)
    version = 1
    if earlier is not None:
        await bench.snapshot(1, version, earlier, LINK)
        await bench.settle()
    async with late_writer(bench, stack, dsn) as process:
        # It has loaded the snapshot, and waits for points with what it is about to write.
        await bench.shop.faults(throttled=1, throttle_shape="http")
        version += 1
        await bench.snapshot(1, version, late)
        await until(lambda: throttled(bench))
        process.send_signal(signal.SIGSTOP)
        await bench.shop.faults()
        for status in meanwhile:
            version += 1
            await bench.snapshot(1, version, status, *([LINK] if status == "ready" else []))
            await bench.pool.execute("UPDATE orders SET claimed_until = NULL, not_before = NULL")
            await bench.settle()
        assert not await written_by(bench, "late")
        process.send_signal(signal.SIGCONT)
        await until(lambda: written_by(bench, "late"))
        process.terminate()
        await process.wait()
    tags, fields = await bench.order(1)
    assert tags == [f"pw-artwork-{meanwhile[-1]}", "vip", "wholesale"]
    assert fields == (READY_FIELDS if meanwhile[-1] == "ready" else FAILED_FIELDS)


async def throttled(bench: Bench) -> bool:
    return (await bench.shop.stats()).get("throttled", 0) > 0


async def written_by(bench: Bench, app: str) -> bool:
    return bool([entry async for entry in bench.shop.journal(1) if entry["actor"] == app])


async def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.02)
