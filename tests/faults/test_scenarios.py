"""Processes that die or stand still, servers that go away, a store that cannot be relied on: every promise is kept."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.faults.__main__ import run_one
from tests.faults.running import Form, Scenario
from tests.faults.scenarios.kill import KILL
from tests.faults.scenarios.outage import KAFKA, POSTGRES
from tests.faults.scenarios.stop import STOP
from tests.faults.scenarios.store_faults import STORE_FAULTS
from tests.faults.system import System, start_system
from tests.faults.traffic import Traffic, TrafficOptions
from tests.faults.weather import LINKED

SEED = 20261126


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def linked() -> AsyncGenerator[System]:
    """With a link between each process and each server."""
    async with start_system(LINKED) as running:
        yield running


async def keeps_every_promise(scenario: Scenario, system: System) -> None:
    figures = await run_one(scenario, system, SEED, form=Form.SHORT)
    assert figures.broken == []
    assert figures.right == figures.orders > 0


@pytest.mark.parametrize("scenario", [KILL, STOP, KAFKA, POSTGRES], ids=lambda scenario: scenario.name)
async def test_every_promise_is_kept(system: System, scenario: Scenario) -> None:
    await keeps_every_promise(scenario, system)


async def test_every_promise_is_kept_with_a_store_that_loses_and_changes_bytes(linked: System) -> None:
    await keeps_every_promise(STORE_FAULTS, linked)


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
