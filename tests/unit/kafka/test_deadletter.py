"""A dead letter is the record as it came, and why it was given up."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

import pytest
from printworks_common.events.topics import TOPICS, Topic
from printworks_common.kafka.admin import plan
from printworks_common.kafka.deadletter import PREFIX, DeadLetter, DeadLetterLimit, bury, original_headers
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.record import Record

MakeRecord = Callable[..., Record]


def buried(record: Record, error: str = "The design cannot be read.") -> DeadLetter:
    return bury(
        record,
        group="coordinator",
        code="design_invalid",
        error=error,
        attempts=3,
        first_failure=datetime(2026, 11, 2, 9, 14, 3, 250_000, tzinfo=UTC),
        last_failure=datetime(2026, 11, 2, 9, 16, 3, tzinfo=UTC),
    )


def test_it_carries_the_original_bytes_headers_and_key(make_record: MakeRecord) -> None:
    headers = (("ce_id", b"1"), ("ce_id", b"2"), ("odd", b"\xff\x00"), ("none", None))
    letter = buried(make_record(b"\xff not json", key=b"\xfe", headers=headers))
    assert letter.topic == "printworks.orders.v1.coordinator.dlq"
    assert letter.key == b"\xfe"
    assert letter.value == b"\xff not json"
    assert letter.headers[: len(headers)] == headers


def test_it_says_where_it_came_from_and_why(make_record: MakeRecord) -> None:
    letter = buried(make_record())
    assert {name.removeprefix(PREFIX): (value or b"").decode() for name, value in letter.headers} == {
        "topic": "printworks.orders.v1",
        "partition": "3",
        "offset": "7",
        "timestamp": "1790000000123",
        "group": "coordinator",
        "error_code": "design_invalid",
        "error": "The design cannot be read.",
        "attempts": "3",
        "first_failure": "2026-11-02T09:14:03.250Z",
        "last_failure": "2026-11-02T09:16:03.000Z",
        "version": version("printworks-common"),
    }


def test_a_long_reason_is_cut(make_record: MakeRecord) -> None:
    reason = dict(buried(make_record(), error="x" * 2000).headers)[f"{PREFIX}error"]
    assert reason == b"x" * 500


def test_a_record_without_key_and_value_stays_without_them(make_record: MakeRecord) -> None:
    letter = buried(make_record(None, key=None))
    assert (letter.key, letter.value) == (None, None)


def test_a_record_that_dies_again_has_one_set_of_reasons(make_record: MakeRecord) -> None:
    first = buried(make_record(headers=(("ce_id", b"1"),)))
    second = buried(make_record(headers=first.headers), error="Still not.")
    assert [name for name, _ in second.headers].count(f"{PREFIX}error") == 1
    assert dict(second.headers)[f"{PREFIX}error"] == b"Still not."
    assert original_headers(second.headers) == (("ce_id", b"1"),)


def test_more_dead_letters_than_the_limit_in_its_time_are_not_admitted() -> None:
    limit = DeadLetterLimit(count=2, seconds=60)
    assert [limit.admit(0.0), limit.admit(1.0), limit.admit(59.9)] == [True, True, False]
    assert [limit.admit(60.0), limit.admit(60.5), limit.admit(61.0)] == [True, False, True]


def test_every_topic_of_a_group_has_a_dead_letter_topic_that_keeps_like_personal_data() -> None:
    plans = {topic.name: topic for topic in plan(GROUPS)}
    assert {str(topic) for topic in TOPICS} <= set(plans)
    for group, topics in GROUPS.items():
        for topic in topics:
            dead = plans[f"{topic}.{group}.dlq"]
            assert dead.config["cleanup.policy"] == "delete"
            assert int(dead.config["retention.ms"]) == 7 * 24 * 3600 * 1000
            assert int(dead.config["max.message.bytes"]) > int(plans[topic].config["max.message.bytes"])


@pytest.mark.parametrize("topic", [topic for topic, spec in TOPICS.items() if spec.personal_data])
def test_a_topic_with_personal_data_is_never_compacted(topic: Topic) -> None:
    plans = {planned.name: planned for planned in plan({})}
    assert plans[topic].config["cleanup.policy"] == "delete"
    assert int(plans[topic].config["retention.ms"]) == 7 * 24 * 3600 * 1000
