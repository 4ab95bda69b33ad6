"""Order per key, parallel across keys, turns across parties: a lane for each key of a partition, one record of a lane
at a time, and the lanes of one party (a shop, on one topic) together as often as those of another. Pure."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

Lane = TypeVar("Lane", bound=Hashable)
Work = TypeVar("Work")


class Lanes(Generic[Lane, Work]):
    """Waiting records in lanes. A lane is busy from `start` until `finish`; at most `parallel` lanes are busy at once.

    Parties take turns, and within a party the lanes in the order in which they became startable: neither a key with
    many records nor a party with many keys pushes others aside.
    """

    def __init__(self, parallel: int, *, party: Callable[[Lane], Hashable]) -> None:
        self._parallel = parallel
        self._party = party
        self._waiting: dict[Lane, deque[Work]] = {}
        self._startable: dict[Hashable, deque[Lane]] = {}
        """By party; the first one has the next turn."""
        self._busy: set[Lane] = set()

    def add(self, lane: Lane, work: Work) -> None:
        queue = self._waiting.setdefault(lane, deque())
        queue.append(work)
        if len(queue) == 1 and lane not in self._busy:
            self._queue(lane)

    def start(self) -> Iterator[Work]:
        """What may start now; each is busy from the moment it is handed out."""
        while self._startable and len(self._busy) < self._parallel:
            party = next(iter(self._startable))
            lanes = self._startable.pop(party)
            lane = lanes.popleft()
            if lanes:
                self._startable[party] = lanes
            queue = self._waiting[lane]
            work = queue.popleft()
            if not queue:
                del self._waiting[lane]
            self._busy.add(lane)
            yield work

    def finish(self, lane: Lane) -> None:
        """The running record of the lane has ended; the next of the lane may start."""
        self._busy.remove(lane)
        if lane in self._waiting:
            self._queue(lane)

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
        startable = {
            party: deque(lane for lane in lanes if lane in self._waiting) for party, lanes in self._startable.items()
        }
        self._startable = {party: lanes for party, lanes in startable.items() if lanes}
        return dropped

    def _queue(self, lane: Lane) -> None:
        self._startable.setdefault(self._party(lane), deque()).append(lane)

    @property
    def busy(self) -> int:
        return len(self._busy)

    @property
    def waiting(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())
