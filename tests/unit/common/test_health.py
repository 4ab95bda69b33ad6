"""Health: alive by heartbeats, ready by checks, never the one by the other."""

import asyncio
import json

import pytest
from printworks_common import health as health_module
from printworks_common.health import Health
from prometheus_client import CollectorRegistry, Counter


def health() -> Health:
    return Health(CollectorRegistry())


async def passes() -> bool:
    return True


async def fails() -> bool:
    return False


async def raises() -> bool:
    raise ConnectionError("away")


async def takes_long() -> bool:
    await asyncio.sleep(60)
    return True


async def test_a_process_without_loops_is_alive() -> None:
    assert health().liveness().status == 200


async def test_an_old_heartbeat_makes_it_not_alive_and_a_new_one_alive_again() -> None:
    mine = health()
    mine.heartbeat("loop", limit=0.01)
    await asyncio.sleep(0.03)
    assert mine.liveness().status == 503
    mine.heartbeat("loop", limit=0.01)
    assert mine.liveness().status == 200
    await asyncio.sleep(0.03)
    mine.forget("loop")
    assert mine.liveness().status == 200


async def test_it_is_ready_when_it_has_started_and_all_checks_pass() -> None:
    mine = health()
    mine.add_readiness("database", passes)
    assert (await mine.readiness()).status == 503
    mine.started()
    assert (await mine.readiness()).status == 200
    mine.add_readiness("broker", fails)
    answer = await mine.readiness()
    assert answer.status == 503
    assert json.loads(answer.body)["checks"] == {"database": True, "broker": False}
    assert mine.liveness().status == 200


async def test_a_check_that_raises_or_takes_too_long_has_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "CHECK_SECONDS", 0.05)
    mine = health()
    mine.started()
    mine.add_readiness("raises", raises)
    mine.add_readiness("long", takes_long)
    async with asyncio.timeout(4):
        assert json.loads((await mine.readiness()).body)["checks"] == {"raises": False, "long": False}


async def test_a_stopping_process_is_not_ready_whatever_its_checks_say() -> None:
    mine = health()
    mine.started()
    mine.add_readiness("database", passes)
    mine.stopping()
    assert (await mine.readiness()).status == 503


async def test_metrics_are_those_of_its_registry_and_other_paths_are_not_its_business() -> None:
    mine = health()
    Counter("seen", "Seen.", registry=mine.registry).inc()
    answer = await mine.answer("/metrics")
    assert answer is not None
    assert b"seen_total 1.0" in answer.body
    assert await mine.answer("/v1/print-jobs") is None
