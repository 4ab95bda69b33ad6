"""Render processes: a crash, an endless loop or a memory bomb in one job is a typed failure of that job alone."""

import asyncio
import shutil
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from pebble import ProcessExpired, ProcessPool
from printworks_common.events.rendering import RenderRequested
from printworks_common.failures import Reason
from printworks_common.logs import get_logger

from printworks_render.worker import child
from printworks_render.worker.child import Failed, Rendered
from printworks_render.worker.forking import render_context

QUIET_TRACKER = "ignore::UserWarning:multiprocessing.resource_tracker"
"""When a worker is killed, Python's resource tracker outlives it, removes its semaphores and would say so in plain text
where log lines are JSON. Child processes inherit warning options."""

POOLS = 3
"""So often a render is begun when the processes are lost before it has ended."""

LOOK_SECONDS = 2.0
"""A render that nobody does any more is noticed after it."""

log = get_logger(__name__)


class RenderPool:
    """`slots` renders at once. A process is replaced after `renders_per_child` jobs, and killed when a job exceeds
    `timeout_seconds`."""

    def __init__(self, *, slots: int, timeout_seconds: int, memory_mb: int, renders_per_child: int) -> None:
        self._timeout = timeout_seconds
        self._slots = slots
        self._memory_mb = memory_mb
        self._renders_per_child = renders_per_child
        self._replacing = asyncio.Lock()
        self._stopped = False
        if QUIET_TRACKER not in sys.warnoptions:
            sys.warnoptions.append(QUIET_TRACKER)
        self._pool = self._open()

    def _open(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._slots,
            max_tasks=self._renders_per_child,
            initializer=child.start,
            initargs=[self._memory_mb],
            context=render_context(),
        )

    async def warm_up(self) -> None:
        """Start the processes, so that the first order does not wait for imports."""
        futures = [self._pool.schedule(child.warm_up) for _ in range(self._slots)]
        await asyncio.gather(*(asyncio.wrap_future(future) for future in futures))

    async def render(
        self, request: RenderRequested, inputs: dict[str, Path], out_dir: Path, renderer_version: str
    ) -> Rendered | Failed:
        """Render in a process of the pool. Never raises for what the job does to its process."""
        for _ in range(POOLS):
            pool = self._pool
            try:
                return await self._render(pool, request, inputs, out_dir, renderer_version)
            except BrokenProcessPool:
                await self._replace(pool)
                _empty(out_dir)
        return Failed(Reason.RENDER_CRASHED, "The render processes were lost again and again.", ())

    async def _render(
        self, pool: ProcessPool, request: RenderRequested, inputs: dict[str, Path], out_dir: Path, renderer_version: str
    ) -> Rendered | Failed:
        """Raises BrokenProcessPool when the pool has been given up, whatever the job."""
        try:
            future = pool.schedule(
                child.render, args=[request, inputs, out_dir, renderer_version], timeout=self._timeout
            )
        except RuntimeError as error:
            raise BrokenProcessPool from error
        outcome = asyncio.wrap_future(future)
        try:
            while not (await asyncio.wait({outcome}, timeout=LOOK_SECONDS))[0]:
                if not pool.active:
                    raise BrokenProcessPool
            return outcome.result()
        except TimeoutError:
            return Failed(Reason.RENDER_TIMEOUT, f"The render was stopped after {self._timeout} s.", ())
        except ProcessExpired as error:
            return Failed(Reason.RENDER_CRASHED, f"The render process ended with exit code {error.exitcode}.", ())
        except MemoryError:
            return Failed(Reason.RENDER_OUT_OF_MEMORY, "The render process reached its memory limit.", ())
        except BrokenProcessPool:
            raise
        except Exception as error:  # whatever the engine raises must fail this job, not the worker
            return Failed(Reason.RENDER_FAILED, f"The renderer raised {type(error).__name__}.", ())
        finally:
            outcome.cancel()

    async def _replace(self, broken: ProcessPool) -> None:
        """Open another pool. Pebble gives up a whole pool when a process of it is killed that had nothing to do: by the
        kernel that is out of memory, for example."""
        async with self._replacing:
            if self._pool is not broken or self._stopped:
                return
            log.warning("render_processes_replaced")
            await asyncio.to_thread(broken.join)  # ends what still runs in it
            self._pool = self._open()

    async def stop(self) -> None:
        """Kill what still runs; its request is handed to another worker."""
        self._stopped = True
        self._pool.stop()
        await asyncio.to_thread(self._pool.join)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
