"""How render processes are started: with low priority from their first moment on.

A fresh process imports the engine for about a second. After each job that crashed or was stopped there is another one,
and what has to answer at once, on the same cores, must not wait for it.
"""

import os
from multiprocessing.context import SpawnContext, SpawnProcess

NICENESS = 10
"""A render gives way to what has to answer at once: its worker's heartbeats, and other services on the same cores."""


class RenderProcess(SpawnProcess):
    def start(self) -> None:
        super().start()
        if self.pid is not None:
            # Here and not in the child, which would come to it only after all its imports.
            os.setpriority(os.PRIO_PROCESS, self.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


class RenderContext(SpawnContext):
    """Spawns: OpenCV is not fork-safe, and a forked child would inherit sockets and secrets of the parent."""

    Process = RenderProcess
