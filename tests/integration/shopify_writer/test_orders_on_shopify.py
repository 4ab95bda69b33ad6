"""The writer against the stand-in: whatever happens on the way, the order ends as its newest snapshot says."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import printworks_shopify_writer
import pytest
from printworks_common.events.artwork import OrderArtworkChanged
from printworks_common.kafka.record import Record
from printworks_common.postgres import Pool, close_pool, migrate, open_pool
from printworks_common.settings import PostgresSettings
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.shops import ShopRegistry
from printworks_local.shopify.client import ShopControl
from printworks_local.shopify.server import start_shopify
from printworks_local.shopify.state import ShopConfig
from printworks_local.shopify.webhooks import make_line, make_order
from printworks_shopify_writer.target import Names
from printworks_shopify_writer.writer import Writer
from pydantic import SecretStr

SHOP = "writer.myshopify.com"
LINK = "https://files.example.com/files/token/a.pdf"

SOON = (0.05, 0.1, 0.2)
"""Waits after a failed try, so short that an unlucky order with ten of them does not hold the tests up."""


@dataclass
class Bench:
    """One shop, its control, and a writer."""

    writer: Writer
    shop: ShopControl
    pool: Pool

    async def snapshot(self, order_id: int, version: int, status: str | None, *files: str) -> None:
        event = OrderArtworkChanged(
            shop=SHOP,
            order_id=str(order_id),
            order_gid=f"gid://shopify/Order/{order_id}",
            order_name=f"#{order_id}",
            version=version,
            artwork_status=status,  # type: ignore[arg-type]  # given as text by the tests
            artwork_files=files,
            occurred_at=datetime.now(UTC),
        )
        record = Record(
            topic=event.topic,
            partition=0,
            offset=version,
            timestamp=0,
            key=event.key(),
            value=event.model_dump_json().encode(),
            headers={"ce_type": event.type_name, "ce_id": f"{order_id}-{version}", "content-type": "application/json"},
        )
        await self.writer.keep(record)

    async def settle(self, seconds: float = 15) -> None:
        """Dispatch until nothing is left to write."""
        async with asyncio.timeout(seconds):
            while await self.pool.fetchval("SELECT count(*) FROM orders WHERE written_version < version"):
                await self.writer.dispatch()
                await self.writer.drain()
                await asyncio.sleep(0.05)

    async def order(self, order_id: int) -> tuple[list[str], dict[str, str]]:
        """Tags and our metafields of an order."""
        state = await self.shop.order(order_id)
        fields = {one["key"]: one["value"] for one in state["metafields"] if one["namespace"] == "pw_customization"}
        return state["tags"], fields

    async def requests(self, order_id: int) -> list[dict[str, Any]]:
        return [entry async for entry in self.shop.journal(order_id)]


@pytest.fixture
async def bench(database: str, tmp_path: Path) -> AsyncIterator[Bench]:
    migrations = Path(printworks_shopify_writer.__file__).parent / "sql" / "migrations"
    await migrate(database, "shopify_writer", migrations)
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(database)), schema="shopify_writer")
    async with start_shopify([ShopConfig(domain=SHOP, plan="plus")]) as shopify:
        shops_file = tmp_path / "shops.json"
        shop = {
            "domain": SHOP,
            "client_id": "printworks",
            "client_secret": "local-client-secret",
            "admin_api_url": shopify.admin_api_url(SHOP),
        }
        shops_file.write_text(json.dumps([shop]))
        async with ShopControl(shopify.url, SHOP) as control, http_client() as http:
            writer = Writer(
                pool,
                ShopRegistry(shops_file),
                http,
                Names("pw-artwork-", "pw_customization"),
                writes_per_shop=8,
                back_off=SOON,
            )
            for number in range(1, 21):
                body = make_order(number, f"#{number}", line_items=[make_line(number * 10, "PW-PHOTO")])
                await control.put_order({**body, "tags": "vip, wholesale"})
            yield Bench(writer, control, pool)
            await writer.drain()
    await close_pool(pool)


async def test_pending_then_ready_are_written_as_tag_and_metafields(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    assert await bench.order(1) == (
        ["pw-artwork-pending", "vip", "wholesale"],
        {"artwork_status": "pw-artwork-pending"},
    )
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    assert await bench.order(1) == (
        ["pw-artwork-ready", "vip", "wholesale"],
        {"artwork_status": "pw-artwork-ready", "artwork_files": json.dumps([LINK])},
    )


async def test_each_state_takes_one_request(bench: Bench) -> None:
    before = (await bench.shop.stats()).get("requests", 0)
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    assert (await bench.shop.stats()).get("requests", 0) - before == 2


async def test_links_go_when_an_order_is_no_longer_ready(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    await bench.snapshot(1, 2, "failed")
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-failed", "vip", "wholesale"], {"artwork_status": "pw-artwork-failed"})


async def test_an_order_with_nothing_left_to_print_loses_everything_of_ours(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    await bench.snapshot(1, 2, None)
    await bench.settle()
    assert await bench.order(1) == (["vip", "wholesale"], {})


async def test_a_cleared_order_keeps_its_status_and_loses_its_links(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    await bench.snapshot(1, 2, "ready")
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-ready", "vip", "wholesale"], {"artwork_status": "pw-artwork-ready"})


async def test_an_older_snapshot_changes_nothing(bench: Bench) -> None:
    await bench.snapshot(1, 5, "ready", LINK)
    await bench.settle()
    await bench.snapshot(1, 4, "failed")
    await bench.settle()
    assert (await bench.order(1))[0] == ["pw-artwork-ready", "vip", "wholesale"]


async def test_pending_is_skipped_when_ready_has_overtaken_it(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    written = [entry for entry in await bench.requests(1) if "pw-artwork-pending" in json.dumps(entry["after"])]
    assert written == []


async def test_what_another_app_wrote_meanwhile_is_noticed_and_put_right(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    await bench.shop.metafields(
        1,
        [{"namespace": "pw_customization", "key": "artwork_status", "type": "single_line_text_field", "value": "x"}],
    )
    await bench.shop.tags(1, add=["pw-artwork-failed", "sale"], remove=["pw-artwork-pending"])
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    tags, fields = await bench.order(1)
    assert tags == ["pw-artwork-ready", "sale", "vip", "wholesale"]
    assert fields["artwork_status"] == "pw-artwork-ready"


async def test_a_database_that_forgot_everything_still_ends_right(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    await bench.pool.execute("DELETE FROM orders")
    await bench.snapshot(1, 2, "failed")
    await bench.settle()
    assert await bench.order(1) == (["pw-artwork-failed", "vip", "wholesale"], {"artwork_status": "pw-artwork-failed"})


async def test_a_deleted_order_is_let_go(bench: Bench) -> None:
    await bench.shop.delete(1)
    await bench.snapshot(1, 1, "ready", LINK)
    await bench.settle()
    row = await bench.pool.fetchrow("SELECT written_version, claimed_until, error_code, seen FROM orders")
    assert row is not None
    assert tuple(row) == (1, None, None, None)


@pytest.mark.parametrize(
    "faults",
    [
        {"throttled": 0.5, "throttle_shape": "both"},
        {"server_error": 0.3},
        {"applied_then_lost": 0.3},
        {"throttled": 0.3, "server_error": 0.1, "applied_then_lost": 0.1, "throttle_shape": "both"},
    ],
    ids=["throttled", "server errors", "applied and lost", "all together"],
)
async def test_whatever_shopify_answers_all_orders_end_right(bench: Bench, faults: dict[str, Any]) -> None:
    await bench.shop.faults(seed=7, **faults)
    for version, status in ((1, "pending"), (2, "ready")):
        for number in range(1, 21):
            await bench.snapshot(number, version, status, *([LINK] if status == "ready" else []))
    await bench.settle(90)
    for number in range(1, 21):
        tags, fields = await bench.order(number)
        assert tags == ["pw-artwork-ready", "vip", "wholesale"]
        assert fields == {"artwork_status": "pw-artwork-ready", "artwork_files": json.dumps([LINK])}


async def test_an_expired_token_is_renewed_and_the_write_goes_on(bench: Bench) -> None:
    await bench.snapshot(1, 1, "pending")
    await bench.settle()
    assert await bench.shop.expire_tokens() == 1
    await bench.snapshot(1, 2, "ready", LINK)
    await bench.settle()
    assert (await bench.order(1))[0] == ["pw-artwork-ready", "vip", "wholesale"]


async def test_a_missing_scope_is_a_visible_failure_and_no_loop(bench: Bench) -> None:
    await bench.shop.scopes("printworks", ["read_orders"])
    before = (await bench.shop.stats()).get("requests", 0)
    await bench.snapshot(1, 1, "pending")
    for _ in range(5):
        await bench.writer.dispatch()
        await bench.writer.drain()
    assert await bench.pool.fetchval("SELECT error_code FROM orders") == "missing_scope"
    assert (await bench.shop.stats()).get("requests", 0) - before <= 2


async def test_two_writers_at_once_leave_nothing_wrong(bench: Bench, tmp_path: Path) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        second = Writer(
            bench.pool,
            ShopRegistry(tmp_path / "shops.json"),
            http,
            Names("pw-artwork-", "pw_customization"),
            writes_per_shop=8,
            back_off=SOON,
        )
        for version, status in ((1, "pending"), (2, "failed"), (3, "ready")):
            for number in range(1, 11):
                await bench.snapshot(number, version, status, *([LINK] if status == "ready" else []))
            await asyncio.gather(bench.writer.dispatch(), second.dispatch())
        await second.drain()
        await bench.settle()
    for number in range(1, 11):
        assert (await bench.order(number))[0] == ["pw-artwork-ready", "vip", "wholesale"]
