"""Which offset of a partition may be committed while records are finished in any order. Pure.

The lowest pending offset, or one past the highest received when nothing is pending. Only offsets that were received
count, so gaps (compaction, transaction markers) are harmless. The model is that of Confluent's parallel-consumer.
"""

from dataclasses import dataclass, field


@dataclass
class PartitionTracker:
    """Books of one partition. Each assignment is a new epoch; a completion of an older epoch changes nothing."""

    epoch: int = 0
    _pending: dict[int, None] = field(default_factory=dict[int, None])
    _highest: int | None = None
    _committed: int | None = None

    def begin_epoch(self) -> int:
        """The partition was assigned (again): whatever was not committed comes again. Returns the new epoch."""
        self.epoch += 1
        self._pending.clear()
        self._highest = None
        self._committed = None
        return self.epoch

    def receive(self, offset: int) -> int:
        """A record was handed over by the broker. Returns the epoch under which it has to be finished."""
        self._pending[offset] = None
        self._highest = offset if self._highest is None else max(self._highest, offset)
        return self.epoch

    def finish(self, offset: int, epoch: int) -> bool:
        """The effect of the record is durable. Returns whether it counted: of this epoch, and pending."""
        if epoch != self.epoch or offset not in self._pending:
            return False
        del self._pending[offset]
        return True

    def committable(self) -> int | None:
        """The offset to commit (the next to be read after a restart); None when nothing was received."""
        if self._highest is None:
            return None
        return min(self._pending) if self._pending else self._highest + 1

    def uncommitted(self) -> int | None:
        """What `committable` says, when that was not committed yet."""
        offset = self.committable()
        return offset if offset != self._committed else None

    def committed(self, offset: int, epoch: int) -> None:
        """A commit of this offset has succeeded. What was finished since it began stays to be committed."""
        if epoch == self.epoch:
            self._committed = offset

    @property
    def span(self) -> int:
        """How many offsets lie between what may be committed and what was received: the work to redo after a crash."""
        offset = self.committable()
        return 0 if offset is None or self._highest is None else self._highest + 1 - offset

    @property
    def pending(self) -> int:
        return len(self._pending)
