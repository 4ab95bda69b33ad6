"""The point bucket of one app in one shop.

Restore rates by plan are Shopify's documented ones; the bucket holds twenty seconds of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

RESTORE_RATES = {"standard": 100.0, "advanced": 200.0, "plus": 1000.0, "enterprise": 2000.0}
"""Points a second that each plan gets back."""
BUCKET_SECONDS = 20


@dataclass
class PointBucket:
    """A leaky bucket: `take` what a request may cost, `give_back` what it did not. `clock` counts in seconds."""

    restore_rate: float
    clock: Callable[[], float] = monotonic
    _available: float = field(init=False)
    _seen: float = field(init=False)

    def __post_init__(self) -> None:
        self._available = self.maximum
        self._seen = self.clock()

    @property
    def maximum(self) -> float:
        return self.restore_rate * BUCKET_SECONDS

    @property
    def available(self) -> float:
        now = self.clock()
        self._available = min(self.maximum, self._available + (now - self._seen) * self.restore_rate)
        self._seen = now
        return self._available

    def take(self, points: float) -> bool:
        """Take points if there are enough; False leaves the bucket as it was."""
        if self.available < points:
            return False
        self._available -= points
        return True

    def give_back(self, points: float) -> None:
        self._available = min(self.maximum, self._available + points)

    def seconds_until(self, points: float) -> float:
        """How long until so many points are there."""
        return max(0.0, (points - self.available) / self.restore_rate)

    def status(self) -> dict[str, float]:
        """`extensions.cost.throttleStatus` as Shopify shows it."""
        return {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": int(self.available),
            "restoreRate": self.restore_rate,
        }
