"""What was erased on request is neither read again nor published again by the reconciler."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from printworks_common.events.control import PrivacyRequested
from printworks_common.events.orders import OrderTouched, TouchReason
from printworks_ingest.erasure import Erasure, Intake
from printworks_ingest.publishing import OrderPublisher

from tests.integration.ingest.conftest import Bench
from tests.records import record_of


def request(bench: Bench, kind: str, *order_ids: int) -> PrivacyRequested:
    return PrivacyRequested.model_validate(
        {"shop": bench.shop.domain, "kind": kind, "request_id": f"r-{bench.shop.domain}",
         "order_ids": [str(one) for one in order_ids], "requested_at": datetime.now(UTC)}
    )  # fmt: skip


@pytest.fixture
def intake(bench: Bench) -> Intake:
    """The reconciler's, with a publisher that leaves out what was erased."""
    erasure = Erasure(bench.pool, bench.producer, bench.clock)
    bench.publisher = OrderPublisher(bench.producer, bench.clock, erasure.kept)
    return Intake(bench.new_rereads(), erasure)


async def rows(bench: Bench, table: str) -> int:
    return await bench.pool.fetchval(f"SELECT count(*) FROM {table} WHERE shop = $1", bench.shop.domain)


def touched(bench: Bench, order_id: int) -> Any:
    return record_of(
        OrderTouched(
            shop=bench.shop.domain, order_id=str(order_id), reason=TouchReason.EDITED, noticed_at=datetime.now(UTC)
        )
    )


async def test_a_sweep_leaves_out_what_was_erased(bench: Bench, intake: Intake) -> None:
    for order_id in (1, 2, 3):
        await bench.put_order(order_id)
    await intake.handle(record_of(request(bench, "erase_customer", 2)))
    assert await bench.sweeps.sweep(bench.shop)
    assert await bench.orders() == ["1", "3"]


async def test_a_read_that_was_asked_for_before_or_is_afterwards_is_forgotten(bench: Bench, intake: Intake) -> None:
    await bench.put_order(1)
    await intake.handle(touched(bench, 1))
    await intake.handle(record_of(request(bench, "erase_customer", 1)))
    await intake.handle(touched(bench, 1))
    assert await rows(bench, "rereads") == 0


async def test_a_read_under_way_publishes_nothing_of_an_erased_order(bench: Bench, intake: Intake) -> None:
    await bench.put_order(1)
    await bench.put_order(2)
    rereads = bench.new_rereads()
    for order_id in (1, 2):
        await rereads.handle(touched(bench, order_id))
    await bench.pool.execute(
        "INSERT INTO erased_orders VALUES ($1, 1, now())", bench.shop.domain
    )  # the tombstone is there, the row of the queue not gone yet
    assert await rereads.dispatch() == 2
    await rereads.drain()
    assert await bench.orders() == ["2"]


async def test_of_an_erased_shop_nothing_is_kept(bench: Bench, intake: Intake) -> None:
    await bench.put_order(1)
    await bench.sweeps.sweep(bench.shop)
    await intake.handle(touched(bench, 1))
    assert (await rows(bench, "watermarks"), await rows(bench, "rereads")) == (1, 1)
    await intake.handle(record_of(request(bench, "erase_shop")))
    assert [await rows(bench, table) for table in ("watermarks", "rereads", "rounds", "audits")] == [0, 0, 0, 0]


async def test_a_shop_that_comes_back_is_swept_from_then_on(bench: Bench, intake: Intake) -> None:
    await bench.put_order(1)
    await intake.handle(record_of(request(bench, "erase_shop")))
    await bench.put_order(2, ago=timedelta(seconds=-1))
    assert await bench.sweeps.sweep(bench.shop)
    assert await bench.orders() == ["2"]
