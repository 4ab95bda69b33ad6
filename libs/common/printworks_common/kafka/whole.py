"""A consumer of one whole topic from its beginning: all partitions, no group, no commits."""

from collections.abc import Generator
from contextlib import contextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from printworks_common.errors import GroundMissingError
from printworks_common.kafka.connection import KafkaConnection, client_options


@contextmanager
def missing_ground() -> Generator[None]:
    """Errors of the client become GroundMissingError."""
    try:
        yield
    except (KafkaError, ConnectionError) as error:
        raise GroundMissingError(
            f"The broker does not answer: {type(error).__name__}.", code="broker_unreachable"
        ) from error


def whole_topic_consumer(settings: KafkaConnection) -> AIOKafkaConsumer:
    """Not started; stop it in any case."""
    return AIOKafkaConsumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_min_bytes=1,
        retry_backoff_ms=100,
    )


async def begin(consumer: AIOKafkaConsumer, topic: str) -> dict[TopicPartition, int]:
    """Start at the beginning of the topic. Returns the end of each partition as it is now.

    Raises GroundMissingError when the broker does not answer or there is no such topic.
    """
    with missing_ground():
        await consumer.start()
        if topic not in await consumer.topics():
            raise GroundMissingError(f"There is no topic {topic}.", code="topic_missing")
        # The consumer knows the partitions of topics that it is told of only.
        await consumer._client.set_topics([topic])
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        if not partitions:
            raise GroundMissingError(f"The topic {topic} has no partitions yet.", code="topic_missing")
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        return ends
