"""The simulator itself: it repeats what it did, sound decisions pass it, and broken ones do not."""

from collections import Counter

import pytest

from tests.simulator.broken import BROKEN
from tests.simulator.many import prepare
from tests.simulator.run import simulate
from tests.simulator.world import PromiseBrokenError

WORLDS = 60
ENOUGH = 400
"""Worlds within which each broken decision shows."""


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> None:
    prepare()


def test_orders_end_as_the_rules_say_whatever_dies_and_is_late_and_doubled() -> None:
    happened = _worlds("unit", WORLDS)
    assert happened["order"] > WORLDS
    assert {"crash", "stall", "database away", "webhook lost", "compare-and-set refused", "order purged"} <= set(
        happened
    )


def test_a_seed_tells_the_same_story_again() -> None:
    first, second = (simulate("story/7", telling=True) for _ in range(2))
    assert first.story == second.story
    assert first.story


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_decision_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BROKEN[name](monkeypatch.setattr)
    with pytest.raises(PromiseBrokenError):
        _worlds("broken", ENOUGH)


def _worlds(seed: str, count: int) -> Counter[str]:
    happened: Counter[str] = Counter()
    for number in range(count):
        happened += simulate(f"{seed}/{number}").happened
    return happened
