"""What can be seen from outside: events on the topics, objects in the bucket, the stand-in's journal, the API."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from printworks_common.events.topics import Topic

from printworks_local.shop_floor import ShopFloor
from printworks_local.shops_file import CLIENT_ID
from printworks_local.stack import StackInfo
from printworks_local.stack.s3 import S3Client

READ_MS = 2000
READ_MODEL_SECONDS = 30
"""How far the read model may lie behind the topic before what it shows counts as wrong."""


@dataclass(frozen=True, slots=True)
class Event:
    """A record as an operator's own consumer sees it."""

    topic: str
    key: str
    event_id: str
    type: str
    headers: dict[str, str]
    data: dict[str, Any]

    @property
    def source(self) -> str:
        """Which role published it; empty for what is no CloudEvent."""
        return self.headers.get("ce_source", "")

    @property
    def traceparent(self) -> str | None:
        return self.headers.get("traceparent")


@dataclass(frozen=True, slots=True)
class StoredObject:
    key: str
    bytes: int
    sha256: str
    flaw: str | None = None
    """What whoever looked at its content has found wrong with it."""


Look = Callable[[str, bytes], str | None]
"""Looks at key and content of an object; says what is wrong with it."""

SHOWN_TOPICS = (Topic.ORDERS, Topic.RENDER_REQUESTS, Topic.RENDER_RESULTS, Topic.PRINT_JOBS, Topic.ARTWORK)
"""The topics whose events are evidence."""


async def read_topic(bootstrap: str, topic: str) -> list[Event]:
    """Every record that the topic holds now, in order per partition."""
    return [event async for event in stream_topic(bootstrap, topic)]


async def stream_topic(bootstrap: str, topic: str) -> AsyncGenerator[Event]:
    """Every record that the topic holds now, in order per partition, one after the other."""
    consumer = _consumer(bootstrap, topic)
    await consumer.start()
    try:
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            batches = await consumer.getmany(timeout_ms=READ_MS)
            for records in batches.values():
                for record in records:
                    yield _event(record)
    finally:
        await consumer.stop()


async def dead_letters(bootstrap: str) -> dict[str, int]:
    """Dead-letter topics that hold something, and how many records were ever put on them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.endswith(".dlq")]
    finally:
        await admin.close()
    consumer = _consumer(bootstrap, *names)
    await consumer.start()
    try:
        counts = dict.fromkeys(names, 0)
        for partition, end in (await consumer.end_offsets(consumer.assignment())).items():
            counts[partition.topic] += end
        return {name: count for name, count in counts.items() if count}
    finally:
        await consumer.stop()


def _consumer(bootstrap: str, *topics: str) -> AIOKafkaConsumer:
    """Without a group it is given all partitions, and leaves no trace on the broker."""
    return AIOKafkaConsumer(
        *topics, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )


def _event(record: Any) -> Event:
    headers = {name: value.decode() for name, value in record.headers}
    return Event(
        topic=record.topic,
        key=record.key.decode(),
        event_id=headers.get("ce_id", ""),
        type=headers.get("ce_type", ""),
        headers=headers,
        data=json.loads(record.value),
    )


def _order_of(key: str) -> str:
    """`orders/<date>/<shop>/<order>/…`: the order of an object's key."""
    parts = key.split("/")
    return parts[3] if len(parts) > 4 else ""


def _read_objects(info: StackInfo, orders: set[str], look: Look | None) -> list[StoredObject]:
    client = S3Client.of(info)
    try:
        found: list[StoredObject] = []
        for item in client.minio.list_objects(info.bucket, prefix="orders/", recursive=True):
            name = item.object_name or ""
            if _order_of(name) not in orders:
                continue
            answer = client.minio.get_object(info.bucket, name)
            try:
                content = answer.read()
            finally:
                answer.close()
                answer.release_conn()
            flaw = look(name, content) if look else None
            found.append(StoredObject(name, len(content), hashlib.sha256(content).hexdigest(), flaw))
        return found
    finally:
        client.close()


async def read_objects(info: StackInfo, orders: set[str], look: Look | None = None) -> dict[str, StoredObject]:
    """Every object of these orders in the hosted bucket, read, hashed and looked at."""
    found = await asyncio.to_thread(_read_objects, info, orders, look)
    return {one.key: one for one in found}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything about some orders, from outside."""

    shop: str
    orders: list[Event]
    requests: list[Event]
    results: list[Event]
    print_jobs: list[Event]
    artwork: list[Event]
    objects: dict[str, StoredObject]
    journal: dict[int, list[dict[str, Any]]]
    """Entries of our app by order."""
    api: dict[int, dict[str, Any]]
    """Orders as jobs-api shows them."""


async def read_topics(bootstrap: str, *topics: Topic) -> dict[Topic, list[Event]]:
    """What these topics hold now."""
    return {topic: await read_topic(bootstrap, topic) for topic in topics}


async def collect(
    floor: ShopFloor,
    order_ids: Iterable[int],
    *,
    topics: Mapping[Topic, list[Event]] | None = None,
    look: Look | None = None,
) -> Evidence:
    """The evidence about these orders of the floor's shop. Everything is read to its present end; the topics are not
    where they were read already."""
    wanted = {str(number) for number in order_ids}
    if topics is None:
        topics = await read_topics(floor.printworks.info.kafka_bootstrap, *SHOWN_TOPICS)

    def events(topic: Topic) -> list[Event]:
        return [one for one in topics[topic] if str(one.data.get("order_id")) in wanted]

    journal: dict[int, list[dict[str, Any]]] = {int(number): [] for number in wanted}
    async for entry in floor.shopify.journal():
        if entry["order_id"] in wanted and entry["actor"] == CLIENT_ID:
            journal[int(entry["order_id"])].append(entry)
    print_jobs = events(Topic.PRINT_JOBS)
    return Evidence(
        shop=floor.shop.domain,
        orders=events(Topic.ORDERS),
        requests=events(Topic.RENDER_REQUESTS),
        results=events(Topic.RENDER_RESULTS),
        print_jobs=print_jobs,
        artwork=events(Topic.ARTWORK),
        objects=await read_objects(floor.printworks.info, wanted, look),
        journal=journal,
        api=await _shown(floor, wanted, print_jobs),
    )


async def _shown(floor: ShopFloor, orders: set[str], print_jobs: list[Event]) -> dict[int, dict[str, Any]]:
    """The orders as jobs-api shows them once it has caught up with what was published, or gave up doing so."""
    newest = dict.fromkeys(orders, 0)
    for event in print_jobs:
        number = str(event.data["order_id"])
        newest[number] = max(newest[number], int(event.data["version"]))
    deadline = time.monotonic() + READ_MODEL_SECONDS
    shown: dict[int, dict[str, Any]] = {}
    for number, version in sorted(newest.items()):
        wait = max(0.0, deadline - time.monotonic()) if version else 0.0
        order = await floor.shown(number, lambda one, least=version: one["version"] >= least, seconds=wait)
        if order is not None:
            shown[int(number)] = order
    return shown
