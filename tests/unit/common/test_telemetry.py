"""Spans without data of persons, and one list of all metrics."""

import secrets
from collections.abc import Generator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from printworks_common import metrics, tracing
from printworks_common.errors import PoisonError


@pytest.fixture
def exported() -> Generator[InMemorySpanExporter]:
    """Where the spans of this test go. The provider of a process is set once; the exporter is added to it."""
    tracing.configure("test", "test") if not isinstance(trace.get_tracer_provider(), TracerProvider) else None
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    yield exporter
    processor.shutdown()


def test_attributes_of_a_span_go_by_the_allow_list_of_the_logs(exported: InMemorySpanExporter) -> None:
    with tracing.span("release", shop="a.myshopify.com", picture="https://cdn.example/anna.jpg", attempt=2, key=None):
        pass
    attributes = dict(exported.get_finished_spans()[0].attributes or {})
    assert attributes == {
        "printworks.shop": "a.myshopify.com",
        "printworks.picture": "[withheld]",
        "printworks.attempt": 2,
    }


def test_an_error_marks_its_span_by_code_and_shows_no_message(exported: InMemorySpanExporter) -> None:
    for error in (PoisonError("Anna's picture", code="upload_corrupt"), ValueError("Anna's picture")):
        with pytest.raises(type(error)), tracing.span("pin"):
            raise error
    spans = exported.get_finished_spans()
    assert [span.status.description for span in spans] == ["upload_corrupt", "ValueError"]
    assert all(span.status.status_code is StatusCode.ERROR and not span.events for span in spans)


def test_a_span_without_parent_begins_a_trace_and_nests(exported: InMemorySpanExporter) -> None:
    with tracing.span("outer"), tracing.span("inner"):
        pass
    inner, outer = exported.get_finished_spans()
    assert outer.parent is None
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id


def test_metrics_are_in_one_list_with_their_labels() -> None:
    name = f"printworks_test_{secrets.token_hex(4)}"
    metrics.counter(f"{name}_total", "What it counts.", ["outcome"]).labels("ok").inc()
    metrics.gauge(f"{name}_level", "What it shows.")
    metrics.histogram(f"{name}_seconds", "What it measures.", buckets=(1, 2))
    mine = [one for one in metrics.definitions() if one.name.startswith(name)]
    assert [(one.name.removeprefix(name), one.kind, one.labels) for one in mine] == [
        ("_level", "gauge", ()),
        ("_seconds", "histogram", ()),
        ("_total", "counter", ("outcome",)),
    ]
    assert metrics.registry.get_sample_value(f"{name}_total", {"outcome": "ok"}) == 1
