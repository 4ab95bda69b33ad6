"""How render processes come to be: forks of a server process that has imported all that a job needs.

A fork takes milliseconds where a process of its own imports for a second, and shares the memory of what was imported.
The worker itself is never forked: the server is started afresh, opens no connection, decodes no picture and has one
thread, so that a fork inherits neither sockets nor secrets nor locks that nobody will release.

What is said to the server is said while it is imported: it serves no request before that.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from multiprocessing.context import ForkServerContext

NICENESS = 10
"""A render gives way to what has to answer at once: its worker's heartbeats, and other services on the same cores."""

_PRELOADED = "printworks_render.worker.preloaded"
_PR_SET_PDEATHSIG = 1


def render_context() -> ForkServerContext:
    """For render processes, and for nothing else of this process: there is one server."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    return context


_server_pid = 0
"""Known in the server and in its forks."""


def be_a_server() -> None:
    """Make this process one that others are forked from: all of them give way, and die with the worker."""
    global _server_pid  # noqa: PLW0603 - what a fork inherits is what stands in the module
    _server_pid = os.getpid()
    _die_with_parent()
    os.nice(NICENESS)
    # A pool of threads would not survive the fork; cores are used by the number of workers.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"


def be_a_render_process() -> None:
    """Make this fork die with the server, also when that is dead already."""
    _die_with_parent()
    if os.getppid() != _server_pid:
        os._exit(1)


def _die_with_parent() -> None:
    """On Linux, however the parent ends. Where that cannot be asked for, a process ends when its pipe does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
