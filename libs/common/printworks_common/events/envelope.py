"""CloudEvents 1.0 in Kafka binary mode: `ce_*` headers, JSON data as the value.

Source: CloudEvents Kafka protocol binding 1.0.2, section 3.2 (binary content mode).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from printworks_common.events.base import Event

JSON = "application/json"
SCHEMA_BASE = "https://printworks.dev/schemas/"
"""Identifier of a data schema; a name, not a place to fetch from (the files lie in docs/events/schemas)."""


@dataclass(frozen=True)
class OutgoingRecord:
    """A record ready for a producer or for the outbox."""

    topic: str
    key: str
    value: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])


def encode(
    event: Event, *, event_id: str, source: str, time: datetime, traceparent: str | None = None
) -> OutgoingRecord:
    """Put an event into its envelope.

    `event_id` must be deterministic (`ids.event_id`); `source` is the publishing role, `printworks/ingest/receiver`.
    """
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_type": event.type_name,
        "ce_source": source,
        "ce_subject": event.subject(),
        "ce_time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_dataschema": f"{SCHEMA_BASE}{event.type_name}.json",
        "content-type": JSON,
    }
    if traceparent is not None:
        headers["traceparent"] = traceparent
    return OutgoingRecord(topic=event.topic, key=event.key(), value=event.model_dump_json().encode(), headers=headers)
