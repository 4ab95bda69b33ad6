"""Definitions of metrics: made through these functions, each is in one list from which the documents are generated.

Names follow Prometheus: `printworks_<what>_<unit>`, counters end in `_total`. A label holds no shop, id or person:
its values must be few and known beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

LATENCY_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Buckets from a quick statement to a long render."""


@dataclass(frozen=True)
class MetricDefinition:
    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...]


_definitions: dict[str, MetricDefinition] = {}


def counter(name: str, help: str, labels: Sequence[str] = ()) -> Counter:  # noqa: A002 (Prometheus' own word)
    """A number that only grows; `name` ends in `_total`."""
    metric = Counter(name, help, labels)
    _note(MetricDefinition(name, "counter", help, tuple(labels)))
    return metric


def gauge(name: str, help: str, labels: Sequence[str] = ()) -> Gauge:  # noqa: A002
    """A number that goes up and down."""
    metric = Gauge(name, help, labels)
    _note(MetricDefinition(name, "gauge", help, tuple(labels)))
    return metric


def histogram(
    name: str,
    help: str,  # noqa: A002
    labels: Sequence[str] = (),
    buckets: Sequence[float] = LATENCY_SECONDS,
) -> Histogram:
    """A distribution, by default of seconds."""
    metric = Histogram(name, help, labels, buckets=buckets)
    _note(MetricDefinition(name, "histogram", help, tuple(labels)))
    return metric


def definitions() -> list[MetricDefinition]:
    """Every metric defined by the modules imported so far, by name."""
    return [_definitions[name] for name in sorted(_definitions)]


def _note(definition: MetricDefinition) -> None:
    _definitions[definition.name] = definition


registry = REGISTRY
"""What `/metrics` shows: ours and those of the process (memory, CPU, descriptors)."""
