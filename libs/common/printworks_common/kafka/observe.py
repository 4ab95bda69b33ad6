"""What the consumer loop tells about itself: metrics, a span and one canonical log line per record."""

import traceback
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

from printworks_common.kafka.record import Record

HANDLED = Counter("printworks_kafka_records_total", "Records handled, by outcome.", ["group", "topic", "outcome"])
SECONDS = Histogram(
    "printworks_kafka_handling_seconds",
    "Seconds from taking a record in to its last outcome.",
    ["group", "topic"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
RETRIES = Counter("printworks_kafka_retries_total", "Tries that failed and are repeated.", ["group", "topic", "code"])
DEAD_LETTERS = Counter(
    "printworks_kafka_dead_letters_total", "Records written to a dead-letter topic.", ["group", "topic", "code"]
)
LAG = Gauge("printworks_kafka_lag_records", "Records that are not finished.", ["group", "topic", "partition"])
IN_FLIGHT = Gauge("printworks_kafka_in_flight_records", "Records taken in and not finished.", ["group"])
OLDEST = Gauge("printworks_kafka_oldest_record_seconds", "Age of the oldest unfinished record.", ["group"])

_log = structlog.get_logger("printworks.kafka")
_tracer = trace.get_tracer("printworks.kafka")
_propagator = TraceContextTextMapPropagator()


@contextmanager
def handling_span(record: Record, group: str, attempt: int) -> Generator[None]:
    """A span that continues the trace the record came with. Names follow OpenTelemetry's messaging conventions."""
    with _tracer.start_as_current_span(
        f"process {record.topic}",
        context=_propagator.extract(record.headers),
        kind=trace.SpanKind.CONSUMER,
        attributes={
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": record.topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
            "messaging.consumer.group.name": group,
            "printworks.attempt": attempt,
            "printworks.event_id": record.event_id,
            "printworks.event_type": record.event_type,
        },
        # An error's text may be personal, so only its class is told.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield
        except Exception as error:
            current.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise


def finished(record: Record, group: str, outcome: str, seconds: float, *, attempts: int, code: str | None) -> None:
    """The canonical line of a record, and its counters."""
    HANDLED.labels(group, record.topic, outcome).inc()
    SECONDS.labels(group, record.topic).observe(seconds)
    if outcome == "dead_letter":
        DEAD_LETTERS.labels(group, record.topic, code or "").inc()
    _log.info(
        "record", **_facts(record, group), outcome=outcome, ms=round(seconds * 1000, 1), attempts=attempts, code=code
    )


def retrying(record: Record, group: str, code: str, attempts: int, delay: float, *, error: str) -> None:
    RETRIES.labels(group, record.topic, code).inc()
    _log.warning("retry", **_facts(record, group), code=code, attempts=attempts, delay=round(delay, 3), error=error)


def unexpected(record: Record, group: str, error: BaseException) -> None:
    """An error nobody foresaw: with its stack, as it is a fault of ours; without its text, it may be personal."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected", **_facts(record, group), kind=type(error).__name__, stack=stack)


def note(event: str, **facts: object) -> None:
    _log.info(event, **facts)


def alert(event: str, **facts: object) -> None:
    _log.error(event, **facts)


def gauges(group: str, *, in_flight: int, oldest_seconds: float, lag: Mapping[tuple[str, int], int]) -> None:
    IN_FLIGHT.labels(group).set(in_flight)
    OLDEST.labels(group).set(oldest_seconds)
    for (topic, partition), records in lag.items():
        LAG.labels(group, topic, str(partition)).set(records)


def forget_lag(group: str, topic: str, partition: int) -> None:
    """The partition is another member's now: its lag must not be told twice."""
    try:
        LAG.remove(group, topic, str(partition))
    except KeyError:
        return


def _facts(record: Record, group: str) -> dict[str, object]:
    return {
        "group": group,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "event_id": record.event_id,
        "event_type": record.event_type,
    }
