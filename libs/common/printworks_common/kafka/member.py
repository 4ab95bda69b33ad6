"""One member of a consumer group: the only place that knows how aiokafka's consumer behaves.

What it guards against, found in aiokafka 0.14: a cancelled `getmany` switches the check of `max_poll_interval_ms` off
for good, so it is never cancelled; more than one assignor sends more than one JoinGroup; `commit()` without offsets
commits unfinished work; a rebalance forgets pauses and positions; `stop()` can hang. Another client with the same few
methods can stand here.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError

from printworks_common.errors import GroundMissingError
from printworks_common.kafka.connection import KafkaConnection, client_options
from printworks_common.kafka.producer import within_limit

_NOBODY = TopicPartition("printworks.nobody", 0)
"""A partition that nobody has: polling for it tells the group that we live, and hands nothing over."""


class Rebalanced(Protocol):
    """Who is told about partitions that come and go. Errors raised here are logged and swallowed by aiokafka."""

    async def revoked(self, partitions: Collection[TopicPartition]) -> None: ...

    async def assigned(self, partitions: Collection[TopicPartition]) -> None: ...


class _Listener(ConsumerRebalanceListener):
    def __init__(self, target: Rebalanced) -> None:
        self._target = target

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride] - aiokafka awaits it, untyped there
        self, revoked: Collection[TopicPartition]
    ) -> None:
        await self._target.revoked(revoked)

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride] - as above
        self, assigned: Collection[TopicPartition]
    ) -> None:
        await self._target.assigned(assigned)


class GroupMember:
    """Joins `group` on `topics`. Nothing is committed but what `commit` is told."""

    def __init__(
        self,
        settings: KafkaConnection,
        *,
        group: str,
        topics: Collection[str],
        listener: Rebalanced,
        session_timeout: float,
        max_poll_interval: float,
        rebalance_timeout: float,
    ) -> None:
        self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
            session_timeout_ms=int(session_timeout * 1000),
            heartbeat_interval_ms=int(min(3.0, session_timeout / 3) * 1000),
            max_poll_interval_ms=int(max_poll_interval * 1000),
            rebalance_timeout_ms=int(rebalance_timeout * 1000),
            fetch_min_bytes=1,
            fetch_max_wait_ms=500,
            fetch_max_bytes=16 * 1024 * 1024,
            max_partition_fetch_bytes=1024 * 1024,
            retry_backoff_ms=100,
        )
        self._topics = tuple(topics)
        self._listener = _Listener(listener)

    async def start(self) -> None:
        """Join the group; returns with the first assignment. May be cancelled; `stop` must follow in any case.

        Raises GroundMissingError when broker or topics are missing.
        """
        try:
            self._consumer.subscribe(topics=self._topics, listener=self._listener)
            await self._consumer.start()
        except (KafkaError, OSError) as error:
            raise GroundMissingError(
                f"The consumer group cannot be joined: {type(error).__name__}.", code="broker_unreachable"
            ) from error

    async def poll(
        self, most: int, within: float, only: Collection[TopicPartition] = ()
    ) -> "list[ConsumerRecord[bytes, bytes]]":
        """At most `most` records, as soon as there is one; none after `within` seconds. During a rebalance it waits.
        With `only`, records of other partitions stay where they are.

        Must not be cancelled. Raises GroundMissingError.
        """
        try:
            batches = await self._consumer.getmany(*only, timeout_ms=int(within * 1000), max_records=most)
        except KafkaError as error:
            raise GroundMissingError(
                f"Records cannot be fetched: {type(error).__name__}.", code="broker_unreachable"
            ) from error
        return [message for batch in batches.values() for message in batch]

    async def touch(self) -> None:
        """Tell the group that we are alive while no records are wanted. Must not be cancelled."""
        try:
            await self._consumer.getmany(_NOBODY, timeout_ms=0)
        except KafkaError as error:
            raise GroundMissingError(
                f"The consumer group is not available: {type(error).__name__}.", code="broker_unreachable"
            ) from error

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._consumer.assignment())

    def pause_exactly(self, wanted: Collection[TopicPartition]) -> None:
        """Pause these of our partitions and no others. A rebalance forgets pauses: call it again and again."""
        try:
            assigned, paused = self._consumer.assignment(), self._consumer.paused()
            wanted = assigned.intersection(wanted)
            if add := wanted - paused:
                self._consumer.pause(*add)
            if remove := paused - wanted:
                self._consumer.resume(*remove)
        except IllegalStateError:
            # The assignment is just changing; the next call sees the new one.
            return

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> frozenset[TopicPartition]:
        """Commit offsets of those partitions that are ours. Returns which were committed.

        None of them when membership has changed meanwhile or the broker is away: their records come again.
        """
        assigned = self._consumer.assignment()
        ours = {partition: offset for partition, offset in offsets.items() if partition in assigned}
        if not ours:
            return frozenset()
        try:
            await self._consumer.commit(ours)
        except KafkaError:
            return frozenset()
        return frozenset(ours)

    def highwater(self, partition: TopicPartition) -> int | None:
        """The offset that the next record of the partition will get, as of the last fetch."""
        if partition not in self._consumer.assignment():
            return None
        return self._consumer.highwater(partition)

    def position(self, partition: TopicPartition) -> int | None:
        """The offset that is fetched next; None when it is not known yet."""
        # The public method would wait for the position; a gauge must not.
        if partition not in self._consumer.assignment():
            return None
        state = self._consumer._subscription.subscription.assignment.state_value(partition)
        return state.position if state.has_valid_position else None

    async def broker_answers(self, within: float) -> bool:
        """Whether a metadata request is answered in time."""
        return await within_limit(self._consumer.topics(), within)

    async def stop(self, within: float) -> None:
        """Leave the group and close, in at most `within` seconds (aiokafka #773)."""
        if not await within_limit(self._consumer.stop(), within):
            await within_limit(self._consumer._client.close(), 1.0)
