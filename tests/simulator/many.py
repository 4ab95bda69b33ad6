"""Many worlds, one after the other, in one of several processes."""

import gc
import tempfile
from collections import Counter
from pathlib import Path

import structlog

from tests.simulator.run import simulate
from tests.simulator.world import PromiseBrokenError

TOGETHER = 100
"""Worlds that a process takes at once."""

MEMORY = Path("/dev/shm")

Seeds = tuple[str, int]
"""Seed of the run, and the number of the first of so many worlds."""

Outcome = tuple[Counter[str], list[tuple[str, str]]]
"""What happened how often; the seeds of broken worlds, and what was broken."""


def live_through(seeds: Seeds) -> Outcome:
    """Some worlds: what happened in them, and which of them broke a promise."""
    seed, first = seeds
    happened: Counter[str] = Counter()
    broken: list[tuple[str, str]] = []
    for number in range(first, first + TOGETHER):
        try:
            happened += simulate(f"{seed}/{number}").happened
        except PromiseBrokenError as error:
            broken.append((f"{seed}/{number}", str(error.args[0])))
    gc.collect()
    return happened, broken


def prepare() -> None:
    """The services' log lines are of no use here, and their temporary folders need no disk."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    if MEMORY.is_dir():
        tempfile.tempdir = str(MEMORY)


def prepare_process() -> None:
    """A process that does nothing else. What worlds leave in circles is collected between two batches of them."""
    prepare()
    gc.freeze()
    gc.disable()
