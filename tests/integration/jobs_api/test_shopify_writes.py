"""How far orders on Shopify are: from the writer's reports to the API and the pages."""

from datetime import datetime, timedelta

import pytest
from printworks_common.errors import PoisonError
from printworks_common.events.control import PrivacyRequested, ShopifyWriteReported
from printworks_common.tombstones import bury
from printworks_jobs_api.shopify_writes import ShopifyWrites

from tests.integration.jobs_api.parts import BEGIN, OTHER_SHOP, SHOP, Api, Making
from tests.records import record_of

TOLD_AT = BEGIN + timedelta(hours=1)


async def report(
    api: Api,
    making: Making,
    outcome: str = "written",
    *,
    status: str | None = "ready",
    version: int | None = None,
    reason: str | None = None,
    at: datetime = TOLD_AT,
) -> None:
    told = ShopifyWriteReported(
        shop=making.shop,
        order_id=making.order_id,
        version=making.version if version is None else version,
        artwork_status=status,
        outcome=outcome,
        reason=reason,
        reported_at=at,
    )
    await ShopifyWrites(api.pool).handle(record_of(told))


async def ready(api: Api, order_id: str = "1", shop: str = SHOP) -> Making:
    making = Making(shop=shop, order_id=order_id)
    making.job()
    await api.project(making)
    making.ready()
    await api.project(making)
    return making


async def waiting(api: Api, shop: str = SHOP) -> tuple[int, str | None]:
    async with await api.client(shop) as client:
        summary = (await client.get("/v1/summary")).json()
    return summary["shopify_writes_waiting"], summary["shopify_writes_reason"]


async def test_an_order_waits_until_what_is_shown_is_written(api: Api) -> None:
    making = await ready(api)
    assert await waiting(api) == (1, None)
    await report(api, making, status="pending", version=1)
    assert await waiting(api) == (1, None)
    await report(api, making)
    assert await waiting(api) == (0, None)


async def test_an_order_that_changes_again_waits_again(api: Api) -> None:
    making = await ready(api)
    await report(api, making)
    making.failed()
    await api.project(making)
    assert await waiting(api) == (1, None)


async def test_what_keeps_it_is_said_until_it_is_written(api: Api) -> None:
    making = await ready(api)
    await report(api, making, "waiting", reason="token_refused")
    assert await waiting(api) == (1, "token_refused")
    async with await api.client() as client:
        order = (await client.get("/v1/orders/1")).json()["shopify"]
        page = (await client.get("/orders/1", headers={"accept": "text/html"})).status_code
    assert page in {200, 303}
    assert (order["waiting"], order["written_status"], order["reason_code"]) == (True, None, "token_refused")
    assert order["reason"] == "Shopify refuses the credentials of Printworks. The app may have been uninstalled."
    await report(api, making, at=TOLD_AT + timedelta(seconds=9))
    async with await api.client() as client:
        order = (await client.get("/v1/orders/1")).json()["shopify"]
    assert (order["waiting"], order["waiting_since"], order["written_status"]) == (False, None, "ready")
    assert datetime.fromisoformat(order["written_at"]) == TOLD_AT + timedelta(seconds=9)
    assert await waiting(api) == (0, None)


async def test_reports_may_come_twice_late_and_before_their_snapshot(api: Api) -> None:
    making = Making(order_id="7")
    making.job()
    making.ready()
    await report(api, making, version=1)
    await api.project(making)
    assert (making.version, await waiting(api)) == (1, (0, None))
    await report(api, making, "waiting", reason="shopify_unreachable", at=TOLD_AT - timedelta(seconds=5))
    await report(api, making, status="pending", version=0, at=TOLD_AT + timedelta(seconds=5))
    await report(api, making)
    assert await waiting(api) == (0, None)


async def test_an_order_that_is_gone_from_shopify_waits_for_nothing(api: Api) -> None:
    making = await ready(api)
    await report(api, making, "order_gone")
    assert await waiting(api) == (0, None)


async def test_another_shop_is_told_nothing_of_it(api: Api) -> None:
    await ready(api)
    assert await waiting(api, OTHER_SHOP) == (0, None)


async def test_a_late_report_brings_nothing_of_an_erased_shop_back(api: Api) -> None:
    making = await ready(api, shop="erased-writes.myshopify.com")
    request = PrivacyRequested(
        shop=making.shop, kind="erase_shop", request_id="r", requested_at=TOLD_AT + timedelta(hours=1)
    )
    await bury(api.pool, request)
    await api.pool.execute("DELETE FROM shopify_writes WHERE shop = $1", making.shop)
    await report(api, making)
    assert await api.pool.fetchval("SELECT count(*) FROM shopify_writes WHERE shop = $1", making.shop) == 0


async def test_an_id_that_no_column_takes_is_refused(api: Api) -> None:
    with pytest.raises(PoisonError):
        await report(api, Making(order_id=str(2**63)))
