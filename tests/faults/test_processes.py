"""Processes that die or stand still in the middle of orders: every promise is kept."""

import pytest

from tests.faults.__main__ import run_one
from tests.faults.running import Form, Scenario
from tests.faults.scenarios.kill import KILL
from tests.faults.scenarios.stop import STOP
from tests.faults.system import System
from tests.faults.traffic import Traffic, TrafficOptions

SEED = 20261126


@pytest.mark.parametrize("scenario", [KILL, STOP], ids=lambda scenario: scenario.name)
async def test_every_promise_is_kept(system: System, scenario: Scenario) -> None:
    figures = await run_one(scenario, system, SEED, form=Form.SHORT)
    assert figures.broken == []
    assert figures.right == figures.orders > 0


async def test_a_seed_gives_the_same_traffic_again_and_another_seed_another(system: System) -> None:
    def plan(seed: str) -> list[tuple[int, str, list[tuple[str, int]]]]:
        traffic = Traffic(system, seed, 1000, TrafficOptions(orders=50, rate=1.0))
        return [
            (story.order_id, story.kind, [(line["sku"], line["quantity"]) for line in story.body["line_items"]])
            for told in traffic.told
            for story in told.stories
        ]

    assert plan("one") == plan("one")
    assert plan("one") != plan("another")
