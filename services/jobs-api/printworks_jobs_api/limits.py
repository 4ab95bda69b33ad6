"""How often a key may ask: a bucket of requests per key that fills again at a steady rate.

Buckets are of this process: n replicas together let n times as much through. What is shared (the database) is protected
by the sum, and no request pays for a counter in the database.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_REMEMBERED = 10_000


@dataclass
class _Bucket:
    tokens: float
    at: float


class RateLimiter:
    """`per_second` requests of a key in the long run, `burst` at once."""

    def __init__(self, per_second: float, burst: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_second
        self._burst = burst
        self._now = now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, key: str) -> float:
        """Take one request. 0: it may be served; else the seconds until one may be, and nothing is taken."""
        now = self._now()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(float(self._burst), now)
            # The one that was used longest ago is full again or nearly so: forgetting it gives next to nothing away.
            if len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        bucket.tokens = min(float(self._burst), bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._rate
        bucket.tokens -= 1
        return 0.0
