"""Many worlds, one after the other, in one of several processes."""

import gc
import time
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import structlog
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.values import MutexValue

from tests.simulator import codec, remembered
from tests.simulator.run import simulate
from tests.simulator.world import PromiseBrokenError

TOGETHER = 100
"""Worlds that a process takes at once."""

Seeds = tuple[str, int]
"""Seed of the run, and the number of the first of so many worlds."""

Outcome = tuple[Counter[str], list[tuple[str, str]], float]
"""What happened how often; the seeds of broken worlds, and what was broken; seconds of a processor."""


def live_through(seeds: Seeds) -> Outcome:
    """Some worlds: what happened in them, and which of them broke a promise."""
    seed, first = seeds
    began = time.process_time()
    happened: Counter[str] = Counter()
    broken: list[tuple[str, str]] = []
    for number in range(first, first + TOGETHER):
        try:
            happened.update(simulate(f"{seed}/{number}").happened)
        except PromiseBrokenError as error:
            broken.append((f"{seed}/{number}", str(error.args[0])))
    gc.collect()
    return happened, broken, time.process_time() - began


def prepare() -> Callable[[], None]:
    """Before the first world of a process. Returns what puts everything back.

    The services' log lines are of no use here.
    """
    logs = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    stand_ins = (*codec.STAND_INS, *remembered.STAND_INS)
    before = [(place, name, vars(place).get(name)) for place, name, _ in stand_ins]
    for place, name, thing in stand_ins:
        setattr(place, name, thing)

    def put_back() -> None:
        structlog.configure(**logs)
        for place, name, thing in before:
            if thing is None:
                delattr(place, name)
            else:
                setattr(place, name, thing)

    return put_back


def prepare_process() -> None:
    """A process that does nothing else. What worlds leave in circles is collected between two batches of them."""
    prepare()
    structlog.configure(cache_logger_on_first_use=True)
    # Nobody reads the metrics here: their names are checked, each once, and nothing is counted.
    cast("Any", MetricWrapperBase).labels = lru_cache(None)(MetricWrapperBase.labels)
    cast("Any", MutexValue).inc = lambda *_: None
    gc.freeze()
    gc.disable()
