"""A partition of a topic as one key of it sees it: in order, and after a death again from the last committed offset."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from printworks_common.errors import GroundMissingError, TransientError

from tests.simulator.world import Pause, World

T = TypeVar("T")

HOLD_SECONDS = 1.0


class Lane(Generic[T]):
    """Records of one key in one topic, and the member of the group that reads them."""

    def __init__(self, world: World, name: str, handler: Callable[[T], Awaitable[None]]) -> None:
        self._world = world
        self._name = name
        self._handler = handler
        self._records: list[T] = []
        self._committed = 0
        self._epoch = 0
        self._member = False

    def publish(self, record: T) -> None:
        self._records.append(record)
        if not self._member:
            self._join(0.01)

    def _join(self, after: float) -> None:
        """A member takes the partition over. Whoever had it before commits nothing any more."""
        self._epoch += 1
        self._member = True
        self._world.spawn(
            self._read(self._epoch), self._name, after=after, crashed=self._left, stalled=lambda: self._join(15.0)
        )

    def _left(self) -> None:
        self._join(self._world.random.uniform(0.2, 12.0))

    async def _read(self, epoch: int) -> None:
        world = self._world
        position = self._committed
        while position < len(self._records):
            try:
                await self._handler(self._records[position])
            except (GroundMissingError, TransientError):
                await Pause(HOLD_SECONDS)
                continue
            if epoch != self._epoch:
                return
            position += 1
            if position == len(self._records) or world.chance(0.5):
                await world.point(f"{self._name}: before the commit of the offset")
                if epoch != self._epoch:
                    return
                self._committed = position
                await world.point(f"{self._name}: after the commit of the offset")
                if epoch != self._epoch:
                    return
        self._member = False
