"""Fourteen and three days before files are cleared, the lists say so; what is held or cleared already is left out."""

from datetime import UTC, datetime, timedelta

from printworks_jobs_api.pages.expiring import AHEAD_DAYS, MANY, SOON_DAYS, Expiring, expiring
from printworks_jobs_api.tenancy import acting_for

from tests.integration.jobs_api.parts import OTHER_SHOP, SHOP, Api, Making

TODAY = datetime.now(UTC)


async def order(api: Api, number: int, days: int, status: str = "failed", shop: str = SHOP) -> None:
    """An order whose files are cleared after so many days."""
    ordered = TODAY - timedelta(days=90 - days)
    making = Making(
        shop=shop, order_id=str(number), created_at=ordered, retention_date=(TODAY + timedelta(days)).date()
    )
    making.job("1", status=status)
    await api.project(making)


async def told(api: Api) -> Expiring | None:
    with acting_for(SHOP):
        return expiring(await api.services.reader.expiring(SHOP, ahead=AHEAD_DAYS, soon=SOON_DAYS, most=MANY))


async def test_nothing_is_said_of_what_goes_later_was_cleared_or_is_of_another_shop(api: Api) -> None:
    await order(api, 1, 15)
    await order(api, 2, -1)
    await order(api, 3, 2, status="cleared")
    await order(api, 4, 2, shop=OTHER_SHOP)
    assert await told(api) is None


async def test_fourteen_days_ahead_it_is_said_and_three_days_ahead_more_plainly(api: Api) -> None:
    await order(api, 1, 14)
    await order(api, 2, 4)
    found = await told(api)
    assert found is not None
    assert (found.soon, "2 orders are cleared within 14 days" in found.text) == (False, True)
    first, last = ((TODAY - timedelta(days=90 - days)).date() for days in (4, 14))
    assert found.query == f"view=all&date_from={first}&date_to={last}"
    await order(api, 3, 0)
    found = await told(api)
    assert found is not None
    assert (found.soon, "1 order are cleared within 3 days" in found.text) == (True, True)


async def test_a_held_order_is_left_out_and_a_hold_of_the_shop_says_nothing_at_all(api: Api) -> None:
    await order(api, 1, 2)
    await order(api, 2, 2)
    client = await api.client()
    assert (await client.post("/v1/holds", json={"order_id": "1", "reason": "dispute"})).status_code == 201
    found = await told(api)
    assert found is not None
    assert "1 order " in found.text
    assert (await client.post("/v1/holds", json={"reason": "audit"})).status_code == 201
    assert await told(api) is None


async def test_very_many_are_not_counted_to_the_end(api: Api) -> None:
    for number in range(1, 4):
        await order(api, number, 2)
    with acting_for(SHOP):
        row = await api.services.reader.expiring(SHOP, ahead=AHEAD_DAYS, soon=SOON_DAYS, most=2)
    assert row["orders"] == 2
    found = expiring({**row, "orders": MANY, "soon": MANY})
    assert found is not None
    assert f"{MANY:,} orders or more" in found.text
