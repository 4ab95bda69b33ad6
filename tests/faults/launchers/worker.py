"""The render worker, with orders that do evil to their render process: `python -m tests.faults.launchers.worker`.

The engine's entry is wrapped when this module is loaded, and a render process loads the main module of its parent: so
it happens there, behind the worker's back. What is done is said by the order's name, `#poison-<what>-<number>`; all
other orders render as always, after `SLEEP` seconds that stand for the cost of a larger one.
"""

import ctypes
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Never

from printworks_common.failures import Reason
from printworks_render import engine
from printworks_render.engine import RenderJob, RenderReport

SLEEP = "PRINTWORKS_TEST_RENDER_SLEEP"
"""Environment variable: seconds."""

_NAME = re.compile(r"#poison-(?P<what>[a-z-]+)-\d+")
_real = engine.render


def crash() -> Never:
    """As a bug in a native library does it."""
    ctypes.string_at(0)
    raise AssertionError("unreachable")


def abort() -> Never:
    """As a library does it that has found its own memory damaged."""
    os.abort()


def loop() -> Never:
    while True:
        pass


def native_loop() -> Never:
    """Never returns to the interpreter, as a library in a loop does: no handler of a signal runs."""
    sum(iter(int, 1))
    raise AssertionError("unreachable")


def memory() -> Never:
    """Takes memory until there is none; each piece is really used."""
    taken: list[bytearray] = []
    while True:
        taken.append(bytearray(b"\1") * (16 * 1024 * 1024))


def leave() -> Never:
    os._exit(3)


POISONS: Mapping[str, tuple[Callable[[], Never], Reason]] = {
    "crash": (crash, Reason.RENDER_CRASHED),
    "abort": (abort, Reason.RENDER_CRASHED),
    "leave": (leave, Reason.RENDER_CRASHED),
    "loop": (loop, Reason.RENDER_TIMEOUT),
    "native-loop": (native_loop, Reason.RENDER_TIMEOUT),
    "memory": (memory, Reason.RENDER_OUT_OF_MEMORY),
}
"""What is done, and the reason with which the job has to fail."""


def render(job: RenderJob, out_dir: Path) -> RenderReport:
    if match := _NAME.fullmatch(job.order.order_name):
        POISONS[match["what"]][0]()
    time.sleep(float(os.environ.get(SLEEP, "0")))
    return _real(job, out_dir)


engine.render = render

if __name__ == "__main__":
    from printworks_common.runtime import run
    from printworks_common.settings import load
    from printworks_render.settings import WorkerSettings
    from printworks_render.worker.app import build

    run("render", "worker", load(WorkerSettings), build)
