"""Render processes as a worker keeps them: each job is held to the memory it may need, and harms none that follow."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psutil
import pytest
import pytest_asyncio
from pebble import ProcessExpired
from printworks_common.events.rendering import RenderRequested
from printworks_common.failures import Reason
from printworks_render.engine.recipes import RECIPES
from printworks_render.engine.version import RENDERER_VERSION
from printworks_render.worker.child import Failed, Rendered, bounded
from printworks_render.worker.pool import RenderPool
from printworks_render.worker.spawning import NICENESS, RenderContext

from tests.integration.render.parts import photo_request
from tests.unit.engine import corpus

MEMORY_MB = 1024


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[RenderPool]:
    """One process, so that a job always follows the one before in the same process."""
    running = RenderPool(slots=1, timeout_seconds=60, memory_mb=MEMORY_MB, renders_per_child=100, spare=0)
    await running.warm_up()
    yield running
    await running.stop()


async def rendered(pool: RenderPool, asked: RenderRequested, folder: Path) -> Rendered | Failed:
    photo, out = folder / "photo", folder / "out"
    photo.write_bytes(corpus.jpeg())
    out.mkdir()
    return await pool.render(asked, {"photo:front": photo}, out, RENDERER_VERSION)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_job_that_needs_more_than_a_process_may_have_is_refused_before_it_begins(
    pool: RenderPool, tmp_path: Path
) -> None:
    outcome = await rendered(pool, photo_request(width_mm=1500, height_mm=1500), tmp_path)

    assert isinstance(outcome, Failed)
    assert outcome.reason == Reason.RENDER_OUT_OF_MEMORY
    assert outcome.detail.startswith("The job may need 1")
    assert outcome.detail.endswith("a render process may use 1024 MB.")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_next_job_of_the_same_process_is_rendered(pool: RenderPool, tmp_path: Path) -> None:
    outcome = await rendered(pool, photo_request(), tmp_path)

    assert isinstance(outcome, Rendered)
    assert outcome.spec_line.startswith("300 DPI")


def endless_in_native_code() -> None:
    sum(iter(int, 1))


async def test_a_render_that_never_returns_to_python_is_ended_without_a_wait() -> None:
    pool = RenderPool(slots=1, timeout_seconds=60, memory_mb=MEMORY_MB, renders_per_child=100)
    await pool.warm_up()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await asyncio.wrap_future(pool._pool.schedule(endless_in_native_code, timeout=1))
    took = time.monotonic() - began
    await pool.stop()

    assert 1 <= took < 3.5, "pebble waits 3 seconds more for a process that does not end by itself"


def recipes_not_imported() -> set[str]:
    return set(RECIPES.values()) - set(sys.modules)


async def test_the_first_job_of_a_process_does_not_wait_for_imports() -> None:
    pool = RenderPool(slots=1, timeout_seconds=60, memory_mb=MEMORY_MB, renders_per_child=100, spare=0)
    missing = await asyncio.wrap_future(pool._pool.schedule(recipes_not_imported))
    await pool.stop()

    assert missing == set()


def awake(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


async def test_the_job_after_a_crash_does_not_wait_for_a_new_process() -> None:
    pool = RenderPool(slots=1, timeout_seconds=60, memory_mb=MEMORY_MB, renders_per_child=100)
    ready: set[int] = set()
    while len(ready) < 2:
        ready |= set(await asyncio.gather(*(asyncio.wrap_future(pool._pool.schedule(awake, [0.2])) for _ in range(2))))
    with pytest.raises(ProcessExpired):
        await asyncio.wrap_future(pool._pool.schedule(os._exit, [7]))
    next_one = await asyncio.wrap_future(pool._pool.schedule(awake, [0.0]))
    await pool.stop()

    assert next_one in ready


def lower_than_ours() -> int:
    """The priority of a render process; 19 is the lowest there is."""
    return min(19, psutil.Process().nice() + NICENESS)


def render_processes() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if any("spawn_main" in word for word in one.cmdline())]


@pytest.mark.asyncio(loop_scope="module")
async def test_renders_give_way_to_everything_that_has_to_answer_at_once(pool: RenderPool) -> None:
    await pool.warm_up()
    assert {one.nice() for one in render_processes()} == {lower_than_ours()}


def test_a_render_process_gives_way_from_its_first_moment_on() -> None:
    """When it still imports the engine: after a crash another one does, and everybody else goes on."""
    process = RenderContext().Process(target=endless_in_native_code)
    process.start()
    niceness = psutil.Process(process.pid).nice()
    process.kill()
    process.join()
    assert niceness == lower_than_ours()


async def test_processes_that_are_killed_while_they_have_nothing_to_do_are_replaced(tmp_path: Path) -> None:
    """As the kernel does it when memory runs out elsewhere."""
    before = {one.pid for one in render_processes()}
    pool = RenderPool(slots=1, timeout_seconds=60, memory_mb=MEMORY_MB, renders_per_child=100)
    await pool.warm_up()
    idle = [one for one in render_processes() if one.pid not in before]
    for one in idle:
        one.kill()

    outcomes: list[Rendered | Failed] = []
    for name in ("at once", "later"):
        folder = tmp_path / name
        folder.mkdir()
        outcomes.append(await rendered(pool, photo_request(), folder))
        await asyncio.sleep(0.3)  # the pool looks at its processes ten times a second
    await pool.stop()

    assert len(idle) == 2
    assert [type(outcome) for outcome in outcomes] == [Rendered, Rendered], outcomes
    assert not [one for one in render_processes() if one.pid not in before]


def reserve(size: int) -> bool:
    """Whether this process may have so many bytes of address space more."""
    try:
        np.empty(size, dtype=np.uint8)
    except MemoryError:
        return False
    return True


def within_and_after_a_bound(need: int, size: int) -> tuple[bool, bool]:
    with bounded(need):
        within = reserve(size)
    return within, reserve(size)


def test_a_job_that_outgrows_its_bound_gets_no_more_memory_and_the_bound_ends_with_it() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as processes:
        assert processes.submit(within_and_after_a_bound, 100 << 20, 4 << 30).result() == (False, True)
        assert processes.submit(within_and_after_a_bound, 4 << 30, 4 << 30).result() == (True, True)
