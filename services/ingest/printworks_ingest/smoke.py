"""`printworks-ingest smoke --receiver URL [--watch]`: a signed test order through a running installation.

The order is one of the first shop of the shops file, unpaid and empty, so that nobody acts on it: nothing is rendered
and nothing written to Shopify. A wrong signature has to be refused. With `--watch` it waits until the coordinator has
taken in everything that lay in the topic of orders when ours was answered; that needs the Kafka settings.
"""

# ruff: noqa: T201 - a command talks to its terminal

import argparse
import asyncio
import json
import sys
import uuid
from datetime import UTC, datetime

import httpx
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from printworks_common.errors import GroundMissingError, PoisonError, PrintworksError
from printworks_common.events.topics import Topic
from printworks_common.kafka.connection import KafkaConnection, client_options
from printworks_common.kafka.producer import within_limit
from printworks_common.kafka.whole import begin, missing_ground, whole_topic_consumer
from printworks_common.settings import KafkaSettings, ShopsSettings, load
from printworks_common.shopify.shops import Shop, load_shops
from printworks_common.shopify.webhooks import signature

from printworks_ingest.door import PATH

COORDINATOR = "coordinator"
TEST_ORDER_ID = 1
"""No order of Shopify's has such a small number."""

TAKEN_IN_SECONDS = 120.0
REQUEST_SECONDS = 10.0


async def send_order(http: httpx.AsyncClient, shop: Shop) -> None:
    """A signed order has to be answered 200, the same with a wrong signature 401.

    Raises PoisonError (`smoke_failed`) for any other answer, GroundMissingError when there is none.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    order = {
        "id": TEST_ORDER_ID,
        "name": "#printworks-smoke-test",
        "created_at": now,
        "updated_at": now,
        "financial_status": "pending",
        "test": True,
        "line_items": [],
    }
    body = json.dumps(order).encode()
    for secret, expected in ((shop.webhook_secrets[0], 200), (b"not the secret", 401)):
        status = await _post(http, shop, body, signature(body, secret).decode())
        if status != expected:
            signed = "rightly" if expected == 200 else "wrongly"
            raise PoisonError(
                f"A {signed} signed order was answered {status} instead of {expected}.", code="smoke_failed"
            )


async def _post(http: httpx.AsyncClient, shop: Shop, body: bytes, signed: str) -> int:
    headers = {
        "content-type": "application/json",
        "x-shopify-topic": "orders/create",
        "x-shopify-hmac-sha256": signed,
        "x-shopify-shop-domain": shop.domain,
        "x-shopify-api-version": "2026-10",
        "x-shopify-webhook-id": str(uuid.uuid4()),
    }
    try:
        return (await http.post(PATH, content=body, headers=headers)).status_code
    except httpx.HTTPError as error:
        raise GroundMissingError(
            f"The receiver does not answer: {type(error).__name__}.", code="receiver_unreachable"
        ) from error


async def orders_end(settings: KafkaConnection) -> dict[TopicPartition, int]:
    """Where the partitions of the topic of orders end now, those without records left out.

    Raises GroundMissingError when Kafka does not answer or the topic is missing.
    """
    consumer = whole_topic_consumer(settings)
    try:
        ends = await begin(consumer, Topic.ORDERS)
        with missing_ground():
            begins = await consumer.beginning_offsets(list(ends))
        return {place: end for place, end in ends.items() if end > begins[place]}
    finally:
        await within_limit(consumer.stop(), 5.0)


async def taken_in(
    settings: KafkaConnection, ends: dict[TopicPartition, int], *, seconds: float, group: str = COORDINATOR
) -> bool:
    """Whether the group commits these ends in time. Raises GroundMissingError when Kafka does not answer."""
    client = AIOKafkaAdminClient(**client_options(settings))
    wanted = dict(ends)
    try:
        await client.start()
        async with asyncio.timeout(seconds):
            # The broker tells nobody when a group commits, so it is asked.
            while wanted := await _uncommitted(client, group, wanted):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        return True
    except TimeoutError:
        return False
    except (KafkaError, OSError) as error:
        raise GroundMissingError(
            f"The brokers do not answer: {type(error).__name__}.", code="broker_unreachable"
        ) from error
    finally:
        await within_limit(client.close(), 5.0)


async def _uncommitted(
    client: AIOKafkaAdminClient, group: str, wanted: dict[TopicPartition, int]
) -> dict[TopicPartition, int]:
    try:
        committed = await client.list_consumer_group_offsets(group, partitions=list(wanted))
    except KafkaError as error:
        if error.retriable:  # the group's coordinator is being found
            return wanted
        raise
    # While the group's coordinator loads, the answer names no partition, and no error that aiokafka would raise.
    return {place: end for place, end in wanted.items() if place not in committed or committed[place].offset < end}


async def _smoke(receiver: str, shop: Shop, kafka: KafkaConnection | None) -> None:
    async with httpx.AsyncClient(base_url=receiver, timeout=REQUEST_SECONDS, trust_env=False) as http:
        await send_order(http, shop)
    print("the receiver took a signed order, and refused one with a wrong signature")
    if kafka is None:
        return
    if not await taken_in(kafka, await orders_end(kafka), seconds=TAKEN_IN_SECONDS):
        raise PoisonError(
            f"The coordinator has not taken the order in within {TAKEN_IN_SECONDS:g} s.", code="smoke_failed"
        )
    print("the coordinator took it in")


def command(arguments: list[str]) -> int:
    """Exit code 0: all went as it should; 1: what did not is on standard error."""
    parser = argparse.ArgumentParser(prog="printworks-ingest smoke", description=__doc__)
    parser.add_argument("--receiver", required=True, help="base URL of the receiver, http://printworks-ingest-receiver")
    parser.add_argument("--watch", action="store_true", help="wait until the coordinator has taken the order in")
    given = parser.parse_args(arguments)
    try:
        shops = load_shops(load(ShopsSettings).shops_file)
        if not shops:
            raise PoisonError("The shops file has no shop.", code="smoke_failed")
        kafka = load(KafkaSettings) if given.watch else None
        asyncio.run(_smoke(given.receiver, next(iter(shops.values())), kafka))
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
