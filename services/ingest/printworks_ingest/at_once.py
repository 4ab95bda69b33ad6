"""`printworks-ingest reconcile --shop … --since …`: what the reconciler does on schedule, now and for one shop.

First the count, so that its answer tells what was missed until now, then the orders that were updated since. It needs
neither the database nor a running reconciler; the answer to the count comes from the coordinator.
"""

# ruff: noqa: T201 - a command talks to its terminal

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer
from printworks_common.clock import Clock, SystemClock
from printworks_common.errors import PoisonError, PrintworksError
from printworks_common.events.control import ReconciliationCompared
from printworks_common.events.topics import Topic
from printworks_common.kafka.connection import KafkaConnection
from printworks_common.kafka.producer import KafkaProducer, within_limit
from printworks_common.kafka.record import Record
from printworks_common.kafka.whole import begin, missing_ground, whole_topic_consumer
from printworks_common.settings import load
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import Shop, ShopRegistry

from printworks_ingest.admin_orders import orders_updated_since
from printworks_ingest.counting import Counted, Counts
from printworks_ingest.publishing import OrderPublisher
from printworks_ingest.settings import ReconcilingSettings
from printworks_ingest.sweeps import CAUSE

ANSWER_SECONDS = 60.0
"""How long the coordinator's answer is waited for."""

NO_ANSWER = 3
"""Exit code: the orders were read, but nobody has said what we hold."""


async def reconcile(
    settings: ReconcilingSettings,
    domain: str,
    since: datetime,
    *,
    clock: Clock,
    tell: Callable[[str], None],
    answer_seconds: float = ANSWER_SECONDS,
) -> ReconciliationCompared | None:
    """Count the shop's orders created since, tell the answer, read and publish those updated since.

    Returns the answer, None when none came in time. Raises `ShopsFileError`, PoisonError (`shop_unknown`), what
    `AdminClient.execute` raises, and GroundMissingError.
    """
    shop = ShopRegistry(settings.shops_file).get(domain)
    if shop is None:
        raise PoisonError(f"There is no shop {domain} in the shops file.", code="shop_unknown")
    producer = KafkaProducer(settings)
    async with http_client() as http, _answers(settings) as answers:
        try:
            await producer.start()
            clients = AdminClients(http)
            counts = Counts(
                clients=clients, producer=producer, clock=clock, window=settings.window, settled=settings.settled
            )
            counted = await counts.count(shop, since)
            tell(f"Shopify has {counted.orders} orders created {_span(counted)}")
            answer = await _answer_to(answers, counted, answer_seconds)
            _tell_answer(answer, answer_seconds, tell)
            published = await _publish(shop, since, clients, OrderPublisher(producer, clock), tell)
            tell(f"{published} orders updated since {since.isoformat()} were read and published")
        finally:
            await producer.stop()
    return answer


async def _publish(
    shop: Shop, since: datetime, clients: AdminClients, publisher: OrderPublisher, tell: Callable[[str], None]
) -> int:
    published = 0
    async for page in orders_updated_since(clients.of(shop), since, cause=CAUSE):
        published += await publisher.publish_all(page.orders)
        if not page.last:
            tell(f"{published} so far, up to {page.through.isoformat()}")
    return published


def _tell_answer(answer: ReconciliationCompared | None, waited: float, tell: Callable[[str], None]) -> None:
    if answer is None:
        tell(f"no answer came within {waited:g} s: is a coordinator running?")
        return
    tell(f"we hold {answer.we_hold} ({answer.customised} customised): "
         f"{answer.missing} missing, {answer.different} different, {answer.gone} gone from Shopify")  # fmt: skip
    for one in answer.differences:
        tell(f"  {one.kind} {one.order_id}")


def _span(counted: Counted) -> str:
    return f"from {counted.window_from.isoformat()} to {counted.window_to.isoformat()}"


@asynccontextmanager
async def _answers(settings: KafkaConnection) -> AsyncGenerator[AIOKafkaConsumer]:
    """What is published on the topic of counts from now on."""
    consumer = whole_topic_consumer(settings)
    try:
        for place, end in (await begin(consumer, Topic.RECONCILIATION)).items():
            consumer.seek(place, end)
        yield consumer
    finally:
        await within_limit(consumer.stop(), 5.0)


async def _answer_to(answers: AIOKafkaConsumer, counted: Counted, seconds: float) -> ReconciliationCompared | None:
    try:
        async with asyncio.timeout(seconds):
            while True:
                with missing_ground():
                    batches = await answers.getmany(timeout_ms=500)
                for record in (Record.of(one) for batch in batches.values() for one in batch):
                    if record.event_type != ReconciliationCompared.type_name:
                        continue
                    if json.loads(record.value)["run_id"] == str(counted.run_id):
                        return record.decode(ReconciliationCompared)
    except TimeoutError:
        return None


def command(arguments: list[str]) -> int:
    """Exit code 0: done; 1: it failed, with the reason on standard error; 3: the count was not answered."""
    parser = argparse.ArgumentParser(prog="printworks-ingest reconcile", description=__doc__)
    parser.add_argument("--shop", required=True, help="domain of the shop, example.myshopify.com")
    parser.add_argument(
        "--since", required=True, type=_moment, help="a day (UTC) or a moment: 2026-11-01, 2026-11-01T08:00:00Z"
    )
    given = parser.parse_args(arguments)
    settings = load(ReconcilingSettings)
    try:
        answer = asyncio.run(reconcile(settings, given.shop, given.since, clock=SystemClock(), tell=print))
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    return NO_ANSWER if answer is None else 0


def _moment(text: str) -> datetime:
    """A date is the beginning of that day in UTC. Raises ValueError, which argparse words."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return moment
    if moment.time() != datetime.min.time() or len(text) > len("2026-11-01"):
        raise ValueError("the time has no zone")
    return moment.replace(tzinfo=UTC)
