"""Which offset may be committed: never past an unfinished record, and always up to the end when all is finished."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from printworks_common.kafka.tracker import PartitionTracker


class PartitionOfABroker(RuleBasedStateMachine):
    """A partition with gaps, a consumer that finishes in any order, and rebalances that hand over again."""

    def __init__(self) -> None:
        super().__init__()
        self.tracker = PartitionTracker()
        self.tracker.begin_epoch()
        self.log: list[int] = []
        self.end = 0
        self.position = 0
        self.committed = 0
        self.running: list[tuple[int, int]] = []  # offset and epoch, of all epochs
        self.effects: set[int] = set()
        self.in_commit: tuple[int, int] | None = None

    @rule(gap=st.integers(0, 3))
    def a_record_is_written(self, gap: int) -> None:
        self.log.append(self.end + gap)
        self.end += gap + 1

    @precondition(lambda self: any(offset >= self.position for offset in self.log))
    @rule()
    def the_next_record_is_handed_over(self) -> None:
        offset = min(offset for offset in self.log if offset >= self.position)
        self.position = offset + 1
        self.running.append((offset, self.tracker.receive(offset)))

    @precondition(lambda self: bool(self.running))
    @rule(data=st.data())
    def a_record_is_finished(self, data: Any) -> None:
        offset, epoch = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        self.effects.add(offset)
        counted = self.tracker.finish(offset, epoch)
        assert counted == (epoch == self.tracker.epoch)

    @precondition(lambda self: self.in_commit is None and self.tracker.uncommitted() is not None)
    @rule()
    def a_commit_begins(self) -> None:
        offset = self.tracker.uncommitted()
        assert offset is not None
        self.in_commit = (offset, self.tracker.epoch)

    @precondition(lambda self: self.in_commit is not None)
    @rule(succeeds=st.booleans())
    def the_commit_ends(self, succeeds: bool) -> None:
        assert self.in_commit is not None
        offset, epoch = self.in_commit
        self.in_commit = None
        if succeeds and epoch == self.tracker.epoch:
            self.committed = offset
            self.tracker.committed(offset, epoch)
        elif succeeds:
            self.tracker.committed(offset, epoch)  # told too late: must change nothing

    @rule()
    def the_partition_is_assigned_again(self) -> None:
        self.tracker.begin_epoch()
        self.position = self.committed

    @invariant()
    def what_may_be_committed_has_had_its_effect(self) -> None:
        offset = self.tracker.committable()
        if offset is not None:
            assert all(record in self.effects for record in self.log if record < offset)

    @invariant()
    def what_was_committed_has_had_its_effect(self) -> None:
        assert all(record in self.effects for record in self.log if record < self.committed)

    @invariant()
    def when_all_is_finished_the_end_may_be_committed(self) -> None:
        received = [offset for offset in self.log if self.committed <= offset < self.position]
        current = [offset for offset, epoch in self.running if epoch == self.tracker.epoch]
        if received and not current:
            assert self.tracker.committable() == received[-1] + 1
            assert self.tracker.pending == 0
            assert self.tracker.span == 0

    @invariant()
    def what_is_not_committed_yet_is_told(self) -> None:
        offset = self.tracker.committable()
        if offset is not None and offset != self.committed:
            assert self.tracker.uncommitted() == offset


TestPartitionOfABroker = PartitionOfABroker.TestCase


def test_nothing_may_be_committed_before_anything_was_received() -> None:
    tracker = PartitionTracker()
    tracker.begin_epoch()
    assert tracker.committable() is None
    assert tracker.uncommitted() is None


def test_a_slow_record_holds_the_commit_back_but_not_the_others() -> None:
    tracker = PartitionTracker()
    epoch = tracker.begin_epoch()
    for offset in (10, 11, 12):
        tracker.receive(offset)
    tracker.finish(11, epoch)
    tracker.finish(12, epoch)
    assert tracker.committable() == 10
    assert tracker.span == 3
    tracker.finish(10, epoch)
    assert tracker.committable() == 13


def test_what_is_finished_while_a_commit_is_under_way_stays_to_be_committed() -> None:
    tracker = PartitionTracker()
    epoch = tracker.begin_epoch()
    tracker.receive(0)
    tracker.receive(1)
    tracker.finish(0, epoch)
    under_way = tracker.uncommitted()
    assert under_way == 1
    tracker.finish(1, epoch)
    tracker.committed(under_way, epoch)
    assert tracker.uncommitted() == 2


def test_a_record_that_is_finished_twice_counts_once() -> None:
    tracker = PartitionTracker()
    epoch = tracker.begin_epoch()
    tracker.receive(5)
    assert tracker.finish(5, epoch)
    assert not tracker.finish(5, epoch)
