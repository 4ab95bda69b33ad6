"""How far a consumer group has come, for those who must not act on less than everything."""

import asyncio
from collections.abc import Collection
from time import monotonic

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from printworks_common.errors import GroundMissingError
from printworks_common.kafka.connection import KafkaConnection, client_options
from printworks_common.kafka.producer import within_limit
from printworks_common.kafka.whole import missing_ground

LOOK_AGAIN_SECONDS = 0.5
CLOSE_SECONDS = 5.0


async def wait_until_read(
    settings: KafkaConnection, group: str, topics: Collection[str], stopping: asyncio.Event, *, within: float
) -> bool:
    """Wait until the group has committed everything that the topics hold now. Returns whether it has: not when
    `stopping` was set or `within` seconds were over before. Raises GroundMissingError.
    """
    client = AIOKafkaAdminClient(**client_options(settings))
    deadline = monotonic() + within
    try:
        with missing_ground():
            await client.start()
            ends = await _ends(settings, topics)
            while True:
                read = await client.list_consumer_group_offsets(group)
                behind = [place for place, end in ends.items() if place not in read or read[place].offset < end]
                if not behind:
                    return True
                if stopping.is_set() or monotonic() > deadline:
                    return False
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    finally:
        await within_limit(client.close(), CLOSE_SECONDS)


async def _ends(settings: KafkaConnection, topics: Collection[str]) -> dict[TopicPartition, int]:
    """Where the partitions end that hold anything."""
    consumer = AIOKafkaConsumer(*topics, **client_options(settings), group_id=None, enable_auto_commit=False)
    try:
        await consumer.start()
        places = [TopicPartition(topic, number) for topic in topics for number in _partitions(consumer, topic)]
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        return {place: end for place, end in ends.items() if end > begins[place]}
    finally:
        await within_limit(consumer.stop(), CLOSE_SECONDS)


def _partitions(consumer: AIOKafkaConsumer, topic: str) -> Collection[int]:
    found = consumer.partitions_for_topic(topic)
    if not found:
        raise GroundMissingError(f"There is no topic {topic}.", code="topic_missing")
    return found
