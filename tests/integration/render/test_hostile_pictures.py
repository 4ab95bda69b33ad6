"""Every odd and hostile picture through a real render process: right, or failed with its reason, in 30 s and 1 GB."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.hostile_pictures import MEMORY_MB, PICTURES, SECONDS, Process, render_process

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def process() -> AsyncIterator[Process]:
    async with render_process() as running:
        yield running


@pytest.mark.parametrize("name", PICTURES)
async def test_a_picture_is_printed_or_fails_with_its_reason_in_bounded_time_and_memory(
    process: Process, name: str, tmp_path: Path
) -> None:
    picture = PICTURES[name]

    tried = await process.render(picture.content(), tmp_path)

    assert tried.became == picture.expected
    assert tried.alive
    # On a busy machine the clock on the wall tells of others.
    assert tried.processor < SECONDS
    assert tried.peak_mb < MEMORY_MB
