"""Where requests of a process to one shop queue for points."""

import asyncio

import pytest
from printworks_common.errors import TransientError
from printworks_common.metrics import registry
from printworks_common.shopify.throttle import Budget, PointGate


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def gate_with(available: float, clock: Clock, *, maximum: float = 1000, rate: float = 50) -> PointGate:
    gate = PointGate(clock)
    gate.leave(0, Budget(maximum, available, rate, clock.now))
    return gate


async def test_before_the_first_answer_everything_passes() -> None:
    gate = PointGate(Clock())
    await gate.enter(10_000, 0, deadline=0)
    assert (gate.room(1.0), gate.share(), gate.wait(99)) == (None, 1.0, 0.0)


async def test_points_are_taken_before_the_answer_is_here() -> None:
    gate = gate_with(100, Clock())
    await gate.enter(60, 0, deadline=0)
    assert gate.room(0) == 40


async def test_a_wait_beyond_the_deadline_is_said_at_once() -> None:
    gate = gate_with(0, Clock())
    with pytest.raises(TransientError) as refused:
        await gate.enter(100, 0, deadline=1.0)
    assert (refused.value.code, refused.value.retry_after) == ("shopify_throttled", 2.0)


async def test_headroom_is_waited_for_and_not_taken() -> None:
    gate = gate_with(100, Clock())
    await gate.enter(40, 60, deadline=0)
    assert gate.room(0) == 60
    with pytest.raises(TransientError):
        await gate.enter(40, 21, deadline=0)


async def test_an_answer_counts_together_with_what_is_still_on_the_way() -> None:
    clock = Clock()
    gate = gate_with(100, clock)
    await gate.enter(30, 0, deadline=0)
    await gate.enter(30, 0, deadline=0)
    gate.leave(30, Budget(1000, 70, 50, clock.now))
    assert gate.room(0) == 40


async def test_a_lost_answer_leaves_the_estimate() -> None:
    gate = gate_with(100, Clock())
    await gate.enter(30, 0, deadline=0)
    gate.leave(30, None)
    assert gate.room(0) == 70


async def test_who_gives_way_waits_for_half_a_bucket_but_not_for_ever() -> None:
    clock = Clock()
    gate = gate_with(500, clock, rate=1000)
    await asyncio.wait_for(gate.leave_room(0, 0.5, longest=60), 1)
    empty = gate_with(0, clock, rate=0.001)
    passing = asyncio.create_task(empty.leave_room(0, 0.5, longest=0.01))
    await asyncio.sleep(0)
    clock.now = 0.02
    await asyncio.wait_for(passing, 1)


async def test_what_is_left_and_how_often_was_waited_is_measured() -> None:
    def told(series: str) -> float:
        return registry.get_sample_value(f"printworks_shopify_points_{series}") or 0.0

    before = {series: told(series) for series in ("left_ratio_sum", "left_ratio_count", "wait_seconds_count")}
    gate = gate_with(250, Clock())
    await gate.enter(10, 0, deadline=0)
    gate.leave(10, None)
    assert told("left_ratio_sum") - before["left_ratio_sum"] == pytest.approx(0.25)
    assert told("left_ratio_count") - before["left_ratio_count"] == 1
    assert told("wait_seconds_count") - before["wait_seconds_count"] == 1
