"""Bands of a picture worked on side by side: scaling and packing leave the interpreter's lock, so two cores help."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_THREADS = 2
"""More would shorten a job by little and hold more bands in memory; other jobs use the other cores."""


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` of each item, in the items' order, as many at once as there are cores, two at most.

    At most one result more waits to be taken. What `work` raises is raised here, and nothing is begun after it.
    """
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    if threads == 1:
        yield from map(work, items)
        return
    running: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="bands") as pool:
        try:
            for item in items:
                running.append(pool.submit(work, item))
                if len(running) > threads:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for one in running:
                one.cancel()
