"""The nightly count: by the reconciler at its hour, or by `printworks-ingest count`, which a CronJob runs."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from printworks_common.dispatch import DispatchLoop
from printworks_common.errors import PoisonError, TransientError
from printworks_common.settings import KafkaSettings
from printworks_common.shopify.shops import Shop
from printworks_ingest import metrics
from printworks_ingest.nights import SAME_NIGHT, TRIES, Night, Nights, count_round
from printworks_ingest.rounds import Round, Rounds
from printworks_local.stack.ports import free_ports

from tests.integration.ingest.conftest import FIRST_REACH, Bench

DAY = timedelta(days=1)


@asynccontextmanager
async def at_work(rounds: Rounds) -> AsyncGenerator[None]:
    """The loop of a process around the rounds."""
    stopping = asyncio.Event()
    loop = asyncio.create_task(DispatchLoop("count", rounds.dispatch, lambda: None).run(stopping))
    yield
    stopping.set()
    await loop
    await rounds.drain()


async def run(bench: Bench, work: Any) -> list[str]:
    """One night with this for a count; the shops that are left."""
    kind = Round("count", work, lambda now: now, lambda began: began + DAY, failed_pause=DAY, parallel=4)
    night = Night(kind, pool=bench.pool, shops=bench.shops, clock=bench.clock, short_pause=timedelta(0))
    async with asyncio.timeout(60), at_work(night.rounds):
        return await night.run(asyncio.Event())


class Counted:
    """Stands for counts; the first of them fail as they are told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.times = 0

    async def __call__(self, _shop: Shop) -> bool:
        self.times += 1
        if self.failures:
            raise self.failures.pop(0)
        return True


async def test_a_night_counts_every_shop_once_and_the_next_one_does_again(bench: Bench) -> None:
    count = Counted()
    assert await run(bench, count) == []
    assert await run(bench, count) == []
    assert count.times == 1, "a run that was begun again goes on where the first one ended"
    bench.clock.ahead += SAME_NIGHT + timedelta(minutes=1)
    assert await run(bench, count) == []
    assert count.times == 2


async def test_a_shop_is_tried_again_and_left_when_it_was_tried_in_vain(bench: Bench) -> None:
    away = TransientError("away", code="shopify_unreachable")
    count = Counted(away, RuntimeError("a bug"))
    assert await run(bench, count) == []
    bench.clock.ahead += DAY
    count = Counted(*[PoisonError("refused", code="token_refused")] * 99)
    assert await run(bench, count) == [bench.shop.domain]
    assert count.times >= TRIES


async def test_what_another_process_counts_is_waited_for_and_not_counted_twice(bench: Bench) -> None:
    released = asyncio.Event()

    async def slow(_shop: Shop) -> bool:
        return await released.wait()

    kind = Round("count", slow, lambda now: now, lambda began: began + DAY, failed_pause=DAY, parallel=4)
    reconciler = Rounds(kind, pool=bench.pool, shops=bench.shops, clock=bench.clock)
    assert await reconciler.dispatch() == 1
    count = Counted()
    waiting = asyncio.create_task(run(bench, count))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    released.set()
    await reconciler.drain()
    assert await waiting == []
    assert count.times == 0


async def test_the_reconciler_waits_for_its_hour(bench: Bench) -> None:
    now = bench.clock.now()
    kind = count_round(bench.counts, bench.sweeps, (now + timedelta(hours=2)).hour)
    rounds = Rounds(kind, pool=bench.pool, shops=bench.shops, clock=bench.clock)
    assert await rounds.dispatch() == 0
    bench.clock.ahead += timedelta(hours=2)
    assert await rounds.dispatch() == 1
    await rounds.drain()
    [page] = await bench.published.take(bench.shop.domain)
    assert page["last_page"] is True
    bench.clock.ahead += timedelta(hours=1)
    assert await rounds.dispatch() == 0


async def test_how_long_the_oldest_count_is_ago_is_told_by_whoever_did_it(bench: Bench) -> None:
    nights = Nights(bench.pool, bench.clock, FIRST_REACH)

    async def told() -> float:
        await nights.measure([bench.shop.domain])
        return metrics.OLDEST_COUNT._value.get()  # pyright: ignore[reportPrivateUsage]

    assert await told() == 0, "a shop that was never swept is not known yet"
    await bench.sweeps.sweep(bench.shop)
    bench.clock.ahead += timedelta(hours=30)
    assert await told() == pytest.approx(30 * 3600, abs=60)
    await run(bench, Counted())
    bench.clock.ahead += timedelta(hours=1)
    assert await told() == pytest.approx(3600, abs=60)


async def test_the_command_counts_all_shops_and_ends(
    bench: Bench, kafka: KafkaSettings, database: str, tmp_path: Path
) -> None:
    await bench.put_order(1, ago=2 * DAY)
    environment = {
        **os.environ,
        "PRINTWORKS_KAFKA_BOOTSTRAP": kafka.kafka_bootstrap,
        "PRINTWORKS_POSTGRES_DSN": database,
        "PRINTWORKS_SHOPS_FILE": str(tmp_path / "shops.json"),
        "PRINTWORKS_HTTP_PORT": str(free_ports(1)[0]),
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "printworks_ingest", "count", env=environment)
    async with asyncio.timeout(120):
        assert await process.wait() == 0
    [page] = await bench.published.take(bench.shop.domain)
    assert page["order_ids"] == ["1"]
