"""Several members, rebalances, kills and a broker that goes away: every record has its effect, nothing is skipped."""

import asyncio
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from printworks_common.errors import GroundMissingError, PoisonError
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.kafka.admin import TopicPlan, create_topics
from printworks_common.kafka.members import has_members
from printworks_common.kafka.producer import MAX_RECORD_BYTES, KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.settings import KafkaSettings
from printworks_local.stack import Part, Stack

if TYPE_CHECKING:
    from tests.integration.kafka.conftest import Held, Room
else:
    Held = Room = Any


async def test_when_a_second_member_joins_and_leaves_every_record_has_its_effect(room: Room) -> None:
    effects: dict[int, int] = defaultdict(int)
    by: dict[str, int] = defaultdict(int)

    def handler(name: str) -> Any:
        async def handle(record: Record) -> None:
            await asyncio.sleep(0.02)
            effects[int(record.value)] += 1
            by[name] += 1

        return handle

    async def keep_sending() -> None:
        for number in range(300):
            await room.send(f"key{number % 40}", number)
            await asyncio.sleep(0.01)

    async with room.member(handler("first")) as first:
        sending = asyncio.create_task(keep_sending())
        await room.eventually(lambda: len(effects) > 20)
        async with room.member(handler("second")) as second:
            await room.eventually(lambda: by["second"] > 10)
            assert first.lag().keys().isdisjoint(second.lag().keys())
        await sending
        await room.eventually(lambda: len(effects) == 300)
        await room.eventually(lambda: not any(first.lag().values()))
    assert sorted(effects) == list(range(300))
    assert sum((await room.committed()).values()) == 300
    assert sum(effects.values()) <= 300 + 32, "only what was in hand at a rebalance may have been done twice"


async def test_a_record_in_hand_during_a_rebalance_is_joined_when_it_is_handed_over_again(room: Room) -> None:
    begun: dict[int, int] = defaultdict(int)
    release = asyncio.Event()

    async def handle(record: Record) -> None:
        begun[int(record.value)] += 1
        await release.wait()

    for number in range(12):
        await room.send(f"key{number}", number)
    limits = replace(room.quick, rebalance_drain=0.2)
    async with room.member(handle, limits=limits) as loop:
        await room.eventually(lambda: len(begun) == 12)
        async with room.member(handle, limits=limits, topic=room.dead_letter_topic) as neighbour:
            await room.eventually(lambda: neighbour.ready and loop.ready)
            await asyncio.sleep(1.0)
            assert loop.in_flight == 12
            release.set()
            await room.eventually(lambda: loop.in_flight == 0)
    assert begun == dict.fromkeys(range(12), 1)
    assert sum((await room.committed()).values()) == 12


async def test_what_was_finished_behind_a_slow_record_is_not_done_again_after_a_rebalance(room: Room) -> None:
    begun: dict[int, int] = defaultdict(int)
    release = asyncio.Event()

    async def handle(record: Record) -> None:
        begun[int(record.value)] += 1
        if record.key == "slow":
            await release.wait()

    await room.send("slow", 0)
    for number in range(1, 60):
        await room.send(f"key{number}", number)
    async with room.member(handle, limits=replace(room.quick, rebalance_drain=0.2)) as loop:
        await room.eventually(lambda: len(begun) == 60 and loop.in_flight == 1)
        for _ in range(2):
            async with room.member(handle, topic=room.dead_letter_topic) as neighbour:
                await room.eventually(lambda: neighbour.ready and loop.ready)
                await asyncio.sleep(0.5)
        await room.eventually(lambda: loop.ready)
        release.set()
        await room.eventually(lambda: loop.in_flight == 0)
        for number in range(60, 70):
            await room.send(f"key{number}", number)
        await room.eventually(lambda: len(begun) == 70)
    assert begun == dict.fromkeys(range(70), 1)
    assert sum((await room.committed()).values()) == 70


async def test_a_member_whose_slots_are_all_taken_for_long_stays_a_member(room: Room, held: Held) -> None:
    await room.send("order", *range(20))
    async with room.member(
        held.handle, parallel=1, limits=replace(room.quick, buffer=4, max_poll_interval=2.0)
    ) as loop:
        await room.eventually(lambda: held.begun == 1 and loop.in_flight == 4)
        before = await room.member_ids()
        await asyncio.sleep(6.0)
        assert await room.member_ids() == before
        held.release.set()
        await room.eventually(lambda: held.begun == 20)


async def test_kill_minus_nine_in_the_middle_of_work_hands_the_records_over_again(room: Room, tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    effects.touch()

    def lines(word: str) -> list[str]:
        return [line.split(" ")[2] for line in effects.read_text().splitlines() if line.startswith(word)]

    def start() -> subprocess.Popen[bytes]:
        script = Path(__file__).parent / "member_process.py"
        arguments = [room.settings.kafka_bootstrap, room.group, room.topic, str(effects), "0.3"]
        return subprocess.Popen([sys.executable, str(script), *arguments], stdout=subprocess.DEVNULL)

    for number in range(40):
        await room.send(f"key{number}", number)
    member = start()
    try:
        await room.eventually(lambda: len(lines("done")) >= 8)
        await room.eventually(lambda: len(lines("begun")) > len(lines("done")))
        member.kill()
        member.wait()
        assert len(set(lines("done"))) < 40
        member = start()
        await room.eventually(lambda: len(set(lines("done"))) == 40)
    finally:
        member.kill()
        member.wait()
    assert set(lines("done")) == {str(number) for number in range(40)}


async def test_a_broker_that_is_killed_and_comes_back_costs_nothing(room: Room, controlled_stack: Stack) -> None:
    effects: dict[int, int] = defaultdict(int)

    async def handle(record: Record) -> None:
        effects[int(record.value)] += 1

    async def send_until_acknowledged(number: int) -> None:
        while True:
            try:
                await room.send(f"key{number % 5}", number)
            except GroundMissingError:
                continue
            return

    async with room.member(handle) as loop:
        for number in range(20):
            await send_until_acknowledged(number)
        await room.eventually(lambda: len(effects) == 20)
        await controlled_stack.kill(Part.KAFKA)
        sending = asyncio.create_task(send_until_acknowledged(20))
        await asyncio.sleep(2)
        await controlled_stack.start(Part.KAFKA)
        await asyncio.wait_for(sending, 60)
        for number in range(21, 40):
            await send_until_acknowledged(number)
        await room.eventually(lambda: len(effects) == 40, within=60)
        await room.eventually(lambda: loop.ready and not any(loop.lag().values()), within=60)
        # By the living member: one that leaves before the broker has loaded its offsets again commits nothing.
        await room.eventually_committed(40, within=60)
    assert await room.dead_letters() == []


async def test_a_handler_that_publishes_holds_while_the_broker_is_away(room: Room, controlled_stack: Stack) -> None:
    published: list[int] = []
    impatient = KafkaProducer(room.settings, acknowledge_within=1.0)
    await impatient.start()

    async def handle(record: Record) -> None:
        if int(record.value) >= 1:
            await asyncio.sleep(1.0)
        await impatient.send(OutgoingRecord(f"{room.dead_letter_topic}", "copy", record.value))
        published.append(int(record.value))

    await room.send("order", 0, 1)
    async with room.member(handle) as loop:
        await room.eventually(lambda: published == [0])
        await controlled_stack.kill(Part.KAFKA)
        await room.eventually(lambda: not loop.ready)
        await controlled_stack.start(Part.KAFKA)
        await room.eventually(lambda: 1 in published, within=60)
        await room.eventually(lambda: loop.ready, within=60)
    await impatient.stop()
    assert not any("pw_dlq_error_code" in record.headers for record in await room.dead_letters())


async def test_a_producer_without_a_broker_says_that_the_ground_is_missing() -> None:
    nowhere = KafkaSettings(kafka_bootstrap="127.0.0.1:1")  # pyright: ignore[reportCallIssue] - the rest has defaults
    producer = KafkaProducer(nowhere, acknowledge_within=2.0)
    with pytest.raises(GroundMissingError) as caught:
        await producer.start()
    assert caught.value.code == "broker_unreachable"
    with pytest.raises(GroundMissingError):
        await producer.send(OutgoingRecord("printworks.orders.v1", "key", b"{}"))
    await producer.stop()


async def test_a_producer_does_not_wait_for_ever_for_a_paused_broker(room: Room, controlled_stack: Stack) -> None:
    producer = KafkaProducer(room.settings, acknowledge_within=1.0)
    await producer.start()
    controlled_stack.pause(Part.KAFKA)
    try:
        with pytest.raises(GroundMissingError) as caught:
            await producer.send(OutgoingRecord(room.topic, "key", b"1"))
        assert caught.value.code == "broker_not_acknowledging"
    finally:
        controlled_stack.resume(Part.KAFKA)
    await producer.send(OutgoingRecord(room.topic, "key", b"2"))
    await producer.stop()


async def test_a_group_has_members_while_one_is_there(room: Room, held: Held) -> None:
    async with room.member(held.handle):
        await room.send("key", 1)
        await room.eventually(lambda: held.begun == 1)
        assert await has_members(room.settings, room.group)
        held.release.set()
    assert not await has_members(room.settings, room.group)
    assert not await has_members(room.settings, f"{room.group}-never-there")


async def test_whether_a_group_has_members_is_not_told_without_a_broker(room: Room) -> None:
    nowhere = room.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    with pytest.raises(GroundMissingError) as caught:
        await has_members(nowhere, room.group)
    assert caught.value.code == "broker_unreachable"


async def test_a_record_above_the_limit_is_poison_at_once(room: Room) -> None:
    with pytest.raises(PoisonError) as caught:
        await room.producer.send(OutgoingRecord(room.topic, "key", b"x" * (MAX_RECORD_BYTES + 1)))
    assert caught.value.code == "record_too_large"


async def test_a_member_joins_as_soon_as_its_topic_exists(room: Room) -> None:
    handled: list[bytes] = []

    async def handle(record: Record) -> None:
        handled.append(record.value)

    room.topic += "-later"
    async with room.member(handle) as loop:
        await asyncio.sleep(1.0)
        assert not loop.ready
        await create_topics(room.settings, [TopicPlan(room.topic, 1, {})])
        await room.eventually(lambda: loop.ready, within=60)
        await room.send("key", 1)
        await room.eventually(lambda: handled == [b"1"])
