"""One member of a group: order per key, parallel across keys, errors by their class, commits that never run ahead."""

import asyncio
import statistics
import time
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from printworks_common import tracing
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.kafka.backoff import Backoff
from printworks_common.kafka.deadletter import DeadLetterFloodError
from printworks_common.kafka.record import Record

if TYPE_CHECKING:
    from tests.integration.kafka.conftest import Held, Room
else:
    Held = Room = Any


async def test_records_of_a_key_are_handled_in_order_and_keys_beside_each_other(room: Room) -> None:
    seen: dict[str, list[int]] = defaultdict(list)
    running: set[str] = set()
    most = 0

    async def handle(record: Record) -> None:
        nonlocal most
        assert record.key not in running
        running.add(record.key)
        most = max(most, len(running))
        await asyncio.sleep(0.01)
        running.discard(record.key)
        seen[record.key].append(int(record.value))

    for number in range(20):
        for key in ("a", "b", "c", "d", "e", "f"):
            await room.send(key, number)
    async with room.member(handle, parallel=6):
        await room.eventually(lambda: sum(map(len, seen.values())) == 120)
    assert all(values == list(range(20)) for values in seen.values())
    assert most == 6
    assert sum((await room.committed()).values()) == 120


async def test_one_slow_record_does_not_keep_other_keys_of_its_partition_and_holds_only_the_commit(room: Room) -> None:
    release = asyncio.Event()
    done: list[str] = []
    slow_partition: list[int] = []

    async def handle(record: Record) -> None:
        if record.key == "slow":
            slow_partition.append(record.partition)
            await release.wait()
        done.append(record.key)

    await room.send("slow", 0)
    for number in range(40):
        await room.send(f"key{number}", number)
    async with room.member(handle) as loop:
        await room.eventually(lambda: len(done) == 40)
        await asyncio.sleep(0.5)
        assert loop.in_flight == 1
        assert sum(loop.lag().values()) > 0
        assert (await room.committed()).get(slow_partition[0], 0) == 0
        release.set()
        await room.eventually(lambda: not any(loop.lag().values()))
    assert sum((await room.committed()).values()) == 41


async def test_no_more_records_are_taken_in_than_there_is_room_for(room: Room, held: Held) -> None:
    for number in range(60):
        await room.send(f"key{number}", number)
    async with room.member(held.handle, parallel=4, limits=replace(room.quick, buffer=16)) as loop:
        await room.eventually(lambda: held.begun == 4)
        await asyncio.sleep(0.5)
        assert held.begun == 4
        assert loop.in_flight == 16
        held.release.set()
        await room.eventually(lambda: held.begun == 60)


async def test_nothing_more_is_taken_in_while_large_records_fill_the_memory(room: Room, held: Held) -> None:
    await room.send("large", 10_000)
    async with room.member(held.handle, limits=replace(room.quick, buffer_bytes=5)) as loop:
        await room.eventually(lambda: held.begun == 1)
        for number in range(10):
            await room.send(f"key{number}", number)
        await asyncio.sleep(0.5)
        assert loop.in_flight == 1
        held.release.set()
        await room.eventually(lambda: held.begun == 11)


async def test_a_shop_does_not_wait_for_all_that_another_has_sent_before(room: Room) -> None:
    done: list[str] = []

    async def handle(record: Record) -> None:
        await asyncio.sleep(0.01)
        done.append(record.key)

    for number in range(100):
        await room.send(f"noisy.example/{number}", 0)
    await room.send("quiet.example/1", 0)
    async with room.member(handle, parallel=1):
        await room.eventually(lambda: len(done) == 101)
    assert done.index("quiet.example/1") < 60, "it came when it had been fetched, not last"


async def test_a_partition_is_paused_when_too_much_waits_behind_a_slow_record_and_resumed_after_it(room: Room) -> None:
    release = asyncio.Event()
    done: list[int] = []

    async def handle(record: Record) -> None:
        if record.key == "slow":
            await release.wait()
        done.append(int(record.value))

    await room.send("slow", 0)
    partition: list[int] = []

    async def find(record: Record) -> None:
        partition.append(record.partition)
        raise GroundMissingError("Only looking.", code="looking")

    async with room.member(find):
        await room.eventually(lambda: bool(partition))
    for number in range(1, 400):
        await room.send(f"key{number}", number)
    async with room.member(handle, limits=replace(room.quick, span=20, buffer=64)) as loop:
        await room.eventually(
            lambda: (
                len(done) >= 250 and not any(lag for (_, number), lag in loop.lag().items() if number != partition[0])
            )
        )
        await asyncio.sleep(0.5)
        assert len(done) < 399
        release.set()
        await room.eventually(lambda: len(done) == 400)


async def test_poison_goes_to_the_dead_letters_and_does_not_block_its_partition(room: Room) -> None:
    done: list[int] = []

    async def handle(record: Record) -> None:
        if int(record.value) == 1:
            raise PoisonError("The design cannot be read.", code="design_invalid")
        if int(record.value) == 2:
            raise ValueError("ada@example.com")
        done.append(int(record.value))

    await room.send("order", 0, 1, 2, 3, headers={"ce_id": "e1"})
    async with room.member(handle):
        await room.eventually(lambda: done == [0, 3])
    assert sum((await room.committed()).values()) == 4
    first, second = await room.dead_letters()
    assert (first.key, first.value, first.headers["ce_id"]) == ("order", b"1", "e1")
    assert first.headers["pw_dlq_error_code"] == "design_invalid"
    assert first.headers["pw_dlq_topic"] == room.topic
    assert first.headers["pw_dlq_offset"] == "1"
    assert (second.value, second.headers["pw_dlq_error_code"]) == (b"2", "unexpected_error")
    assert not any("ada" in text for text in second.headers.values())


async def test_what_may_pass_is_tried_again_in_place_and_keeps_its_order(room: Room) -> None:
    tries: list[int] = []

    async def handle(record: Record) -> None:
        tries.append(int(record.value))
        if tries.count(1) < 3 and int(record.value) == 1:
            raise TransientError("Shopify is busy.", code="throttled")

    await room.send("order", 1, 2)
    async with room.member(handle):
        await room.eventually(lambda: 2 in tries)
    assert tries == [1, 1, 1, 2]
    assert await room.dead_letters() == []


async def test_what_does_not_pass_within_the_budget_becomes_a_dead_letter(room: Room) -> None:
    done: list[int] = []

    async def handle(record: Record) -> None:
        if int(record.value) == 1:
            raise TransientError("Shopify is busy.", code="throttled")
        done.append(int(record.value))

    await room.send("order", 1, 2)
    limits = replace(room.quick, retry_budget=0.5, retry=Backoff(first=0.05, longest=0.1))
    async with room.member(handle, limits=limits):
        await room.eventually(lambda: done == [2])
    (letter,) = await room.dead_letters()
    assert letter.headers["pw_dlq_error_code"] == "throttled"
    assert int(letter.headers["pw_dlq_attempts"]) >= 4


async def test_missing_ground_is_waited_for_without_a_dead_letter_and_the_member_is_not_ready(room: Room) -> None:
    ground = False
    done: list[int] = []

    async def handle(record: Record) -> None:
        if not ground:
            raise GroundMissingError("The database does not answer.", code="database_unreachable")
        done.append(int(record.value))

    await room.send("order", 1, 2, 3)
    limits = replace(room.quick, retry_budget=0.1, pause_after=0.3)
    async with room.member(handle, limits=limits) as loop:
        await room.eventually(lambda: loop.in_flight > 0 and not loop.ready)
        await asyncio.sleep(1.0)
        assert not loop.ready
        ground = True
        await room.eventually(lambda: done == [1, 2, 3])
        await room.eventually(lambda: loop.ready)
    assert await room.dead_letters() == []
    assert sum((await room.committed()).values()) == 3


async def test_a_flood_of_dead_letters_stops_the_member_and_commits_nothing_unhandled(room: Room) -> None:
    tries = 0

    async def handle(_record: Record) -> None:
        nonlocal tries
        tries += 1
        raise PoisonError("Not readable.", code="unreadable_event")

    await room.send("order", *range(20))
    with pytest.raises(DeadLetterFloodError):
        async with room.member(handle, limits=replace(room.quick, dead_letters=5)) as loop:
            await room.eventually(lambda: tries == 6 and not loop.ready)
    assert len(await room.dead_letters()) == 5
    assert sum((await room.committed()).values()) == 5


async def test_the_handler_runs_in_the_trace_of_the_record(room: Room) -> None:
    tracing.configure("tests", "kafka")
    seen: list[str] = []

    async def handle(_record: Record) -> None:
        seen.append(trace.format_trace_id(trace.get_current_span().get_span_context().trace_id))

    await room.send("order", 1, headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
    async with room.member(handle):
        await room.eventually(lambda: bool(seen))
    assert seen == ["4bf92f3577b34da6a3ce929d0e0e4736"]


async def test_at_the_stop_handlers_end_and_what_was_not_begun_is_left_for_the_next(room: Room) -> None:
    begun: list[int] = []
    ended: list[int] = []

    async def handle(record: Record) -> None:
        begun.append(int(record.value))
        await asyncio.sleep(0.3)
        ended.append(int(record.value))

    await room.send("order", 0, 1, 2)
    async with room.member(handle):
        await room.eventually(lambda: begun == [0])
    assert ended == [0]
    assert sum((await room.committed()).values()) == 1
    async with room.member(handle):
        await room.eventually(lambda: ended == [0, 1, 2])
    assert begun == [0, 1, 2]


async def test_a_handler_that_does_not_end_at_the_stop_is_given_up_after_the_budget(room: Room) -> None:
    begun = asyncio.Event()

    async def handle(_record: Record) -> None:
        begun.set()
        await asyncio.Event().wait()

    await room.send("order", 0)
    async with room.member(handle, limits=replace(room.quick, drain=0.3)):
        await begun.wait()
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 3
    assert sum((await room.committed()).values()) == 0


async def test_an_idle_member_sees_a_record_within_a_few_milliseconds(room: Room) -> None:
    handled: dict[int, float] = {}

    async def handle(record: Record) -> None:
        handled[int(record.value)] = time.perf_counter()

    waits: list[float] = []
    async with room.member(handle) as loop:
        await room.eventually(lambda: loop.ready)
        for number in range(100):
            began = time.perf_counter()
            await room.send(f"key{number % 7}", number)
            await room.eventually(lambda number=number: number in handled)
            waits.append((handled[number] - began) * 1000)
            await asyncio.sleep(0.01)
    median, late = statistics.median(waits), sorted(waits)[94]
    print(f"produce to handled: p50 {median:.1f} ms, p95 {late:.1f} ms")
    assert median < 25
