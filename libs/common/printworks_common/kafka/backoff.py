"""How long to wait before the next try. Pure, but for the dice that the caller hands in."""

from collections.abc import Callable
from dataclasses import dataclass
from random import random


@dataclass(frozen=True)
class Backoff:
    """Exponential back-off with jitter, in seconds: between half and all of `first * 2^(tries - 1)`, at most `longest`.

    Half of it is fixed, so that a try never follows at once; half is random, so that many waiters do not come together.
    """

    first: float = 0.1
    longest: float = 10.0

    def delay(self, tries: int, *, at_least: float = 0.0, dice: Callable[[], float] = random) -> float:
        """Seconds to wait after `tries` failed tries (1 or more); `at_least` is what the other side has asked for."""
        # 2^40 is beyond any `longest`; without the bound, thousands of tries would overflow a float.
        full = min(self.longest, self.first * 2.0 ** min(tries - 1, 40))
        return max(at_least, full * (0.5 + 0.5 * dice()))
