"""Reading a compacted topic: to its end first, then along with it.

Every process reads all partitions from their beginning, without a group and without commits: what it builds from them
lives and dies with the process, or is written by upsert.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from printworks_common.errors import GroundMissingError
from printworks_common.kafka import observe
from printworks_common.kafka.backoff import Backoff
from printworks_common.kafka.connection import KafkaConnection
from printworks_common.kafka.producer import within_limit
from printworks_common.kafka.record import Record
from printworks_common.kafka.verdict import Action, judge
from printworks_common.kafka.whole import begin, missing_ground, whole_topic_consumer

Handler = Callable[[Record], Awaitable[None]]

HOLD = Backoff(first=0.1, longest=2.0)
NO_GROUP = "compacted"
"""What stands in metrics and log lines where a consumer has its group."""


class CompactedReader:
    """At the end of a compacted topic; made by `read_compacted`."""

    def __init__(self, consumer: AIOKafkaConsumer, handle: Handler) -> None:
        self._consumer = consumer
        self._handle = handle
        self._closing = False

    async def follow(self, stopping: asyncio.Event, heartbeat: Callable[[], object] | None = None) -> None:
        """Hand over what is written from now on, until `stopping` is set; closes the reader."""
        following = asyncio.create_task(self._follow())
        stop_asked = asyncio.create_task(stopping.wait())
        try:
            while not stop_asked.done() and not following.done():
                await asyncio.wait({stop_asked, following}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                if heartbeat is not None:
                    heartbeat()
            if following.done():
                following.result()
        finally:
            stop_asked.cancel()
            self._closing = True
            await asyncio.wait({following}, timeout=1.5)
            await self.close()
            following.cancel()
            await asyncio.wait({following}, timeout=1.0)

    async def close(self) -> None:
        """For a reader that is not followed."""
        self._closing = True
        await within_limit(self._consumer.stop(), 5.0)

    async def _follow(self) -> None:
        tries = 0
        while not self._closing:
            try:
                await self._take(1.0)
                tries = 0
            except GroundMissingError as error:
                tries += 1
                observe.alert("not_fetching", group=NO_GROUP, attempts=tries, error=str(error))
                await asyncio.sleep(HOLD.delay(tries))

    async def catch_up(self, ends: Mapping[TopicPartition, int]) -> None:
        """Hand over everything below these offsets. Raises GroundMissingError."""
        for partition, end in ends.items():
            while await self._position(partition) < end:
                await self._take(1.0)

    async def _position(self, partition: TopicPartition) -> int:
        with missing_ground():
            return await self._consumer.position(partition)

    async def _take(self, seconds: float) -> None:
        with missing_ground():
            batches = await self._consumer.getmany(timeout_ms=int(seconds * 1000), max_records=500)
        for batch in batches.values():
            for message in batch:
                await self._hand_over(message)

    async def _hand_over(self, message: "ConsumerRecord[bytes, bytes]") -> None:
        """Until it is taken, or until it is clear that it never will be: then it is told and passed over, because an
        entry that cannot be read must not keep all others away; the next version of its key replaces it."""
        record = Record.of(message)
        began = monotonic()
        tries = 0
        while not self._closing:
            tries += 1
            try:
                with observe.handling_span(record, NO_GROUP, tries):
                    await self._handle(record)
            except Exception as error:
                verdict = judge(error)
                if verdict.action is Action.BURY:
                    if not verdict.foreseen:
                        observe.unexpected(record, NO_GROUP, error)
                    observe.finished(
                        record, NO_GROUP, "passed_over", monotonic() - began, attempts=tries, code=verdict.code
                    )
                    return
                delay = HOLD.delay(tries, at_least=verdict.retry_after)
                observe.retrying(record, NO_GROUP, verdict.code, tries, delay, error=verdict.message)
                await asyncio.sleep(delay)
            else:
                observe.finished(record, NO_GROUP, "done", monotonic() - began, attempts=tries, code=None)
                return


async def read_compacted(
    settings: KafkaConnection, topic: str, handle: Handler, *, within: float = 20.0
) -> CompactedReader:
    """Hand every record of a compacted topic to `handle`, in order; returns at the end, to `follow` from there.

    A record with an empty value (`record.tombstone`) deletes its key. TransientError and GroundMissingError of `handle`
    are repeated until they pass. Raises GroundMissingError when broker or topic cannot be reached `within` seconds.
    """
    consumer = whole_topic_consumer(settings)
    reader = CompactedReader(consumer, handle)
    try:
        async with asyncio.timeout(within):
            ends = await begin(consumer, topic)
        await reader.catch_up(ends)
    except TimeoutError as error:
        await reader.close()
        raise GroundMissingError(f"The topic {topic} cannot be read.", code="broker_unreachable") from error
    except BaseException:
        await reader.close()
        raise
    return reader
