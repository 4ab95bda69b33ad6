"""What somebody else changed on a written order is found, counted and written again."""

from datetime import timedelta

import pytest
from printworks_common.errors import TransientError
from prometheus_client import REGISTRY

from tests.integration.shopify_writer.conftest import LINK, NAMES, ORDERS, Bench

ANY_AGE = timedelta(0)
READY = ["pw-artwork-ready", "vip", "wholesale"]


async def ready_orders(bench: Bench, *numbers: int) -> None:
    for number in numbers:
        await bench.snapshot(number, 1, "ready", LINK)
    await bench.settle()


def drift(part: str) -> float:
    """How often this part was found changed."""
    return REGISTRY.get_sample_value("printworks_writer_drift_total", {"part": part}) or 0.0


@pytest.mark.parametrize("part", ["tags", "status", "files", "removed"])
async def test_whatever_was_changed_is_put_back(bench: Bench, part: str) -> None:
    await ready_orders(bench, 1, 2)
    before, counted = await bench.order(1), "status" if part == "removed" else part
    count = drift(counted)
    field = {"namespace": "pw_customization", "key": "artwork_status", "type": "single_line_text_field", "value": "x"}
    if part == "tags":
        await bench.shop.tags(1, remove=["pw-artwork-ready"], add=["pw-artwork-failed"])
    elif part == "status":
        await bench.shop.metafields(1, [field])
    elif part == "files":
        await bench.shop.metafields(1, [field | {"key": "artwork_files", "type": "list.url", "value": "[]"}])
    else:
        await bench.shop.metafields(1, [], [{"namespace": "pw_customization", "key": "artwork_status"}])
    assert await bench.sweep(every=ANY_AGE) == 2
    await bench.settle()
    assert await bench.order(1) == before
    assert drift(counted) == count + 1


async def test_orders_as_they_should_be_are_not_written(bench: Bench) -> None:
    await ready_orders(bench, *range(1, ORDERS + 1))
    before = await bench.requests()
    assert await bench.sweep(every=ANY_AGE) == ORDERS
    assert await bench.requests() - before == 1
    assert await bench.pool.fetchval("SELECT count(*) FROM orders WHERE written_version < version") == 0


async def test_what_was_looked_at_is_not_due_for_a_while(bench: Bench) -> None:
    await ready_orders(bench, 1)
    assert await bench.sweep(every=timedelta(hours=1)) == 0
    await bench.pool.execute("UPDATE orders SET checked_at = now() - interval '2 hours'")
    assert await bench.sweep(every=timedelta(hours=1)) == 1
    assert await bench.sweep(every=timedelta(hours=1)) == 0


async def test_an_order_written_long_ago_is_left_alone(bench: Bench) -> None:
    await ready_orders(bench, 1)
    await bench.pool.execute("UPDATE orders SET written_at = now() - interval '8 days'")
    assert await bench.sweep(every=ANY_AGE) == 0


async def test_a_look_without_an_answer_is_due_again(bench: Bench) -> None:
    await ready_orders(bench, 1)
    await bench.pool.execute("UPDATE orders SET checked_at = now() - interval '2 hours'")
    await bench.shop.faults(server_error=1)
    with pytest.raises(TransientError):
        await bench.sweep(every=timedelta(hours=1))
    await bench.shop.faults()
    assert await bench.sweep(every=timedelta(hours=1)) == 1


async def test_a_deleted_order_is_not_looked_at_again(bench: Bench) -> None:
    await ready_orders(bench, 1)
    await bench.shop.delete(1)
    assert await bench.sweep(every=ANY_AGE) == 1
    assert await bench.sweep(every=ANY_AGE) == 0


async def test_a_newer_snapshot_that_waits_is_no_drift(bench: Bench) -> None:
    await ready_orders(bench, 1)
    await bench.snapshot(1, 2, "failed")
    count = drift("tags")
    assert await bench.sweep(every=ANY_AGE) == 0
    assert drift("tags") == count
    await bench.settle()
    assert (await bench.order(1))[0][0] == NAMES.tag("failed")
