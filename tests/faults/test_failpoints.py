"""Processes that die between two steps: some points of each service, once; `make failpoints` meets all of them."""

import random

import pytest

from tests.faults.failpoints.points import AFTER, BEFORE, Point, Trigger, chosen
from tests.faults.failpoints.running import TURNS, Due, Wish, crash
from tests.faults.running import FIRST_ORDER, ORDERS_APART, Context, Form
from tests.faults.system import System

SEED = 20261126
SOME = (
    "ingest-receiver:webhook/publish/before",
    "render-coordinator:order/commit/after",
    "render-coordinator:pin/put/after",
    "render-coordinator:relay/publish/after",
    "render-coordinator:result/commit/before",
    "render-worker:render/put/after",
    "render-worker:render/publish/after",
    "shopify-writer:write/request/after",
    "shopify-writer:written/commit/before",
    "jobs-api-projector:rows/commit/after",
)


async def test_whoever_dies_between_two_steps_goes_on_by_itself(system: System) -> None:
    context = Context("failpoints", system, SEED, Form.SHORT, FIRST_ORDER + 90 * ORDERS_APART, print)
    points = chosen(",".join(SOME))
    figures, deaths = await crash(context, points, Wish(times=1))
    assert figures.broken == []
    assert figures.right == figures.orders > 0
    assert set(deaths.by_point) == set(points)
    assert len(deaths.ready_after) == len(points) == len(SOME)


async def test_as_long_as_nobody_dies_no_event_comes_twice(system: System) -> None:
    context = Context("calm", system, SEED, Form.SHORT, FIRST_ORDER + 91 * ORDERS_APART, print)
    figures, deaths = await crash(context, [], Wish(times=0, orders=30))
    assert figures.broken == []
    assert figures.right == figures.orders >= 30
    assert deaths.count == 0


async def test_what_one_replica_does_not_come_by_is_left_to_another() -> None:
    due = Due([POINT, OTHER], random.Random(1))
    first, second = await due.take(), await due.take()
    assert {first, second} == {POINT, OTHER}
    due.met(POINT)
    assert not due.not_met(OTHER)
    assert await due.take() == OTHER
    due.met(OTHER)
    assert await due.take() is None


async def test_a_point_that_nobody_comes_by_is_given_up() -> None:
    due = Due([POINT], random.Random(1))
    for turn in range(TURNS):
        assert await due.take() == POINT
        assert due.not_met(POINT) is (turn == TURNS - 1)
    assert await due.take() is None


@pytest.fixture
def trigger(tmp_path_factory: pytest.TempPathFactory) -> Trigger:
    return Trigger(tmp_path_factory.mktemp("trigger"))


POINT, OTHER = Point("writer", "keep", "commit", AFTER), Point("writer", "keep", "commit", BEFORE)


async def test_a_process_dies_at_the_passage_that_was_asked_for_and_only_once(trigger: Trigger) -> None:
    assert not trigger.passes(POINT.at)
    trigger.arm(POINT, 2)
    assert [trigger.passes(at) for at in (OTHER.at, POINT.at, OTHER.at)] == [False, False, False]
    assert not trigger.met
    assert trigger.passes(POINT.at)
    assert trigger.met
    assert not trigger.passes(POINT.at)


async def test_a_point_that_is_armed_anew_is_not_met_yet(trigger: Trigger) -> None:
    trigger.arm(POINT, 1)
    assert trigger.passes(POINT.at)
    trigger.arm(OTHER, 1)
    assert not trigger.met


async def test_a_text_that_names_no_point_is_an_error() -> None:
    assert len(chosen("render-worker:")) == 6
    with pytest.raises(ValueError, match="names no point"):
        chosen("render-worker:,tea")
