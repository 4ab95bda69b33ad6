"""A record as it was read from a topic.

Source: CloudEvents Kafka protocol binding 1.0.2. Binary mode is what Printworks sends; structured mode (section 3.3) is
accepted as well, because others may put records on a topic or replay them with their own tools.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from aiokafka import ConsumerRecord
from pydantic import BaseModel, ValidationError

from printworks_common.errors import PoisonError

STRUCTURED = "application/cloudevents+json"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Record:
    """One record. `timestamp` is milliseconds since the epoch, UTC; `key` and `headers` are text for reading, the
    `raw_*` fields are the bytes as they came, for the dead-letter topic."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str
    value: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])
    raw_key: bytes | None = None
    raw_value: bytes | None = None
    raw_headers: tuple[tuple[str, bytes | None], ...] = ()

    @classmethod
    def of(cls, message: "ConsumerRecord[bytes, bytes]") -> "Record":
        """From what aiokafka has read. Bytes that are not UTF-8 are shown escaped; the raw ones stay beside them."""
        raw_headers = tuple((name, value) for name, value in message.headers)
        return cls(
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            timestamp=message.timestamp,
            key=(message.key or b"").decode(errors="backslashreplace"),
            value=message.value or b"",
            headers={name: (value or b"").decode(errors="backslashreplace") for name, value in raw_headers},
            raw_key=message.key,
            raw_value=message.value,
            raw_headers=raw_headers,
        )

    @property
    def time(self) -> datetime:
        """When the record was written to the topic."""
        return datetime.fromtimestamp(self.timestamp / 1000, UTC)

    @property
    def tombstone(self) -> bool:
        """An empty value: on a compacted topic the key is deleted."""
        return not self.value

    @property
    def structured(self) -> bool:
        return self.headers.get("content-type", "").startswith(STRUCTURED)

    @property
    def event_id(self) -> str:
        """CloudEvents id; empty when the record carries none."""
        return self._attribute("id")

    @property
    def event_type(self) -> str:
        """CloudEvents type; empty when the record carries none."""
        return self._attribute("type")

    @property
    def traceparent(self) -> str | None:
        return self.headers.get("traceparent")

    def decode(self, model: type[Model]) -> Model:
        """The event's data as a model.

        Raises PoisonError (`unreadable_event`) when it does not fit; its text names fields and kinds of error, never
        values, because these may be personal.
        """
        try:
            if self.structured:
                return model.model_validate(self._envelope.get("data"))
            return model.model_validate_json(self.value)
        except ValidationError as error:
            raise PoisonError(
                f"The event does not fit {model.__name__}: {describe(error)}.", code="unreadable_event"
            ) from error

    def _attribute(self, name: str) -> str:
        if self.structured:
            return str(self._envelope.get(name, ""))
        return self.headers.get(f"ce_{name}", "")

    @cached_property
    def _envelope(self) -> Mapping[str, Any]:
        try:
            envelope = json.loads(self.value)
        except (ValueError, RecursionError):
            return {}
        return envelope if isinstance(envelope, dict) else {}


def describe(error: ValidationError, limit: int = 5) -> str:
    """The first `limit` faults of a validation error as `field: kind`, without the values."""
    faults = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'value'}: {fault['type']}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    shown = "; ".join(faults[:limit])
    return shown if len(faults) <= limit else f"{shown}; and {len(faults) - limit} more"
