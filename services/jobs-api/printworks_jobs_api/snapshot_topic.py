"""The topic of print jobs read from a moment on, beside the projector: without a group, without commits."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition
from printworks_common.errors import PoisonError
from printworks_common.events.topics import Topic
from printworks_common.kafka.connection import KafkaConnection
from printworks_common.kafka.producer import within_limit
from printworks_common.kafka.record import Record
from printworks_common.kafka.whole import begin, missing_ground, whole_topic_consumer

MARGIN = timedelta(minutes=10)
"""Records have the clock of their producers, and clocks differ."""

BATCH = 500


class SnapshotTopic:
    """All partitions of the topic. Every method raises GroundMissingError when the broker is away."""

    def __init__(self, consumer: AIOKafkaConsumer, places: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._places = places

    @staticmethod
    @asynccontextmanager
    async def open(
        settings: KafkaConnection, since: datetime | None, positions: Mapping[int, int]
    ) -> "AsyncGenerator[SnapshotTopic]":
        """At `positions` (offsets by partition), where those are known, else at the first record since, else at the
        first there is. Raises PoisonError `records_gone` when the topic has let go of records behind a position."""
        consumer = whole_topic_consumer(settings)
        try:
            ends = await begin(consumer, Topic.PRINT_JOBS)
            with missing_ground():
                oldest = await consumer.beginning_offsets(list(ends))
            places = await _first(consumer, ends, oldest, since)
            for partition in places:
                known = positions.get(partition.partition)
                if known is not None and known < oldest[partition]:
                    raise PoisonError(
                        "The topic no longer has the records to go on with. Run the command again with --anew.",
                        code="records_gone",
                    )
                places[partition] = places[partition] if known is None else known
            with missing_ground():
                for partition, offset in places.items():
                    consumer.seek(partition, offset)
            yield SnapshotTopic(consumer, places)
        finally:
            await within_limit(consumer.stop(), 5.0)

    async def ends(self) -> dict[TopicPartition, int]:
        """Where each partition ends now."""
        with missing_ground():
            return await self._consumer.end_offsets(list(self._places))

    def missing(self, ends: Mapping[TopicPartition, int]) -> int:
        """How many records there are until these ends."""
        return sum(max(0, end - self._places[partition]) for partition, end in ends.items())

    async def behind(self) -> int:
        return self.missing(await self.ends())

    async def next_records(self) -> list[Record]:
        """The next records, as many as there are at hand; none when none came within a second."""
        with missing_ground():
            found = await self._consumer.getmany(timeout_ms=1000, max_records=BATCH)
            # Not by the last record: compaction and markers of transactions leave gaps behind it.
            for partition in self._places:
                self._places[partition] = await self._consumer.position(partition)
        return [Record.of(message) for messages in found.values() for message in messages]

    def positions(self) -> dict[int, int]:
        """What `open` takes to go on behind the last records."""
        return {partition.partition: offset for partition, offset in self._places.items()}


async def _first(
    consumer: AIOKafkaConsumer,
    ends: Mapping[TopicPartition, int],
    oldest: Mapping[TopicPartition, int],
    since: datetime | None,
) -> dict[TopicPartition, int]:
    if since is None:
        return dict(oldest)
    moment = int((since - MARGIN).timestamp() * 1000)
    with missing_ground():
        found = await consumer.offsets_for_times(dict.fromkeys(ends, moment))
    return {partition: ends[partition] if at is None else at.offset for partition, at in found.items()}
