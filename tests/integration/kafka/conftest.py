"""A topic of its own for each test, and members of its consumer group."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.kafka.admin import TopicPlan, create_topics
from printworks_common.kafka.consumer import ConsumerLoop
from printworks_common.kafka.limits import ConsumerLimits
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.kafka.replay import dead_letters as read_all
from printworks_common.settings import KafkaSettings

GROUP = "readers"
PARTITIONS = 4

QUICK = replace(
    ConsumerLimits(),
    session_timeout=6.0,
    rebalance_timeout=4.0,
    rebalance_drain=1.0,
    commit_every=0.2,
    drain=5.0,
)
"""Short times, so that the tests need not wait for the real ones."""

Handler = Callable[[Record], Awaitable[None]]


class Held:
    """A handler that holds every record until `release` is set."""

    def __init__(self) -> None:
        self.begun = 0
        self.release = asyncio.Event()

    async def handle(self, _record: Record) -> None:
        self.begun += 1
        await self.release.wait()


@pytest.fixture
def held() -> Held:
    return Held()


class Room:
    """One topic, its dead letters, one group."""

    quick = QUICK

    def __init__(self, settings: KafkaSettings, producer: KafkaProducer, prefix: str) -> None:
        self.settings = settings
        self.producer = producer
        self.topic = f"{prefix}topic"
        self.group = f"{prefix}{GROUP}"
        self.dead_letter_topic = f"{self.topic}.{self.group}.dlq"

    async def send(self, key: str, *values: int, headers: dict[str, str] | None = None) -> None:
        await self.producer.send_many(
            [OutgoingRecord(self.topic, key, str(value).encode(), headers or {}) for value in values]
        )

    @asynccontextmanager
    async def member(
        self, handler: Handler, *, parallel: int = 16, limits: ConsumerLimits = QUICK, topic: str | None = None
    ) -> AsyncGenerator[ConsumerLoop]:
        """A running member of the group; stopped at the end as on SIGTERM.

        With another `topic` it takes no partition from members that read ours, but makes them rebalance.
        """
        loop = ConsumerLoop(
            self.settings,
            group=self.group,
            topics=[topic or self.topic],
            handler=handler,
            producer=self.producer,
            parallel=parallel,
            limits=limits,
        )
        stopping = asyncio.Event()
        running = asyncio.create_task(loop.run(stopping))
        try:
            yield loop
        finally:
            stopping.set()
            await asyncio.wait_for(running, 30)

    async def dead_letters(self) -> list[Record]:
        return [letter async for letter in read_all(self.settings, self.dead_letter_topic)]

    async def eventually(self, condition: Callable[[], bool], within: float = 30.0) -> None:
        """Wait until something is so."""
        until = time.monotonic() + within
        while not condition():
            assert time.monotonic() < until, "it did not become so in time"
            await asyncio.sleep(0.002)

    async def member_ids(self) -> set[str]:
        """As the broker knows them; an evicted member comes back with another id."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka_bootstrap)
        await client.start()
        try:
            (response,) = await client.describe_consumer_groups([self.group])
        finally:
            await client.close()
        (group,) = response.to_object()["groups"]
        return {member["member_id"] for member in group["members"]}

    async def committed(self) -> dict[int, int]:
        """Committed offset of each partition that has one."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka_bootstrap, group_id=self.group)
        await consumer.start()
        try:
            offsets = {
                partition: await consumer.committed(TopicPartition(self.topic, partition))
                for partition in range(PARTITIONS)
            }
        finally:
            await consumer.stop()
        return {partition: offset for partition, offset in offsets.items() if offset is not None}

    async def eventually_committed(self, records: int, within: float) -> None:
        """Wait until the group has committed at least so many."""
        until = time.monotonic() + within
        while (so_far := sum((await self.committed()).values())) < records:
            assert time.monotonic() < until, f"{so_far} of {records} are committed"
            await asyncio.sleep(0.5)


@pytest.fixture
def settings(kafka_bootstrap: str) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap=kafka_bootstrap)  # pyright: ignore[reportCallIssue] - the rest has defaults


@pytest_asyncio.fixture(loop_scope="session")
async def producer(settings: KafkaSettings) -> AsyncGenerator[KafkaProducer]:
    client = KafkaProducer(settings)
    await client.start()
    yield client
    await client.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def room(settings: KafkaSettings, producer: KafkaProducer, topic_prefix: str) -> Room:
    made = Room(settings, producer, topic_prefix)
    await create_topics(settings, [TopicPlan(made.topic, PARTITIONS, {}), TopicPlan(made.dead_letter_topic, 1, {})])
    return made
