"""Webhooks that get lost, doubled, mixed and late, about orders that change meanwhile: every order ends right."""

from itertools import count

from printworks_local.chaos.run import Chaos
from printworks_local.shop_floor import ShopFloor

ORDERS = 60
SEED = 20261126
"""Another seed is another story; this one has every kind of order and of fate."""


async def test_every_order_ends_right_whatever_becomes_of_its_webhooks(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    report = await Chaos(floor, addresses, SEED).run(next(next_order_id), ORDERS, rate=10, seconds=120, tell=print)
    assert report.wrong == [], report.text()
    assert report.kinds.total() == ORDERS
    assert report.silent > 0, "a scenario in which nothing is lost shows nothing"
    assert report.found_by_sweep > 0
    assert min(report.fates[fate] for fate in ("dropped", "doubled", "late")) > 0
