"""Traces: one order is followed through all services by the W3C `traceparent` of its records.

Without a collector spans are made all the same, so that log lines carry their ids, and go nowhere.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from printworks_common.errors import PrintworksError
from printworks_common.logs import ALLOWED_FIELDS, WITHHELD, clean

Attribute = str | int | float | bool | None

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("printworks")


def configure(service: str, role: str, *, otlp_endpoint: str | None = None) -> None:
    """Set up tracing for the process, once. `otlp_endpoint` is a collector's base URL (OTLP over HTTP, protobuf)."""
    resource = Resource.create(
        {"service.name": f"printworks-{service}", "service.namespace": "printworks", "printworks.role": role}
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if otlp_endpoint is not None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces", timeout=5)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def shutdown(seconds: float) -> None:
    """Send what is waiting, in at most `seconds`; blocks."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(timeout_millis=max(1, int(seconds * 1000)))
        provider.shutdown()


@contextmanager
def span(
    name: str, *, parent_headers: Mapping[str, str] | None = None, **attrs: Attribute
) -> Generator[Span, None, None]:
    """A span around a piece of work; with `parent_headers` it continues the trace of a record or request.

    Attributes go by the same allow-list as log fields. An error marks the span with its class or code only, since the
    message of a foreign error may quote data.
    """
    context = _propagator.extract(parent_headers) if parent_headers is not None else None
    with _tracer.start_as_current_span(
        name, context=context, attributes=_attributes(attrs), record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except Exception as error:
            code = error.code if isinstance(error, PrintworksError) else type(error).__qualname__
            current.set_attribute("error.type", code)
            current.set_status(Status(StatusCode.ERROR, code))
            raise


def current_traceparent() -> str | None:
    """The `traceparent` header of the current span, or None outside of any."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def _attributes(attrs: Mapping[str, Attribute]) -> dict[str, str | int | float | bool]:
    return {
        f"printworks.{name}": clean(value) if isinstance(value, str) else value
        for name, value in ((key, value if key in ALLOWED_FIELDS else WITHHELD) for key, value in attrs.items())
        if value is not None
    }
