"""The append-only record of everything that happened to the orders of a shop."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any


@dataclass
class Journal:
    """At most `capacity` newest entries; `dropped` counts older ones that are gone. Sequence numbers start at 1."""

    capacity: int = 200_000
    dropped: int = 0
    _last: int = 0
    _entries: deque[dict[str, Any]] = field(default_factory=deque[dict[str, Any]])

    def append(
        self,
        *,
        order_id: int | None,
        actor: str,
        operation: str,
        before: dict[str, Any],
        after: dict[str, Any],
        errors: list[str] | None = None,
    ) -> None:
        self._last += 1
        entry: dict[str, Any] = {
            "seq": self._last,
            "time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "order_id": None if order_id is None else str(order_id),
            "actor": actor,
            "operation": operation,
            "before": before,
            "after": after,
        }
        if errors:
            entry["errors"] = errors
        self._entries.append(entry)
        if len(self._entries) > self.capacity:
            self._entries.popleft()
            self.dropped += 1

    def read(self, after: int = 0, limit: int = 1000, order_id: int | None = None) -> dict[str, Any]:
        """Entries numbered above `after`: `{entries, next, more, dropped}`; `next` is the `after` of the next page."""
        first = self._entries[0]["seq"] if self._entries else 1
        newer = islice(self._entries, max(0, after + 1 - first), None)
        wanted = None if order_id is None else str(order_id)
        entries: list[dict[str, Any]] = []
        reached = max(after, 0)
        for entry in newer:
            if len(entries) == limit:
                break
            reached = entry["seq"]
            if wanted is None or entry["order_id"] == wanted:
                entries.append(entry)
        return {"entries": entries, "next": reached, "more": reached < self._last, "dropped": self.dropped}
