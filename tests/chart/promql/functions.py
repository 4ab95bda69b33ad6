"""Functions of PromQL over the samples of a range, and over buckets."""

from collections.abc import Sequence
from itertools import pairwise

Samples = Sequence[tuple[float, float]]

SLACK = 1.1
"""Prometheus extrapolates to the end of a range when the nearest sample is no further from it than this many steps."""


def increase(samples: Samples, start: float, end: float) -> float | None:
    """How much a counter grew from start to end, extrapolated to both as Prometheus does; resets count from zero."""
    if len(samples) < 2:
        return None
    (first_time, first), (last_time, last) = samples[0], samples[-1]
    grown = last - first + sum(before for (_, before), (_, after) in pairwise(samples) if after < before)
    covered = last_time - first_time
    step = covered / (len(samples) - 1)
    to_start, to_end = (
        gap if gap < step * SLACK else step / 2 for gap in (first_time - start, end - last_time)
    )  # fmt: skip
    if grown > 0 and first >= 0:
        to_start = min(to_start, covered * first / grown)  # a counter was never below zero
    return grown * (covered + to_start + to_end) / covered


def rate(samples: Samples, start: float, end: float) -> float | None:
    grown = increase(samples, start, end)
    return None if grown is None else grown / (end - start)


def deriv(samples: Samples, _start: float, _end: float) -> float | None:
    """The slope of the line of least squares."""
    if len(samples) < 2:
        return None
    mean_time = sum(time for time, _ in samples) / len(samples)
    mean = sum(value for _, value in samples) / len(samples)
    spread = sum((time - mean_time) ** 2 for time, _ in samples)
    return sum((time - mean_time) * (value - mean) for time, value in samples) / spread


def histogram_quantile(quantile: float, buckets: Sequence[tuple[float, float]]) -> float:
    """The value below which this part of the observations lies; buckets: upper bound and count of all up to it."""
    ordered = sorted(buckets)
    if len(ordered) < 2 or ordered[-1][0] != float("inf") or not ordered[-1][1] > 0:
        return float("nan")
    rank = quantile * ordered[-1][1]
    place = next((i for i, (_, count) in enumerate(ordered[:-1]) if count >= rank), len(ordered) - 1)
    if place == len(ordered) - 1:
        return ordered[-2][0]
    upper, count = ordered[place]
    lower, before = ordered[place - 1] if place > 0 else (0.0, 0.0)
    if place == 0 and upper <= 0:
        return upper
    return lower + (upper - lower) * (rank - before) / (count - before)
