"""What was published a moment ago: a repeat is recognised without doing the work again.

Nothing relies on it. It is bounded, lives with the process, and another process has its own: what a repeat means is
decided by the coordinator.
"""

CAPACITY = 20_000
"""Names that are kept. A webhook has two: at 300 webhooks a second those of half a minute. An order that was swept has
one."""


class Recent:
    """Names are those of a webhook (its id), of the event behind it (topic and event id), or of an order as it was
    read."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        # A dict keeps its keys in the order in which they came.
        self._names: dict[tuple[str, ...], None] = {}

    def has(self, *names: tuple[str, ...]) -> bool:
        return any(name in self._names for name in names)

    def add(self, *names: tuple[str, ...]) -> None:
        """Call it only when the event is durable: a repeat is not published."""
        for name in names:
            self._names[name] = None
        while len(self._names) > self._capacity:
            del self._names[next(iter(self._names))]
