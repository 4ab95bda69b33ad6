"""Events as their consumers get them."""

from printworks_common.events.base import Event
from printworks_common.kafka.record import Record


def record_of(event: Event) -> Record:
    return Record(
        topic=event.topic,
        partition=0,
        offset=0,
        timestamp=0,
        key=event.key(),
        value=event.model_dump_json().encode(),
        headers={"ce_type": event.type_name, "ce_id": "1", "content-type": "application/json"},
    )
