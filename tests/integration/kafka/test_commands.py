"""Topics are created once, compacted topics are read to their end, dead letters are replayed."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.events.topics import TOPICS
from printworks_common.kafka.admin import TopicPlan, create_topics, ensure_topics
from printworks_common.kafka.compacted import read_compacted
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.kafka.replay import Wanted, replay
from printworks_common.settings import KafkaSettings

if TYPE_CHECKING:
    from tests.integration.kafka.conftest import Room
else:
    Room = Any


async def test_all_topics_are_created_as_declared_and_a_second_time_nothing_happens(settings: KafkaSettings) -> None:
    await ensure_topics(settings, GROUPS)
    assert await ensure_topics(settings, GROUPS) == []
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await client.start()
    try:
        described = {topic["topic"]: topic for topic in await client.describe_topics()}
    finally:
        await client.close()
    for topic, spec in TOPICS.items():
        assert len(described[topic]["partitions"]) == spec.partitions
    for group, topics in GROUPS.items():
        assert {f"{topic}.{group}.dlq" for topic in topics} <= set(described)


async def test_a_topic_that_the_broker_refuses_is_an_error_with_its_reason(
    settings: KafkaSettings, topic_prefix: str
) -> None:
    with pytest.raises(PoisonError) as caught:
        await create_topics(settings, [TopicPlan(f"{topic_prefix}t", 1, {"cleanup.policy": "never"})])
    assert caught.value.code == "topic_refused"


@pytest.fixture
async def catalog(settings: KafkaSettings, topic_prefix: str) -> str:
    topic = f"{topic_prefix}catalog"
    await create_topics(settings, [TopicPlan(topic, 2, {"cleanup.policy": "compact"})])
    return topic


async def test_a_compacted_topic_is_read_to_its_end_and_then_followed(
    settings: KafkaSettings, producer: KafkaProducer, catalog: str
) -> None:
    state: dict[str, bytes] = {}
    flaky = 0
    again = asyncio.Event()

    async def keep(record: Record) -> None:
        nonlocal flaky
        if record.key == "flaky" and flaky < 2:
            flaky += 1
            raise TransientError("Busy.", code="busy")
        if record.value == b"unreadable":
            raise PoisonError("Not readable.", code="unreadable_event")
        if record.tombstone:
            state.pop(record.key, None)
        else:
            state[record.key] = record.value
        if record.value == b"again":
            again.set()

    for number in range(700):
        await producer.send(OutgoingRecord(catalog, f"key{number % 50}", str(number).encode()))
    await producer.send(OutgoingRecord(catalog, "flaky", b"1"))
    await producer.send(OutgoingRecord(catalog, "bad", b"unreadable"))
    await producer.send_raw(catalog, b"key0", None, [])
    reader = await read_compacted(settings, catalog, keep)
    assert state == {f"key{number % 50}": str(number).encode() for number in range(651, 700)} | {"flaky": b"1"}

    stopping = asyncio.Event()
    following = asyncio.create_task(reader.follow(stopping))
    await producer.send(OutgoingRecord(catalog, "key0", b"again"))
    await asyncio.wait_for(again.wait(), 10)
    assert state["key0"] == b"again"
    stopping.set()
    await following


async def test_an_empty_compacted_topic_is_at_its_end_at_once(settings: KafkaSettings, catalog: str) -> None:
    async def keep(_record: Record) -> None:
        pytest.fail("there is nothing to keep")

    async with asyncio.timeout(10):
        reader = await read_compacted(settings, catalog, keep)
    await reader.close()


async def test_a_compacted_topic_that_is_not_there_is_missing_ground(settings: KafkaSettings) -> None:
    async def keep(_record: Record) -> None:
        return

    with pytest.raises(GroundMissingError):
        await read_compacted(settings, "printworks.not-there.v1", keep)


async def test_dead_letters_are_shown_first_and_put_back_when_asked_for(room: Room) -> None:
    broken = True
    done: list[str] = []

    async def handle(record: Record) -> None:
        if broken:
            raise PoisonError("The design cannot be read.", code="design_invalid")
        assert not any(name.startswith("pw_dlq_") for name in record.headers)
        done.append(f"{record.key} {record.value.decode()} {record.headers['ce_id']}")

    for number, key in enumerate(["a", "b", "a", "c"]):
        await room.send(key, number, headers={"ce_id": f"e{number}"})
    async with room.member(handle) as loop:
        await room.eventually(lambda: loop.ready and len(loop.lag()) == 4 and not any(loop.lag().values()))
    broken = False
    told: list[str] = []
    only_a = Wanted(key="a", code="design_invalid")

    async def run(wanted: Wanted, *, most: int, dry_run: bool) -> int:
        return await replay(room.settings, room.dead_letter_topic, wanted, most=most, dry_run=dry_run, tell=told.append)

    assert await run(only_a, most=10, dry_run=True) == 2
    assert all(line.startswith("would replay") for line in told)
    assert await run(replace(only_a, code="another"), most=10, dry_run=True) == 0
    async with room.member(handle):
        assert await run(only_a, most=1, dry_run=False) == 1
        await room.eventually(lambda: done == ["a 0 e0"])
        assert await run(Wanted(), most=100, dry_run=False) == 4
        await room.eventually(lambda: len(done) == 5)
    assert sorted(done) == ["a 0 e0", "a 0 e0", "a 2 e2", "b 1 e1", "c 3 e3"]
