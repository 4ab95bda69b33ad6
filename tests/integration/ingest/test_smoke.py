"""The test of a release: a signed order through the door into a real Kafka, and what the coordinator has committed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from printworks_common.clock import SystemClock
from printworks_common.errors import GroundMissingError, PoisonError
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.settings import KafkaSettings
from printworks_common.shopify.shops import Shop, ShopRegistry
from printworks_ingest import smoke
from printworks_ingest.door import Door
from printworks_ingest.receiver import Receiver
from printworks_local.stack import Stack
from pydantic import SecretStr

SHOP = Shop(domain="smoke.myshopify.com", client_id="a", client_secret=SecretStr("smoke-secret"))


@pytest.fixture
def settings(stack: Stack) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap)


@pytest.fixture
async def http(settings: KafkaSettings, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    await ensure_topics(settings, GROUPS)
    shops = tmp_path / "shops.yaml"
    shops.write_text(json.dumps([{"domain": SHOP.domain, "client_id": "a", "client_secret": "smoke-secret"}]))
    producer = KafkaProducer(settings)
    await producer.start()
    door = Door(Receiver(ShopRegistry(shops), producer, SystemClock()), max_body_bytes=1024 * 1024)
    transport = httpx.ASGITransport(door)  # type: ignore[arg-type]  # plain ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        yield client
    await producer.stop()


async def test_the_order_is_in_kafka_and_the_test_waits_until_the_group_has_committed_it(
    http: httpx.AsyncClient, settings: KafkaSettings, topic_prefix: str
) -> None:
    group = f"{topic_prefix}group"
    before = await smoke.orders_end(settings)
    await smoke.send_order(http, SHOP)
    ends = await smoke.orders_end(settings)
    assert sum(ends.values()) == sum(before.values()) + 1, "one order was published, the wrongly signed one was not"

    assert not await smoke.taken_in(settings, ends, seconds=0.5, group=group)

    waiting = asyncio.create_task(smoke.taken_in(settings, ends, seconds=60, group=group))
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, group_id=group, enable_auto_commit=False)
    consumer.assign(list(ends))
    await consumer.start()
    try:
        await consumer.commit(dict(ends))
    finally:
        await consumer.stop()
    assert await waiting


async def test_a_receiver_that_does_not_know_the_shop_fails_the_test(http: httpx.AsyncClient) -> None:
    stranger = SHOP.model_copy(update={"domain": "stranger.myshopify.com"})
    with pytest.raises(PoisonError, match="A rightly signed order was answered 401"):
        await smoke.send_order(http, stranger)


async def test_a_receiver_that_does_not_answer_is_missing_ground() -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1", timeout=5) as client:
        with pytest.raises(GroundMissingError, match="does not answer"):
            await smoke.send_order(client, SHOP)
