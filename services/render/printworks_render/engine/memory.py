"""The memory of this process: how much it may take, and how it gives back what it does not need any more."""

import ctypes
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_STATM = Path("/proc/self/statm")
_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def address_space_bytes(memory: int) -> int:
    """RLIMIT_AS for a job of this memory: libraries map far more than they touch, and decoders reserve ahead."""
    return int(memory * 1.5) + (2 << 30)


@contextmanager
def at_most(more: int) -> Generator[None]:
    """The process may map so many bytes more than it has mapped by now. Where the system does not tell how many these
    are, nothing happens."""
    try:
        mapped = int(_STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except FileNotFoundError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [mapped + more, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def share_heap() -> None:
    """Let all threads of the process take memory from one heap: what one has freed, another uses, instead of each
    keeping its own. Where the C library is not glibc, nothing happens."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_ARENA_MAX, 1)


def give_back() -> None:
    """Let the C library return freed memory to the system. Where it is not glibc, nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
