"""Counts tell which orders Shopify has; the audit looks after the webhook subscriptions."""

from datetime import timedelta
from typing import Any

import pytest
from printworks_common.errors import TransientError
from printworks_ingest import admin_orders, documents, metrics
from printworks_ingest.subscriptions import SUBSCRIBED, Audit, enum_of

from tests.integration.ingest.conftest import Bench

DAY = timedelta(days=1)
ADDRESS = "https://ingest.example.com/webhooks/shopify"


async def test_every_order_of_the_window_is_named_in_pages_with_payment_and_cancellation(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_orders, "COUNTED_OF_A_PAGE", 2)
    for number, status in enumerate(["paid", "refunded", "pending", "paid", "paid"], start=1):
        await bench.put_order(number, ago=number * 10 * DAY, financial_status=status)
    await bench.control.cancel(4)
    counted = await bench.counts.count(bench.shop, None)
    pages = await bench.published.take(bench.shop.domain)
    assert counted.orders == 5
    assert [(one["page"], one["last_page"]) for one in pages] == [(1, False), (2, False), (3, True)]
    assert [one["order_ids"] for one in pages] == [["5", "4"], ["3", "2"], ["1"]]
    assert {one["run_id"] for one in pages} == {str(counted.run_id)}
    states = {one["order_id"]: (one["financial_status"], one["cancelled"]) for page in pages for one in page["orders"]}
    assert states == {
        "1": ("paid", False), "2": ("refunded", False), "3": ("pending", False), "4": ("voided", True),
        "5": ("paid", False),
    }  # fmt: skip


async def test_orders_that_are_not_ours_or_not_yet_to_be_expected_are_left_out(bench: Bench) -> None:
    await bench.put_order(1, ago=timedelta(minutes=5))
    await bench.put_order(2, ago=timedelta(minutes=15))
    await bench.put_order(3, ago=2 * DAY)
    await bench.put_order(4, ago=61 * DAY)
    await bench.counts.count(bench.shop, bench.clock.now() - DAY)
    [page] = await bench.published.take(bench.shop.domain)
    assert page["order_ids"] == ["2"]


async def test_a_shop_without_orders_is_counted_too(bench: Bench) -> None:
    await bench.counts.count(bench.shop, None)
    [page] = await bench.published.take(bench.shop.domain)
    assert (page["order_ids"], page["page"], page["last_page"]) == ([], 1, True)


async def test_a_count_costs_a_few_points_for_250_orders(bench: Bench) -> None:
    for number in range(1, 251):
        await bench.put_order(number)
    await bench.counts.count(bench.shop, None)
    assert (await bench.control.stats())["points"] <= 26


async def test_a_count_that_breaks_off_never_has_a_last_page(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_orders, "COUNTED_OF_A_PAGE", 2)
    for number in range(1, 6):
        await bench.put_order(number)
    client = bench.clients.of(bench.shop)
    execute, calls = client.execute, 0

    async def away_after_two(*given: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise TransientError("away", code="shopify_unreachable")
        return await execute(*given, **more)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(client, "execute", away_after_two)
    with pytest.raises(TransientError):
        await bench.counts.count(bench.shop, None)
    assert [one["last_page"] for one in await bench.published.take(bench.shop.domain)] == [False, False]


class TestSubscriptions:
    def audit(self, bench: Bench, address: str | None = ADDRESS) -> Audit:
        return Audit(pool=bench.pool, clients=bench.clients, clock=bench.clock, address=address)

    async def subscribe(self, bench: Bench, topic: str, uri: str = ADDRESS, **more: object) -> None:
        variables = {"topic": enum_of(topic), "subscription": {"uri": uri, "format": "JSON", **more}}
        data = await bench.clients.of(bench.shop).execute(documents.SUBSCRIBE, variables)
        assert data["webhookSubscriptionCreate"]["userErrors"] == []

    async def topics(self, bench: Bench, address: str = ADDRESS) -> list[str]:
        data = await bench.clients.of(bench.shop).execute(documents.SUBSCRIPTIONS, {"after": None})
        return sorted(one["topic"] for one in data["webhookSubscriptions"]["nodes"] if one["uri"] == address)

    async def missing(self, bench: Bench, audit: Audit) -> set[str]:
        await audit.measure([bench.shop.domain])
        gauge = metrics.SUBSCRIPTIONS_MISSING
        return {topic for topic in SUBSCRIBED if gauge.labels(topic=topic)._value.get() > 0}

    async def test_what_is_missing_is_made(self, bench: Bench) -> None:
        audit = self.audit(bench)
        await self.subscribe(bench, "orders/paid")
        await audit.audit(bench.shop)
        assert await self.topics(bench) == sorted(enum_of(topic) for topic in SUBSCRIBED)
        assert await self.missing(bench, audit) == set()
        await audit.audit(bench.shop)
        assert await self.topics(bench) == sorted(enum_of(topic) for topic in SUBSCRIBED), "nothing twice"

    @pytest.mark.parametrize(
        "less", [{"filter": "financial_status:paid"}, {"includeFields": ["id", "name"]}, {"format": "XML"}]
    )
    async def test_one_that_delivers_less_than_everything_is_replaced(self, bench: Bench, less: dict[str, Any]) -> None:
        await self.subscribe(bench, "orders/paid", **less)
        await self.audit(bench).audit(bench.shop)
        data = await bench.clients.of(bench.shop).execute(documents.SUBSCRIPTIONS, {"after": None})
        [paid] = [one for one in data["webhookSubscriptions"]["nodes"] if one["topic"] == "ORDERS_PAID"]
        assert (paid["filter"], paid["includeFields"], paid["format"]) == (None, [], "JSON")

    async def test_without_our_address_nothing_is_made_and_what_is_missing_is_told(self, bench: Bench) -> None:
        audit = self.audit(bench, None)
        await self.subscribe(bench, "orders/paid")
        await self.subscribe(bench, "orders/updated", uri="https://another.example.com/hook")
        await audit.audit(bench.shop)
        assert await self.topics(bench) == ["ORDERS_PAID"]
        assert await self.missing(bench, audit) == set(SUBSCRIBED) - {"orders/paid"}

    async def test_a_shop_in_which_none_is_listed_has_them_in_the_apps_configuration(self, bench: Bench) -> None:
        audit = self.audit(bench, None)
        await audit.audit(bench.shop)
        assert await self.missing(bench, audit) == set()

    async def test_what_shopify_refuses_stays_missing_and_is_told(self, bench: Bench) -> None:
        audit = self.audit(bench, "ftp://ingest.example.com/webhooks/shopify")
        await audit.audit(bench.shop)
        assert await self.topics(bench) == []
        assert await self.missing(bench, audit) == set(SUBSCRIBED)
