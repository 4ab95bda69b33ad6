"""The short form of the scenarios: one system for all that have equal options."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from tests.faults.system import REPLICATED, System, start_system


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system() -> AsyncGenerator[System]:
    """With two replicas of what an order passes through."""
    async with start_system(REPLICATED) as running:
        yield running
