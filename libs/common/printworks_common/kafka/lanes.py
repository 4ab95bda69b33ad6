"""Order per key, parallel across keys: a lane for each key of a partition, one record of a lane at a time. Pure."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

Work = TypeVar("Work")


class Lanes(Generic[Work]):
    """Waiting records in lanes. A lane is busy from `start` until `finish`; at most `parallel` lanes are busy at once.

    Lanes get their turn in the order in which they became startable, so that a key with many records does not push
    others aside.
    """

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._waiting: dict[Hashable, deque[Work]] = {}
        self._startable: deque[Hashable] = deque()
        self._busy: set[Hashable] = set()

    def add(self, lane: Hashable, work: Work) -> None:
        queue = self._waiting.setdefault(lane, deque())
        queue.append(work)
        if len(queue) == 1 and lane not in self._busy:
            self._startable.append(lane)

    def start(self) -> Iterator[Work]:
        """What may start now; each is busy from the moment it is handed out."""
        while self._startable and len(self._busy) < self._parallel:
            lane = self._startable.popleft()
            queue = self._waiting[lane]
            work = queue.popleft()
            if not queue:
                del self._waiting[lane]
            self._busy.add(lane)
            yield work

    def finish(self, lane: Hashable) -> None:
        """The running record of the lane has ended; the next of the lane may start."""
        self._busy.remove(lane)
        if lane in self._waiting:
            self._startable.append(lane)

    def drop(self, unwanted: Callable[[Work], bool]) -> list[Work]:
        """Remove waiting records, for example of a partition that was given away. Returns what was removed."""
        dropped: list[Work] = []
        for lane in list(self._waiting):
            kept: deque[Work] = deque()
            for work in self._waiting[lane]:
                (dropped if unwanted(work) else kept).append(work)
            if kept:
                self._waiting[lane] = kept
            else:
                del self._waiting[lane]
        self._startable = deque(lane for lane in self._startable if lane in self._waiting)
        return dropped

    @property
    def busy(self) -> int:
        return len(self._busy)

    @property
    def waiting(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())
