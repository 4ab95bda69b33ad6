"""What the consumer loop tells about itself: metrics, a span and one canonical log line per record."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from printworks_common import metrics
from printworks_common.kafka.record import Record
from printworks_common.logs import canonical, get_logger
from printworks_common.tracing import span

HANDLED = metrics.counter(
    "printworks_kafka_records_total", "Records handled, by outcome.", ["group", "topic", "outcome"]
)
SECONDS = metrics.histogram(
    "printworks_kafka_handling_seconds", "Seconds from taking a record in to its last outcome.", ["group", "topic"]
)
RETRIES = metrics.counter(
    "printworks_kafka_retries_total", "Tries that failed and are repeated.", ["group", "topic", "code"]
)
DEAD_LETTERS = metrics.counter(
    "printworks_kafka_dead_letters_total", "Records written to a dead-letter topic.", ["group", "topic", "code"]
)
LAG = metrics.gauge("printworks_kafka_lag_records", "Records that are not finished.", ["group", "topic", "partition"])
IN_FLIGHT = metrics.gauge("printworks_kafka_in_flight_records", "Records taken in and not finished.", ["group"])
OLDEST = metrics.gauge("printworks_kafka_oldest_record_seconds", "Age of the oldest unfinished record.", ["group"])
HOLDING = metrics.gauge(
    "printworks_kafka_holding", "1 while records wait for missing ground: broker, database or store.", ["group"]
)

_log = get_logger("printworks.kafka")
_propagator = TraceContextTextMapPropagator()


@contextmanager
def handling_span(record: Record, group: str, attempt: int) -> Generator[None]:
    """A span that continues the trace the record came with."""
    with span(
        f"process {record.topic}",
        parent_headers=record.headers,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        event_id=record.event_id,
        event_type=record.event_type,
        group=group,
        attempt=attempt,
    ):
        yield


@contextmanager
def _trace_of(record: Record) -> Generator[None]:
    """Log lines carry the ids of the record's trace, without a span of their own."""
    token = context.attach(_propagator.extract(record.headers))
    try:
        yield
    finally:
        context.detach(token)


def finished(record: Record, group: str, outcome: str, seconds: float, *, attempts: int, code: str | None) -> None:
    """The canonical line of a record, and its counters."""
    HANDLED.labels(group, record.topic, outcome).inc()
    SECONDS.labels(group, record.topic).observe(seconds)
    if outcome == "dead_letter":
        DEAD_LETTERS.labels(group, record.topic, code or "").inc()
    with _trace_of(record):
        canonical(_log, record, outcome, seconds * 1000, group=group, attempts=attempts, code=code)


def retrying(record: Record, group: str, code: str, attempts: int, delay: float, *, error: str) -> None:
    RETRIES.labels(group, record.topic, code).inc()
    _log.warning("retry", **_facts(record, group), code=code, attempts=attempts, delay=round(delay, 3), error=error)


def unexpected(record: Record, group: str, error: BaseException) -> None:
    """An error nobody foresaw, with its stack: a fault of ours."""
    _log.error("unexpected", **_facts(record, group), kind=type(error).__name__, exc_info=error)


def note(event: str, **facts: object) -> None:
    _log.info(event, **facts)


def alert(event: str, **facts: object) -> None:
    _log.error(event, **facts)


def holding(group: str, *, held: bool) -> None:
    HOLDING.labels(group).set(int(held))
    if held:
        _log.error("holding", group=group)
    else:
        _log.info("released", group=group)


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
