"""The one consumer loop: from a record that the broker hands over to an offset that is committed.

    fetch ── free slots? ── poll ── known? join it ── lanes (one per key) ── handler ── durable ── tracker ── commit
                                                      shops take turns        │ may pass: again, with back-off
                                                                              │ ground missing: hold, not ready
                                                                              └ will not pass: dead letter, awaited

An offset is committed when every record below it has had its effect or lies in the dead-letter topic. So a record is
never lost; after a crash or a rebalance some come again, and handlers are idempotent.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

from aiokafka import ConsumerRecord, TopicPartition

from printworks_common.errors import GroundMissingError, PoisonError
from printworks_common.kafka import observe
from printworks_common.kafka.connection import KafkaConnection
from printworks_common.kafka.deadletter import DeadLetterFloodError, DeadLetterLimit, bury
from printworks_common.kafka.lanes import Lanes
from printworks_common.kafka.limits import LEAST_BUFFER, ConsumerLimits
from printworks_common.kafka.member import GroupMember
from printworks_common.kafka.producer import KafkaProducer, within_limit
from printworks_common.kafka.record import Record
from printworks_common.kafka.tracker import PartitionTracker
from printworks_common.kafka.verdict import Action, Verdict, judge

Handler = Callable[[Record], Awaitable[None]]

_Place = tuple[TopicPartition, int, int]
"""Partition, offset and timestamp: the same record when it is handed over again, even if the topic was re-created."""


_Lane = tuple[TopicPartition, str | int]
"""Of a key. Records without a key have no order to keep: a lane for each, by its offset."""


def _party(lane: _Lane) -> Hashable:
    """Who takes turns: on each topic the shops, with which the keys of orders begin; else each key for itself."""
    partition, key = lane
    return partition.topic, key.partition("/")[0] if isinstance(key, str) else key


@dataclass(eq=False)
class _Work:
    """A record that was taken in: waiting in its lane, being handled, or waiting for its next try."""

    record: Record
    partition: TopicPartition
    epoch: int
    taken_at: float
    attempts: int = 0
    active: bool = False
    """In the handler or being buried: what a rebalance waits for. Waiting for the next try is not."""
    holding: bool = False
    task: "asyncio.Task[None] | None" = None
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends the wait between tries."""

    @property
    def place(self) -> _Place:
        return (self.partition, self.record.offset, self.record.timestamp)

    @property
    def lane(self) -> _Lane:
        return (self.partition, self.record.key if self.record.raw_key is not None else self.record.offset)


class ConsumerLoop:
    """Hands every record of `topics` to `handler`, as a member of `group`.

    The handler returns when its effect is durable. Records with the same key are handled one after the other; up to
    `parallel` records of different keys at once, chosen from what was taken in by turns over topics and shops. What it
    raises decides (errors.py): TransientError is repeated, GroundMissingError is repeated for ever while the loop is
    not ready, anything else goes to `<topic>.<group>.dlq`.
    """

    def __init__(
        self,
        settings: KafkaConnection,
        *,
        group: str,
        topics: Collection[str],
        handler: Handler,
        producer: KafkaProducer,
        parallel: int = 16,
        limits: ConsumerLimits | None = None,
        heartbeat: Callable[[], object] | None = None,
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = tuple(str(topic) for topic in topics)
        self._handler = handler
        self._producer = producer
        self._limits = limits or ConsumerLimits()
        self._heartbeat = heartbeat or (lambda: None)

        self._capacity = self._limits.buffer or max(LEAST_BUFFER, parallel * 4)
        self._lanes: Lanes[_Lane, _Work] = Lanes(parallel, party=_party)
        self._works: dict[_Place, _Work] = {}
        self._trackers: dict[TopicPartition, PartitionTracker] = {}
        self._finished: dict[TopicPartition, set[tuple[int, int]]] = {}
        """Done, not yet committed: not done a second time when a rebalance hands them over again."""
        self._dead_letters = DeadLetterLimit(self._limits.dead_letters, self._limits.dead_letter_window)

        self._member: GroupMember | None = None
        self._rebalancing = True
        self._closing = False
        self._failure: Exception | None = None
        self._unreachable = False
        self._held_since: float | None = None
        self._last_pass = monotonic()
        self._wake = asyncio.Event()
        """Something changed that the fetching or the supervising task may wait for."""
        self._progress = asyncio.Event()
        """A try has ended."""
        self._failed = asyncio.Event()

    # ------------------------------------------------------------------ what others see

    @property
    def ready(self) -> bool:
        """Assigned, the broker answers, and no record waits for missing ground."""
        return not (self._rebalancing or self._closing or self._unreachable or self._failure or self._holding)

    def lag(self) -> dict[tuple[str, int], int]:
        """Records per partition that are not finished, as of the last fetch; partitions that are ours only."""
        member = self._member
        if member is None:
            return {}
        lag: dict[tuple[str, int], int] = {}
        for partition, tracker in self._trackers.items():
            end = member.highwater(partition)
            done = tracker.committable()
            done = member.position(partition) if done is None else done
            if end is not None and done is not None:
                lag[partition.topic, partition.partition] = max(0, end - done)
        return lag

    @property
    def in_flight(self) -> int:
        return len(self._works)

    # ------------------------------------------------------------------ life

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until `stopping` is set, then finish what is being handled within the drain budget, commit and leave.

        Raises DeadLetterFloodError when too many records cannot be handled; the process should end then.
        """
        fetching: asyncio.Task[None] | None = None
        committing: asyncio.Task[None] | None = None
        stop_asked = asyncio.create_task(stopping.wait())
        try:
            if not await self._join(stop_asked):
                return
            fetching = asyncio.create_task(self._fetch())
            committing = asyncio.create_task(self._commit_regularly())
            await self._supervise(stop_asked, fetching, committing)
        finally:
            stop_asked.cancel()
            await self._close(fetching, committing)
        if self._failure is not None:
            raise self._failure

    async def _join(self, stop_asked: "asyncio.Task[bool]") -> bool:
        """Join the group, for as long as it takes. Returns False when we were asked to stop before."""
        tries = 0
        while not stop_asked.done():
            self._heartbeat()
            member = GroupMember(
                self._settings,
                group=self._group,
                topics=self._topics,
                listener=self,
                session_timeout=self._limits.session_timeout,
                max_poll_interval=self._limits.max_poll_interval,
                rebalance_timeout=self._limits.rebalance_timeout,
            )
            self._member = member
            starting = asyncio.create_task(member.start())
            while not starting.done() and not stop_asked.done():
                await asyncio.wait({starting, stop_asked}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                self._heartbeat()
            if starting.done() and starting.exception() is None:
                self._unreachable = False
                return True
            if starting.done():
                tries += 1
                self._unreachable = True
                observe.alert("not_joined", group=self._group, attempts=tries, error=str(starting.exception()))
            starting.cancel()
            await asyncio.wait({starting}, timeout=1.0)
            await member.stop(self._limits.stop_within)
            self._member = None
            await asyncio.wait({stop_asked}, timeout=self._limits.hold.delay(max(1, tries)))
        return False

    async def _supervise(
        self, stop_asked: "asyncio.Task[bool]", fetching: "asyncio.Task[None]", committing: "asyncio.Task[None]"
    ) -> None:
        failed = asyncio.create_task(self._failed.wait())
        watched = {stop_asked, fetching, committing, failed}
        try:
            while not stop_asked.done() and self._failure is None:
                await asyncio.wait(watched, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                self._heartbeat()
                for task in (fetching, committing):
                    if task.done():
                        task.result()
                await self._watch()
        finally:
            failed.cancel()

    async def _watch(self) -> None:
        """aiokafka can hang after a rejoin (#847): when the broker answers but nothing was polled for long, give up."""
        member = self._member
        if member is None or monotonic() - self._last_pass < self._limits.stuck_after:
            return
        self._last_pass = monotonic()
        if await member.broker_answers(within=5.0):
            raise GroundMissingError(
                "The consumer got no assignment for long although the broker answers.", code="consumer_stuck"
            )

    async def _close(self, fetching: "asyncio.Task[None] | None", committing: "asyncio.Task[None] | None") -> None:
        self._closing = True
        self._wake.set()
        try:
            await self._drain()
        finally:
            # Also when we are cancelled: what is finished is committed, and the group need not wait for us.
            await self._leave(fetching, committing)

    async def _drain(self) -> None:
        """Let handlers end within the budget; what waits is left to be handed over again, to whomever."""
        for work in self._lanes.drop(lambda _: True):
            self._works.pop(work.place, None)
        running = {work.task for work in self._works.values() if work.task is not None}
        for work in self._works.values():
            work.leave.set()
        if not running:
            return
        try:
            await asyncio.wait(running, timeout=self._limits.drain)
        finally:
            late = {task for task in running if not task.done()}
            for task in late:
                task.cancel()
            if late:
                observe.note("handed_back", group=self._group, records=len(late))
                await asyncio.wait(late, timeout=1.0)

    async def _leave(self, fetching: "asyncio.Task[None] | None", committing: "asyncio.Task[None] | None") -> None:
        if committing is not None:
            committing.cancel()
            await asyncio.wait({committing}, timeout=1.0)
        member, self._member = self._member, None
        if member is not None:
            await within_limit(self._commit(member), self._limits.stop_within)
            await member.stop(self._limits.stop_within)
        if fetching is not None:
            # Only now: a cancelled poll of a living member would be harmful.
            await asyncio.wait({fetching}, timeout=0.5)
            fetching.cancel()
            await asyncio.wait({fetching}, timeout=1.0)
        for partition in self._trackers:
            observe.forget_lag(self._group, partition.topic, partition.partition)
        observe.gauges(self._group, in_flight=0, oldest_seconds=0.0, lag={})

    # ------------------------------------------------------------------ taking in

    async def _fetch(self) -> None:
        """Take records in as long as there are free slots. Never cancelled while the member lives."""
        tries = 0
        touched = monotonic()
        while not self._closing and self._failure is None and (member := self._member) is not None:
            self._last_pass = monotonic()
            self._wake.clear()
            member.pause_exactly(self._blocked_for_long())
            room = self._room()
            try:
                if room is not None:
                    only, free = room
                    # No await between the poll and the books: a rebalance must not come between them.
                    self._admit(await member.poll(free, within=0.05 if only else 1.0, only=only))
                    touched = monotonic()
                else:
                    if monotonic() - touched > self._limits.max_poll_interval / 4:
                        await member.touch()
                        touched = monotonic()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1.0):
                            await self._wake.wait()
                tries, self._unreachable = 0, False
            except GroundMissingError as error:
                tries, self._unreachable = tries + 1, True
                observe.alert("not_fetching", group=self._group, attempts=tries, error=str(error))
                await asyncio.sleep(self._limits.hold.delay(tries))

    def _room(self) -> tuple[tuple[TopicPartition, ...], int] | None:
        """From which partitions (none named: all) how many records may come; None: nothing for now."""
        free = self._capacity - len(self._works)
        held: Counter[TopicPartition] = Counter()
        size = 0
        for work in self._works.values():
            held[work.partition] += 1
            size += len(work.record.value)
        if free <= 0 or size >= self._limits.buffer_bytes or self._holding:
            return None
        topics: Counter[str] = Counter()
        for partition, count in held.items():
            topics[partition.topic] += count
        # A partition whose keys are all slow must not fill the whole buffer and starve the others, nor a topic.
        several = len({partition.topic for partition in self._trackers}) > 1
        modest = tuple(
            one
            for one in self._trackers
            if held[one] <= self._capacity // 2 and not (several and topics[one.topic] > self._capacity * 3 // 4)
        )
        return (() if len(modest) == len(self._trackers) else modest), free

    def _blocked_for_long(self) -> Collection[TopicPartition]:
        """Pausing throws prefetched records away, so it is for long blocks only."""
        if self._held_since is not None and monotonic() - self._held_since > self._limits.pause_after:
            return tuple(self._trackers)
        return tuple(partition for partition, books in self._trackers.items() if books.span >= self._limits.span)

    def _admit(self, messages: "list[ConsumerRecord[bytes, bytes]]") -> None:
        if self._closing:
            return
        for message in messages:
            partition = TopicPartition(message.topic, message.partition)
            books = self._trackers.setdefault(partition, PartitionTracker())
            epoch = books.receive(message.offset)
            if (message.offset, message.timestamp) in self._finished.get(partition, ()):
                books.finish(message.offset, epoch)
                continue
            known = self._works.get((partition, message.offset, message.timestamp))
            if known is not None:
                known.epoch = epoch
                continue
            work = _Work(Record.of(message), partition, epoch, monotonic())
            self._works[work.place] = work
            self._lanes.add(work.lane, work)
        self._dispatch()

    def _dispatch(self) -> None:
        if self._rebalancing or self._closing or self._failure is not None:
            return
        for work in self._lanes.start():
            work.active = True
            work.task = asyncio.create_task(self._work(work))

    # ------------------------------------------------------------------ one record

    async def _work(self, work: _Work) -> None:
        try:
            if await self._carry_out(work) and work.partition in self._trackers:
                self._trackers[work.partition].finish(work.record.offset, work.epoch)
                self._finished.setdefault(work.partition, set()).add((work.record.offset, work.record.timestamp))
        except Exception as error:
            # A fault of the loop itself: to go on would leave the record unfinished and its partition uncommitted.
            self._fail(error)
        finally:
            work.active = False
            self._works.pop(work.place, None)
            self._release(work)
            self._lanes.finish(work.lane)
            self._dispatch()
            self._wake.set()
            self._progress.set()

    async def _carry_out(self, work: _Work) -> bool:
        """Try until it is done or buried. Returns False when the record is left to be handed over again."""
        first_failure: datetime | None = None
        retrying_since: float | None = None
        tries = 0
        while True:
            work.attempts += 1
            began = monotonic()
            verdict = await self._attempt(work)
            if verdict is None:
                self._tell(work, "done", None)
                return True
            if self._closing and verdict.action is not Action.BURY:
                return False
            tries += 1
            failed_at = datetime.now(UTC)
            first_failure = first_failure or failed_at
            if verdict.action is Action.HOLD:
                self._hold(work)
                retrying_since = None
                delay = self._limits.hold.delay(tries)
            else:
                if self._release(work):
                    tries = 1
                retrying_since = retrying_since or began
                left = retrying_since + self._limits.retry_budget - monotonic()
                if verdict.action is Action.BURY or left <= 0:
                    return await self._bury(work, verdict, first_failure, failed_at)
                delay = min(left, self._limits.retry.delay(tries, at_least=verdict.retry_after))
            observe.retrying(work.record, self._group, verdict.code, work.attempts, delay, error=verdict.message)
            if not await self._wait(work, delay):
                return False

    async def _attempt(self, work: _Work) -> Verdict | None:
        """One call of the handler. Returns what is to be done about its error, None when there was none."""
        try:
            with observe.handling_span(work.record, self._group, work.attempts):
                await self._handler(work.record)
        except asyncio.CancelledError as error:
            # Somebody's own cancel inside the handler is a fault of the handler; ours, at the end of a drain, is not.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            caught: BaseException = error
        except Exception as error:
            caught = error
        else:
            return None
        verdict = judge(caught)
        if not verdict.foreseen:
            observe.unexpected(work.record, self._group, caught)
        return verdict

    async def _bury(self, work: _Work, verdict: Verdict, first_failure: datetime, last_failure: datetime) -> bool:
        """Write the dead letter; the record is finished when the broker has it. Returns False when it has not."""
        if self._failure is not None:
            return False
        if not self._dead_letters.admit(monotonic()):
            self._fail(
                DeadLetterFloodError(
                    f"More than {self._limits.dead_letters} records of {self._group} could not be handled within "
                    f"{self._limits.dead_letter_window:.0f} s; the last reason was {verdict.code}.",
                    code="dead_letter_flood",
                )
            )
            return False
        letter = bury(
            work.record,
            group=self._group,
            code=verdict.code,
            error=verdict.message,
            attempts=work.attempts,
            first_failure=first_failure,
            last_failure=last_failure,
        )
        tries = 0
        while True:
            try:
                await self._producer.send_raw(letter.topic, letter.key, letter.value, letter.headers)
            except GroundMissingError as error:
                tries += 1
                self._hold(work)
                delay = self._limits.hold.delay(tries)
                observe.retrying(work.record, self._group, error.code, work.attempts, delay, error=str(error))
                if not await self._wait(work, delay):
                    return False
            except PoisonError as error:
                # Neither the record nor its dead letter can be dealt with; going on would lose it.
                self._fail(error)
                return False
            else:
                self._tell(work, "dead_letter", verdict.code)
                return True

    async def _wait(self, work: _Work, delay: float) -> bool:
        """Wait for the next try. Returns False when the record is no longer ours or we are closing."""
        work.active = False
        self._progress.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await work.leave.wait()
        work.leave.clear()
        if self._closing or self._failure is not None or work.partition not in self._trackers:
            return False
        work.active = True
        return True

    def _tell(self, work: _Work, outcome: str, code: str | None) -> None:
        observe.finished(
            work.record, self._group, outcome, monotonic() - work.taken_at, attempts=work.attempts, code=code
        )

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        observe.alert("stopping", group=self._group, error=str(error))
        self._wake.set()
        self._failed.set()

    @property
    def _holding(self) -> bool:
        return self._held_since is not None

    def _hold(self, work: _Work) -> None:
        work.holding = True
        if self._held_since is None:
            self._held_since = monotonic()
            observe.holding(self._group, held=True)

    def _release(self, work: _Work) -> bool:
        """The ground is there again for this record. Returns whether it was missing before."""
        if not work.holding:
            return False
        work.holding = False
        if not any(other.holding for other in self._works.values()):
            self._held_since = None
            observe.holding(self._group, held=False)
        return True

    # ------------------------------------------------------------------ offsets and partitions

    async def _commit_regularly(self) -> None:
        while (member := self._member) is not None:
            await asyncio.sleep(self._limits.commit_every)
            if not self._rebalancing:
                # Without a broker the client would try for ever, and the gauges below would stand still.
                await within_limit(self._commit(member), self._limits.rebalance_drain)
            written = min((work.record.timestamp for work in self._works.values()), default=None)
            age = 0.0 if written is None else max(0.0, datetime.now(UTC).timestamp() - written / 1000)
            observe.gauges(self._group, in_flight=len(self._works), oldest_seconds=age, lag=self.lag())

    async def _commit(self, member: GroupMember) -> None:
        due = {
            partition: (offset, books)
            for partition, books in self._trackers.items()
            if (offset := books.uncommitted()) is not None
        }
        epochs = {partition: books.epoch for partition, (_, books) in due.items()}
        for partition in await member.commit({partition: offset for partition, (offset, _) in due.items()}):
            offset, books = due[partition]
            books.committed(offset, epochs[partition])
            if finished := self._finished.get(partition):
                self._finished[partition] = {place for place in finished if place[0] >= offset}

    async def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """All partitions are given up, as every rebalance begins: let what is being handled end, then commit."""
        self._rebalancing = True
        until = monotonic() + self._limits.rebalance_drain
        while any(work.active and work.partition in partitions for work in self._works.values()):
            self._progress.clear()
            try:
                async with asyncio.timeout(until - monotonic()):
                    await self._progress.wait()
            except TimeoutError:
                break
        if self._member is not None:
            await within_limit(self._commit(self._member), self._limits.rebalance_drain)
        observe.note("revoked", group=self._group, count=len(partitions), records=len(self._works))

    async def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """New books for every partition. What we still work on is joined when the broker hands it over again."""
        for partition in set(self._trackers) - set(partitions):
            del self._trackers[partition]
            self._finished.pop(partition, None)
            observe.forget_lag(self._group, partition.topic, partition.partition)
        for partition in partitions:
            self._trackers.setdefault(partition, PartitionTracker()).begin_epoch()
        for work in self._lanes.drop(lambda work: work.partition not in self._trackers):
            self._works.pop(work.place, None)
        for work in self._works.values():
            if work.partition not in self._trackers:
                work.leave.set()
        self._rebalancing = False
        self._dispatch()
        self._wake.set()
        observe.note("assigned", group=self._group, count=len(partitions))
