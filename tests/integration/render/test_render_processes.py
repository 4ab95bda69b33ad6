"""Render processes as a worker keeps them: each job is held to the memory it may need, and harms none that follow."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path

import numpy as np
import psutil
import pytest
import pytest_asyncio
from pebble import ProcessExpired
from printworks_common.events.rendering import RenderRequested
from printworks_common.failures import Reason
from printworks_local.stack.model import checkout_root
from printworks_render.engine.recipes import RECIPES
from printworks_render.engine.version import RENDERER_VERSION
from printworks_render.worker.child import Failed, Rendered, bounded
from printworks_render.worker.forking import NICENESS, render_context
from printworks_render.worker.pool import RenderPool

from tests.integration.render.parts import photo_request
from tests.unit.engine import corpus

MEMORY_MB = 1024


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[RenderPool]:
    """One process, so that a job always follows the one before in the same process."""
    running = RenderPool(slots=1, timeout_seconds=60, memory_mb=MEMORY_MB, renders_per_child=100)
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
    pool = RenderPool(slots=1, timeout_seconds=60, memory_mb=MEMORY_MB, renders_per_child=100)
    missing = await asyncio.wrap_future(pool._pool.schedule(recipes_not_imported))
    await pool.stop()

    assert missing == set()


async def test_the_job_after_a_crash_does_not_wait_for_imports() -> None:
    pool = RenderPool(slots=1, timeout_seconds=60, memory_mb=MEMORY_MB, renders_per_child=100)
    await pool.warm_up()
    with pytest.raises(ProcessExpired):
        await asyncio.wrap_future(pool._pool.schedule(os._exit, [7]))
    used = await asyncio.wrap_future(pool._pool.schedule(time.process_time))
    await pool.stop()

    assert used < 0.3, "to import the engine takes more"


def lower_than_ours() -> int:
    """The priority of a render process; 19 is the lowest there is."""
    return min(19, psutil.Process().nice() + NICENESS)


def render_processes() -> list[psutil.Process]:
    return [psutil.Process(one.pid) for one in active_children()]


@pytest.mark.asyncio(loop_scope="module")
async def test_renders_give_way_to_everything_that_has_to_answer_at_once(pool: RenderPool) -> None:
    await pool.warm_up()
    assert {one.nice() for one in render_processes()} == {lower_than_ours()}


def test_a_render_process_gives_way_from_its_first_moment_on() -> None:
    """When it still imports the engine: after a crash another one does, and everybody else goes on."""
    process = render_context().Process(target=endless_in_native_code)
    process.start()
    niceness = psutil.Process(process.pid).nice()
    process.kill()
    process.join()
    assert niceness == lower_than_ours()


async def test_what_render_processes_are_forked_from_has_one_thread_and_renders_nothing(pool: RenderPool) -> None:
    """Locks of other threads would stay held in a fork for ever."""
    await pool.warm_up()
    (server,) = {one.parent() for one in render_processes()}

    assert server is not None
    assert server.pid != os.getpid()
    assert server.num_threads() == 1


OWNER = """
import time
from multiprocessing import active_children
from printworks_render.worker.pool import RenderPool
from tests.integration.render.test_render_processes import endless_in_native_code

if __name__ == "__main__":
    pool = RenderPool(slots=2, timeout_seconds=60, memory_mb=1024, renders_per_child=100)
    for _ in range(2):
        pool._pool.schedule(endless_in_native_code)
    print(*(one.pid for one in active_children()), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells them")
@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2, 2.0], ids=str)
def test_render_processes_end_with_a_worker_that_was_killed_whatever_they_do(tmp_path: Path, seconds: float) -> None:
    """Also while they begin, and in the endless loop to which they come after a while."""
    program = tmp_path / "owner.py"
    program.write_text(OWNER)
    owner = subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(checkout_root())},
    )
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    left = [psutil.Process(pid) for pid in pids] + psutil.Process(owner.pid).children()
    time.sleep(seconds)
    owner.kill()
    _, alive = psutil.wait_procs(left, timeout=5)
    for one in alive:
        one.kill()
    owner.communicate()

    assert len(pids) == 2
    assert alive == []


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

    assert len(idle) == 1
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
