"""One dispatcher of a kind at a time, also when the one at work stands still for good."""

import asyncio
import time

import pytest
from printworks_common.errors import GroundMissingError
from printworks_common.postgres import Pool
from printworks_render.coordinator.store import DispatcherLock

NUMBER = 42


async def test_only_one_round_runs_at_a_time(pool: Pool) -> None:
    lock = DispatcherLock(pool, NUMBER)
    assert await lock.run(lambda _: asyncio.sleep(0, 7)) == 7
    assert await lock.run(lambda _: lock.run(lambda _: asyncio.sleep(0, 7))) == 0


async def test_a_round_that_stands_still_loses_its_lock_to_another_process(pool: Pool) -> None:
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def stand_still(_connection: object) -> int:
        begun.set()
        await going_on.wait()
        return 1

    stopped = asyncio.create_task(DispatcherLock(pool, NUMBER, idle_seconds=1).run(stand_still))
    await begun.wait()
    deadline = time.monotonic() + 30
    while await DispatcherLock(pool, NUMBER).run(lambda _: asyncio.sleep(0, 7)) == 0:
        assert time.monotonic() < deadline, "the lock was not lost"
        await asyncio.sleep(0.1)
    going_on.set()
    with pytest.raises(GroundMissingError):
        await stopped
