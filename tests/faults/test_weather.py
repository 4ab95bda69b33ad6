"""Servers that go away, and a store that cannot be relied on: every promise is kept."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.faults.__main__ import run_one
from tests.faults.running import Form, Scenario
from tests.faults.scenarios.outage import KAFKA, POSTGRES
from tests.faults.scenarios.store_faults import STORE_FAULTS
from tests.faults.system import System, start_system
from tests.faults.weather import LINKED

SEED = 20261126


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def linked() -> AsyncGenerator[System]:
    """With a link between each process and each server."""
    async with start_system(LINKED) as running:
        yield running


@pytest.mark.parametrize("scenario", [KAFKA, POSTGRES], ids=lambda scenario: scenario.name)
async def test_every_promise_is_kept_while_a_server_is_away(system: System, scenario: Scenario) -> None:
    figures = await run_one(scenario, system, SEED, form=Form.SHORT)
    assert figures.broken == []
    assert figures.right == figures.orders > 0


async def test_every_promise_is_kept_with_a_store_that_loses_and_changes_bytes(linked: System) -> None:
    figures = await run_one(STORE_FAULTS, linked, SEED, form=Form.SHORT)
    assert figures.broken == []
    assert figures.right == figures.orders > 0
