"""Render processes: a crash, an endless loop or a memory bomb in one job is a typed failure of that job alone."""

import asyncio
import multiprocessing
import sys
from pathlib import Path

from pebble import ProcessExpired, ProcessPool
from printworks_common.events.rendering import RenderRequested
from printworks_common.failures import Reason

from printworks_render.worker import child
from printworks_render.worker.child import Failed, Rendered

QUIET_TRACKER = "ignore::UserWarning:multiprocessing.resource_tracker"
"""When a worker is killed, Python's resource tracker outlives it, removes its semaphores and would say so in plain text
where log lines are JSON. Child processes inherit warning options."""


class RenderPool:
    """`slots` processes; each is replaced after `renders_per_child` jobs, and killed when a job exceeds `timeout`."""

    def __init__(self, *, slots: int, timeout_seconds: int, memory_mb: int, renders_per_child: int) -> None:
        self._timeout = timeout_seconds
        self._slots = slots
        if QUIET_TRACKER not in sys.warnoptions:
            sys.warnoptions.append(QUIET_TRACKER)
        # spawn: OpenCV is not fork-safe, and a forked child would inherit sockets and secrets of the parent.
        self._pool = ProcessPool(
            max_workers=slots,
            max_tasks=renders_per_child,
            initializer=child.start,
            initargs=[memory_mb],
            context=multiprocessing.get_context("spawn"),
        )

    async def warm_up(self) -> None:
        """Start all processes, so that the first order does not wait for their imports."""
        futures = [self._pool.schedule(child.warm_up) for _ in range(self._slots)]
        await asyncio.gather(*(asyncio.wrap_future(future) for future in futures))

    async def render(
        self, request: RenderRequested, inputs: dict[str, Path], out_dir: Path, renderer_version: str
    ) -> Rendered | Failed:
        """Render in a process of the pool. Never raises for what the job does to its process."""
        future = self._pool.schedule(
            child.render, args=[request, inputs, out_dir, renderer_version], timeout=self._timeout
        )
        try:
            return await asyncio.wrap_future(future)
        except TimeoutError:
            return Failed(Reason.RENDER_TIMEOUT, f"The render was stopped after {self._timeout} s.", ())
        except ProcessExpired as error:
            return Failed(Reason.RENDER_CRASHED, f"The render process ended with exit code {error.exitcode}.", ())
        except MemoryError:
            return Failed(Reason.RENDER_OUT_OF_MEMORY, "The render process reached its memory limit.", ())
        except Exception as error:  # whatever the engine raises must fail this job, not the worker
            return Failed(Reason.RENDER_FAILED, f"The renderer raised {type(error).__name__}.", ())

    async def stop(self) -> None:
        """Kill what still runs; its request is handed to another worker."""
        self._pool.stop()
        await asyncio.to_thread(self._pool.join)
