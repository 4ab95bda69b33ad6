"""kill -9 of any one service in the middle of 100 orders: nothing lost, nothing doubled."""

import asyncio
from itertools import count

import pytest
from printworks_local.evidence import collect, dead_letters
from printworks_local.invariants import broken_promises
from printworks_local.services import SERVICES, Service
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import make_orders, orders_on_shopify, send_orders, wait_until_tagged

ORDERS = 100
KILL_WHEN_READY = 20
"""Orders that are through when the service dies: all others are somewhere on their way."""


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_a_service_dies_in_the_middle_of_100_orders_and_nothing_is_lost_or_doubled(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]", service: Service
) -> None:
    first = next(next_order_id)
    order_ids = range(first, first + ORDERS)
    supervised = floor.printworks.supervised[service.name]
    restarts, letters = supervised.restarts, await dead_letters(floor.printworks.info.kafka_bootstrap)

    async def kill_in_the_middle() -> None:
        async with asyncio.timeout(90):
            while True:
                states = await orders_on_shopify(floor, order_ids)
                if sum(state.artwork_status == "pw-artwork-ready" for state in states.values()) >= KILL_WHEN_READY:
                    break
                await asyncio.sleep(0.1)
        supervised.kill()

    bodies = make_orders(first, ORDERS, addresses, lambda _: 1)
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(send_orders(floor, bodies, at_once=4))
        group.create_task(kill_in_the_middle())
    states = await wait_until_tagged(floor, order_ids, seconds=120)
    await supervised.wait_ready(60)

    assert supervised.restarts == restarts + 1
    evidence = await collect(floor, order_ids)
    assert broken_promises(sending.result(), states, evidence) == []
    assert await dead_letters(floor.printworks.info.kafka_bootstrap) == letters
