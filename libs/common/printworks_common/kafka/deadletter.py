"""Dead letters: the record exactly as it came, and why it was given up.

Headers `pw_dlq_*` are added behind the original ones. A record that dies again after a replay gets fresh ones; the old
ones are replaced, so that there is always one set.
"""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from printworks_common.errors import PrintworksError
from printworks_common.events.topics import dead_letter_topic
from printworks_common.kafka.record import Record

PREFIX = "pw_dlq_"
LONGEST_ERROR = 500


class DeadLetterFloodError(PrintworksError):
    """So many records of a group cannot be handled that the fault is ours, not theirs: the service stops."""


@dataclass(frozen=True)
class DeadLetter:
    """Ready for `KafkaProducer.send_raw`."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def bury(
    record: Record, *, group: str, code: str, error: str, attempts: int, first_failure: datetime, last_failure: datetime
) -> DeadLetter:
    """The dead letter of a record. `error` is a sentence without personal data; it is cut at 500 characters."""
    reasons = {
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp),
        "group": group,
        "error_code": code,
        "error": error[:LONGEST_ERROR],
        "attempts": str(attempts),
        "first_failure": _iso(first_failure),
        "last_failure": _iso(last_failure),
        "version": version("printworks-common"),
    }
    return DeadLetter(
        topic=dead_letter_topic(record.topic, group),
        key=record.raw_key,
        value=record.raw_value,
        headers=(
            *original_headers(record.raw_headers),
            *((PREFIX + name, text.encode()) for name, text in reasons.items()),
        ),
    )


def original_headers(headers: tuple[tuple[str, bytes | None], ...]) -> tuple[tuple[str, bytes | None], ...]:
    """The headers as they were before the record became a dead letter."""
    return tuple((name, value) for name, value in headers if not name.startswith(PREFIX))


class DeadLetterLimit:
    """At most `count` dead letters within `seconds`; above it something is wrong with us or with a producer."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count = count
        self._seconds = seconds
        self._times: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """Whether one more may be written at the monotonic time `now` (seconds); if so it is counted."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._count:
            return False
        self._times.append(now)
        return True


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
