"""Events in their envelope: written in binary mode, read in both modes. The official SDK is the oracle."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from printworks_common.errors import PoisonError
from printworks_common.events.envelope import encode
from printworks_common.events.orders import OrderTouched
from printworks_common.kafka.record import Record

MakeRecord = Callable[..., Record]

TOUCHED = OrderTouched(
    shop="example.myshopify.com",
    order_id="6123456789012",
    reason="edited",
    noticed_at=datetime(2026, 11, 2, 9, 20, tzinfo=UTC),
)
ENCODED = encode(
    TOUCHED,
    event_id="8f14e45f-ceea-5a1b-9c3d-0a1b2c3d4e5f",
    source="printworks/ingest/receiver",
    time=datetime(2026, 11, 2, 9, 20, 1, 5, tzinfo=UTC),
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)


def sdk_message() -> KafkaMessage:
    headers = {name: value.encode() for name, value in ENCODED.headers.items()}
    return KafkaMessage(headers=headers, key=ENCODED.key.encode(), value=ENCODED.value)


def test_the_official_sdk_reads_what_is_written() -> None:
    event = from_binary(sdk_message(), JSONFormat())
    assert event.get_specversion() == "1.0"
    assert event.get_id() == "8f14e45f-ceea-5a1b-9c3d-0a1b2c3d4e5f"
    assert event.get_type() == "printworks.order.touched.v1"
    assert event.get_source() == "printworks/ingest/receiver"
    assert event.get_subject() == "example.myshopify.com/6123456789012"
    assert event.get_time() == datetime(2026, 11, 2, 9, 20, 1, 5, tzinfo=UTC)
    assert event.get_dataschema() == "https://printworks.dev/schemas/printworks.order.touched.v1.json"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == TOUCHED.model_dump(mode="json")


def test_binary_mode_is_read(make_record: MakeRecord) -> None:
    record = make_record(ENCODED.value, headers=tuple(sdk_message().headers.items()))
    assert record.event_id == "8f14e45f-ceea-5a1b-9c3d-0a1b2c3d4e5f"
    assert record.event_type == "printworks.order.touched.v1"
    assert record.traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert record.decode(OrderTouched) == TOUCHED


def test_structured_mode_as_the_official_sdk_writes_it_is_read(make_record: MakeRecord) -> None:
    message = to_structured(from_binary(sdk_message(), JSONFormat()), JSONFormat())
    record = make_record(message.value, headers=tuple(message.headers.items()))
    assert record.event_id == "8f14e45f-ceea-5a1b-9c3d-0a1b2c3d4e5f"
    assert record.event_type == "printworks.order.touched.v1"
    assert record.decode(OrderTouched) == TOUCHED


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"[1", b"null", b"[]", b"[" * 10_000, json.dumps({"shop": "ada@example.com"}).encode()]
)
@pytest.mark.parametrize("content_type", [b"application/json", b"application/cloudevents+json"])
def test_a_value_that_does_not_fit_is_poison_and_its_text_stays_out(
    make_record: MakeRecord, value: bytes, content_type: bytes
) -> None:
    record = make_record(value, headers=(("content-type", content_type),))
    with pytest.raises(PoisonError) as caught:
        record.decode(OrderTouched)
    assert caught.value.code == "unreadable_event"
    assert "ada" not in str(caught.value)


def test_a_record_without_an_envelope_has_no_id_and_type(make_record: MakeRecord) -> None:
    record = make_record(b"{}")
    assert (record.event_id, record.event_type, record.traceparent) == ("", "", None)


def test_an_empty_value_is_a_tombstone(make_record: MakeRecord) -> None:
    assert make_record(None).tombstone
    assert make_record(b"").tombstone
    assert not make_record(b"{}").tombstone


def test_bytes_that_are_not_text_are_shown_escaped_and_kept_as_they_came(make_record: MakeRecord) -> None:
    record = make_record(b"\xfe", key=b"a\xffb", headers=(("x", b"\xff"),))
    assert record.key == "a\\xffb"
    assert record.headers["x"] == "\\xff"
    assert (record.raw_key, record.raw_value, record.raw_headers) == (b"a\xffb", b"\xfe", (("x", b"\xff"),))


def test_the_time_is_in_utc(make_record: MakeRecord) -> None:
    assert make_record().time == datetime(2026, 9, 21, 14, 13, 20, 123_000, tzinfo=UTC)
