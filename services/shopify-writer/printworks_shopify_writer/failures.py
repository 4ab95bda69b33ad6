"""What keeps an order from being written, and when it is tried again. Pure.

An answer that did not come is asked for again soon: other orders of the shop show that Shopify answers. What Shopify
refuses is tried seldom, because a person has to mend it first. What is wrong with the shop stops all of its orders and
none of another shop.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SHOP_REFUSALS = frozenset(
    {"shop_frozen", "shop_forbidden", "shop_gone", "shop_locked", "token_refused", "missing_scope"}
)
"""The shop does not let us in, whatever the order."""

NO_ANSWER = frozenset({"shopify_unreachable", "shopify_unavailable"})
"""Nothing is known: the order may be at fault, or the shop, or the way there."""

SOON = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds until an order is tried again after an answer that did not come; the last one from then on."""

SELDOM = (15 * 60.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""The same after a refusal, and once an order was tried in vain for `GIVE_UP_SOON` times."""

GIVE_UP_SOON = 12

SHOP_PAUSES = (30.0, 60.0, 300.0, 900.0)
"""Seconds for which a shop is left alone after a refusal; then one order tries."""

SILENCE = 5
"""So many tries in a row without an answer, whatever the order, and the shop is left alone for a while."""

SILENCE_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)


@dataclass(frozen=True)
class Waits:
    """How long to wait; a test makes it short. `spread` draws from 0 to 1."""

    soon: Sequence[float] = SOON
    seldom: Sequence[float] = SELDOM
    shop: Sequence[float] = SHOP_PAUSES
    silence: Sequence[float] = SILENCE_PAUSES
    spread: Callable[[], float] = random.random

    def order(self, code: str, tries: int, said: float | None = None) -> float:
        """Seconds until an order is tried again that was tried `tries` times before. `said`: what Shopify asked for."""
        if said is not None:
            return self._spread(said)
        if code in NO_ANSWER or code == "shopify_contended":
            if tries < GIVE_UP_SOON:
                return self._spread(_at(self.soon, tries))
            tries -= GIVE_UP_SOON
        return self._spread(_at(self.seldom, tries))

    def closed(self, times: int) -> float:
        return self._spread(_at(self.shop, times))

    def silent(self, times: int) -> float:
        return self._spread(_at(self.silence, times))

    def _spread(self, seconds: float) -> float:
        """Between half as long and half as long again: what failed together is not tried together."""
        return seconds * (0.5 + self.spread())


def _at(waits: Sequence[float], place: int) -> float:
    return waits[min(place, len(waits) - 1)]


class ShopHealth:
    """How a shop answers, as this process sees it. Times are monotonic seconds."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._in_vain = 0
        self._pauses = 0
        self._until = 0.0
        self.code: str | None = None
        """Why the shop is left alone, until one order has shown that it answers again."""

    def answered(self) -> None:
        self._in_vain = self._pauses = 0
        self.code = None

    def failed(self, code: str, now: float) -> None:
        """A try ended without success. Tries that were under way when the pause began do not make it longer."""
        if now < self._until:
            return
        if code in SHOP_REFUSALS:
            self._pause(code, now, self._waits.closed(self._pauses))
        elif code in NO_ANSWER:
            self._in_vain += 1
            if self._in_vain >= SILENCE or self.code is not None:
                self._pause(code, now, self._waits.silent(self._pauses))

    def slots(self, most: int, now: float) -> int:
        """How many orders may be under way: all, none, or one that tries whether the shop answers again."""
        if now < self._until:
            return 0
        return most if self.code is None else 1

    def _pause(self, code: str, now: float, seconds: float) -> None:
        self.code = code
        self._pauses += 1
        self._until = now + seconds
