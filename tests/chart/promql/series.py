"""Courses of metrics in the notation of `promtool`: `0+60x30`, `1x5 _x2 stale`."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import promql_parser
from promql_parser import MatchOp

Labels = frozenset[tuple[str, str]]
"""Labels of a series; `__name__` is its metric."""

NAME = "__name__"


class UnknownError(Exception):
    """A form of Prometheus' that is not evaluated here."""


@dataclass
class Series:
    """Samples by time, in seconds; None: from here on there is no value (stale)."""

    times: list[float] = field(default_factory=list[float])
    values: list[float | None] = field(default_factory=list[float | None])

    def add(self, time: float, value: float | None) -> None:
        self.times.append(time)
        self.values.append(value)

    def latest(self, at: float, within: float) -> float | None:
        """The newest value that is younger than `within`."""
        last = bisect_right(self.times, at) - 1
        return self.values[last] if last >= 0 and self.times[last] > at - within else None

    def between(self, after: float, until: float) -> list[tuple[float, float]]:
        """Values after the one moment and until the other, which counts in."""
        span = range(bisect_right(self.times, after), bisect_right(self.times, until))
        return [(self.times[i], value) for i in span if (value := self.values[i]) is not None]


class Recorded:
    """All series by metric."""

    def __init__(self) -> None:
        self._series: dict[str, dict[Labels, Series]] = {}

    def series(self, labels: Labels) -> Series:
        """The series with these labels, made when it is not there yet."""
        return self._series.setdefault(dict(labels)[NAME], {}).setdefault(labels, Series())

    def select(self, selector: promql_parser.VectorSelector) -> Iterator[tuple[Labels, Series]]:
        if selector.name is None or selector.at is not None or selector.matchers.or_matchers:
            raise UnknownError(selector.prettify())
        for labels, series in self._series.get(selector.name, {}).items():
            if all(_matches(one, dict(labels).get(one.name, "")) for one in selector.matchers.matchers):
                yield labels, series

    def stale(self, name: str, time: float, present: Iterable[Labels]) -> None:
        """End the series of a recorded metric that this evaluation did not give."""
        kept = set(present)
        for labels, series in self._series.get(name, {}).items():
            if labels not in kept and series.values[-1] is not None:
                series.add(time, None)


def _matches(matcher: promql_parser.Matcher, value: str) -> bool:
    if matcher.op in (MatchOp.Re, MatchOp.NotRe):
        return (re.fullmatch(matcher.value, value) is not None) == (matcher.op == MatchOp.Re)
    return (value == matcher.value) == (matcher.op == MatchOp.Equal)


_LABEL = re.compile(r'\s*(\w+)\s*=\s*"([^"\\]*)"\s*(?:,|$)')
_NUMBER = r"-?\d+(?:\.\d+)?"
_STEPS = re.compile(
    rf"(?P<start>{_NUMBER})(?:(?P<step>[+-]\d+(?:\.\d+)?)?x(?P<times>\d+))?|(?P<gap>_)(?:x(?P<gaps>\d+))?"
)


def read_labels(text: str) -> Labels:
    """`metric{label="value", …}`."""
    name, _, rest = text.partition("{")
    inner, labels, place = rest.rstrip().removesuffix("}"), {NAME: name.strip()}, 0
    while place < len(inner.rstrip()):
        found = _LABEL.match(inner, place)
        if found is None:
            raise UnknownError(text)
        labels[found[1]] = found[2]
        place = found.end()
    return frozenset(labels.items())


def read_values(text: str, interval: float) -> Series:
    """A course that begins at 0 and has a sample each `interval` seconds."""
    series, place = Series(), 0
    for word in text.split():
        if word == "stale":
            series.add(place * interval, None)
            place += 1
            continue
        found = _STEPS.fullmatch(word)
        if found is None:
            raise UnknownError(word)
        if found["gap"]:
            place += int(found["gaps"] or 1)
            continue
        # `1x4` is the value and four more of it.
        for number in range(int(found["times"] or 0) + 1):
            series.add(place * interval, float(found["start"]) + number * float(found["step"] or 0))
            place += 1
    return series


def as_metric(labels: Mapping[str, str], name: str) -> Labels:
    return frozenset({**labels, NAME: name}.items())
