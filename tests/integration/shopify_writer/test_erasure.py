"""After a request nothing of the customer's artwork is on their orders, and nothing of it in the writer's table."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from printworks_common.clock import SystemClock
from printworks_common.events.control import PrivacyRequested
from printworks_common.events.print_jobs import TextField
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.settings import KafkaSettings
from printworks_common.shopify.shops import ShopRegistry
from printworks_local.evidence import read_topic
from printworks_local.stack import Stack
from printworks_shopify_writer.erasure import Erasure, Records

from tests.integration.shopify_writer.conftest import LINK, SHOP, Bench, job, snapshot_record
from tests.records import record_of

DEDICATION = TextField(name="Dedication", value="Canary", origin="design")
JOBS = (job(1, title="Mug", texts=(DEDICATION,)),)
READY = ["pw-artwork-ready"]


class Eraser:
    """The writer's part in a request."""

    def __init__(self, bench: Bench, producer: KafkaProducer, bootstrap: str) -> None:
        shops = ShopRegistry(bench.shops_file)
        self._erasure = Erasure(bench.pool, shops, producer, SystemClock())
        self._records = Records(bench.intake, self._erasure)
        self._bootstrap = bootstrap
        self.request_id = uuid.uuid4().hex

    async def ask(self, kind: str, *order_ids: int, shop: str = SHOP) -> None:
        request = PrivacyRequested.model_validate(
            {"shop": shop, "kind": kind, "request_id": self.request_id,
             "order_ids": [str(one) for one in order_ids], "requested_at": datetime.now(UTC)}
        )  # fmt: skip
        await self._records.handle(record_of(request))

    async def answers(self) -> list[dict[str, Any]]:
        await self._erasure.dispatch()
        events = await read_topic(self._bootstrap, "printworks.privacy.v1")
        return [one.data for one in events if one.data["request_id"] == self.request_id]


@pytest.fixture
async def eraser(bench: Bench, stack: Stack) -> AsyncIterator[Eraser]:
    settings = KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap)
    await ensure_topics(settings, GROUPS)
    producer = KafkaProducer(settings)
    await producer.start()
    yield Eraser(bench, producer, settings.kafka_bootstrap)
    await producer.stop()


async def test_links_and_texts_are_taken_off_and_the_status_stays(bench: Bench, eraser: Eraser) -> None:
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    await bench.settle()
    tags, fields = await bench.order(1)
    assert "artwork_files" in fields
    assert "Canary" in str(await bench.attributes(1))

    await eraser.ask("erase_customer", 1, 404)
    assert await eraser.answers() == [], "not before Shopify has it"
    await bench.settle()

    after, fields = await bench.order(1)
    assert after == tags
    assert fields == {"artwork_status": READY[0]}
    assert await bench.attributes(1) == []
    [answer] = await eraser.answers()
    assert (answer["service"], answer["orders"]) == ("shopify-writer", 1)


async def test_a_snapshot_from_before_changes_nothing_and_the_one_after_is_taken(bench: Bench, eraser: Eraser) -> None:
    await bench.snapshot(1, 1, "pending", jobs=JOBS)
    await bench.settle()
    await eraser.ask("erase_customer", 1)
    await bench.snapshot(1, 2, "ready", LINK, jobs=JOBS)
    await bench.settle()
    assert await bench.order(1) == (
        ["pw-artwork-pending", "vip", "wholesale"],
        {"artwork_status": "pw-artwork-pending"},
    )
    assert "Canary" not in str(await bench.row(1, "*"))

    event = snapshot_record(1, 3, "ready")
    told = event.value.replace(b'"erased_at":null', b'"erased_at":"2026-11-24T10:00:00Z"')
    assert told != event.value
    await bench.intake.keep(replace(event, value=told))
    await bench.settle()
    tags, fields = await bench.order(1)
    assert (READY[0] in tags, fields) == (True, {"artwork_status": READY[0]})


async def test_a_writer_that_was_late_with_the_old_state_is_put_right(bench: Bench, eraser: Eraser) -> None:
    """Between the request and its write somebody, our own late process even, puts links on the order again."""
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    await bench.settle()
    attributes = await bench.attributes(1)
    await eraser.ask("erase_customer", 1)
    await bench.settle()
    body = await bench.shop.body(1)
    await bench.shop.put_order({**body, "note_attributes": [{"name": key, "value": one} for key, one in attributes]})
    await bench.pool.execute("UPDATE orders SET written_version = 0, attributes_hash = 'old', look = true")
    await bench.settle()
    assert await bench.attributes(1) == []


async def test_what_nothing_was_known_of_is_answered_at_once(bench: Bench, eraser: Eraser) -> None:
    await eraser.ask("erase_customer", 9)
    [answer] = await eraser.answers()
    assert answer["orders"] == 0


async def test_of_a_shop_that_is_erased_nothing_is_kept_and_nothing_is_written(bench: Bench, eraser: Eraser) -> None:
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    await eraser.ask("erase_shop")
    before = await bench.requests()
    await bench.snapshot(1, 2, "ready", LINK, jobs=JOBS)
    await bench.turn()
    assert await bench.requests() == before
    assert await bench.pool.fetchval("SELECT count(*) FROM orders WHERE shop = $1", SHOP) == 0
    [answer] = await eraser.answers()
    assert (answer["kind"], answer["orders"]) == ("erase_shop", 1)
