"""Shopify's cost-based rate limit, per app and shop: a bucket that refills steadily. Pure; times in seconds."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Budget:
    """What is known of a shop's bucket, from the last answer's `throttleStatus`."""

    maximum: float
    available: float
    restore_rate: float
    """Points per second."""
    seen_at: float
    """Monotonic moment of that answer."""

    def at(self, now: float) -> float:
        """Points that should be there now."""
        return min(self.maximum, self.available + (now - self.seen_at) * self.restore_rate)

    def wait(self, cost: float, now: float) -> float:
        """Seconds until `cost` points are there; 0 when they are."""
        missing = min(cost, self.maximum) - self.at(now)
        return max(0.0, missing / self.restore_rate) if self.restore_rate > 0 else 0.0

    def spend(self, cost: float, now: float) -> "Budget":
        """The bucket after a request of ours has gone out, before its answer is here."""
        return replace(self, available=self.at(now) - cost, seen_at=now)
