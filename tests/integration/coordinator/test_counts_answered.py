"""A count of a shop's orders is answered: Shopify has N, we hold M, and these are the differences."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from printworks_common.clock import SystemClock
from printworks_common.events.control import CountedOrder, ReconciliationCompared, ReconciliationCounted
from printworks_common.postgres import Pool
from printworks_render.coordinator import metrics
from printworks_render.coordinator.intake import OrderIntake
from printworks_render.coordinator.reconciliation import Reconciliation
from printworks_render.coordinator.store import Change, OrderStore
from printworks_render.coordinator.upkeep import Upkeep

from tests.integration.coordinator.conftest import map_the_poster
from tests.unit.coordinator.examples import NOW, SHOP, line, received

FROM, TO = NOW - timedelta(days=60), NOW + timedelta(hours=1)


@pytest.fixture
def answers(pool: Pool) -> Reconciliation:
    return Reconciliation(pool, SystemClock())


def page(
    orders: Iterable[CountedOrder], *, number: int = 1, last: bool = True, run: UUID | None = None, bare: bool = False
) -> ReconciliationCounted:
    counted = tuple(orders)
    return ReconciliationCounted(
        shop=SHOP,
        run_id=run or uuid4(),
        window_from=FROM,
        window_to=TO,
        page=number,
        last_page=last,
        order_ids=tuple(one.order_id for one in counted),
        orders=() if bare else counted,
    )


def shopify_says(order_id: int, status: str = "paid", *, cancelled: bool = False) -> CountedOrder:
    return CountedOrder(order_id=str(order_id), financial_status=status, cancelled=cancelled)


async def outgoing(pool: Pool, topic: str) -> list[dict[str, Any]]:
    rows = await pool.fetch("SELECT value FROM outbox WHERE topic = $1 ORDER BY id", f"printworks.{topic}.v1")
    return [json.loads(row["value"]) for row in rows]


async def test_missing_different_and_gone_orders_are_named_and_what_can_be_read_is_read_again(
    intake: OrderIntake, answers: Reconciliation, pool: Pool
) -> None:
    for order_id in ("1", "2", "3", "4"):
        await intake.order_received(received(order_id=order_id))
    answer = await answers.counted(
        page(
            [
                shopify_says(1),
                shopify_says(2, "refunded"),
                shopify_says(3, cancelled=True),
                shopify_says(2**60),
            ]
        )
    )
    assert answer is not None
    assert (answer.shopify_has, answer.we_hold) == (4, 4)
    assert (answer.missing, answer.different, answer.gone) == (1, 2, 1)
    assert [(one.order_id, one.kind) for one in answer.differences] == [
        ("2", "different"), ("3", "different"), ("4", "gone"), (str(2**60), "missing"),
    ]  # fmt: skip
    assert [ReconciliationCompared.model_validate(one) for one in await outgoing(pool, "reconciliation")] == [answer]
    touched = {(one["order_id"], one["reason"]) for one in await outgoing(pool, "order-rereads")}
    assert touched == {("2", "different"), ("3", "different"), (str(2**60), "missing")}


async def test_where_both_agree_nothing_is_read_again(
    intake: OrderIntake, answers: Reconciliation, pool: Pool, store: OrderStore
) -> None:
    await intake.order_received(received(order_id="1"))
    await intake.order_received(received(order_id="2", paid=False))
    await intake.order_received(received(order_id="3", cancelled_at=NOW, financial_status="voided"))
    answer = await answers.counted(
        page([shopify_says(1), shopify_says(2, "pending"), shopify_says(3, "voided", cancelled=True)])
    )
    assert answer is not None
    assert (answer.shopify_has, answer.we_hold, answer.customised, answer.differences) == (3, 3, 0, ())
    assert await outgoing(pool, "order-rereads") == []


async def test_of_the_orders_that_we_hold_the_customised_ones_are_told(
    intake: OrderIntake, answers: Reconciliation, store: OrderStore
) -> None:
    await map_the_poster(store)
    await intake.order_received(received(order_id="1"))
    await intake.order_received(received(line(1), order_id="2"))
    answer = await answers.counted(page([shopify_says(1), shopify_says(2)]))
    assert answer is not None
    assert (answer.we_hold, answer.customised) == (2, 1)


async def test_only_a_run_with_all_its_pages_is_answered_in_whatever_order_they_come_and_once(
    answers: Reconciliation, pool: Pool
) -> None:
    run = uuid4()
    first, second, third = (
        page([shopify_says(number)], number=number, last=number == 3, run=run) for number in (1, 2, 3)
    )
    assert await answers.counted(third) is None
    assert await answers.counted(first) is None
    assert await answers.counted(first) is None
    answer = await answers.counted(second)
    assert answer is not None
    assert (answer.shopify_has, answer.missing) == (3, 3)
    for again in (first, second, third):
        assert await answers.counted(again) is None
    assert len(await outgoing(pool, "reconciliation")) == 1
    assert await pool.fetchval("SELECT count(*) FROM counted_orders") == 0


async def test_a_shop_without_orders_is_answered_too(answers: Reconciliation) -> None:
    answer = await answers.counted(page([]))
    assert answer is not None
    assert (answer.shopify_has, answer.we_hold, answer.differences) == (0, 0, ())


async def test_orders_outside_of_the_window_and_of_other_shops_are_not_missed(
    intake: OrderIntake, answers: Reconciliation
) -> None:
    await intake.order_received(received(order_id="1", created_at=FROM - timedelta(seconds=1)))
    await intake.order_received(received(order_id="2", created_at=TO + timedelta(seconds=1)))
    await intake.order_received(received(order_id="3", shop="other.myshopify.com"))
    answer = await answers.counted(page([]))
    assert answer is not None
    assert (answer.we_hold, answer.gone) == (0, 0)


async def test_ids_alone_say_what_is_missing_and_nothing_of_payments(
    intake: OrderIntake, answers: Reconciliation
) -> None:
    await intake.order_received(received(order_id="1", paid=False))
    answer = await answers.counted(page([shopify_says(1), shopify_says(2)], bare=True))
    assert answer is not None
    assert (answer.missing, answer.different) == (1, 0)


async def test_a_purged_order_is_closed_whatever_shopify_says(
    store: OrderStore, intake: OrderIntake, answers: Reconciliation
) -> None:
    for order_id in ("1", "2"):
        await intake.order_received(received(order_id=order_id))
        await store.change(SHOP, order_id, lambda known: known and Change(known.model_copy(update={"purged_at": NOW})))
    answer = await answers.counted(page([shopify_says(1, "refunded")]))
    assert answer is not None
    assert answer.differences == ()


async def test_the_answer_names_a_thousand_of_each_kind_counts_all_and_reads_all_again(
    answers: Reconciliation, pool: Pool
) -> None:
    answer = await answers.counted(page(shopify_says(number) for number in range(1, 2502)))
    assert answer is not None
    assert (answer.missing, len(answer.differences)) == (2501, 1000)
    assert len(await outgoing(pool, "order-rereads")) == 2501


async def test_a_run_that_broke_off_is_forgotten(pool: Pool, answers: Reconciliation) -> None:
    await answers.counted(page([shopify_says(1)], last=False))
    await pool.execute("UPDATE count_pages SET received_at = now() - interval '15 days'")
    await Upkeep(pool, SystemClock())._tidy()  # pyright: ignore[reportPrivateUsage]
    assert await pool.fetchval("SELECT count(*) FROM counted_orders") == 0


class TestMissedWebhooks:
    async def missed(self, intake: OrderIntake, *orders: dict[str, Any]) -> dict[str, float]:
        """Webhooks counted as missed, by topic, while these orders were taken in."""
        topics = ("orders/create", "orders/paid", "orders/updated", "orders/cancelled")
        before = {topic: metrics.MISSED_WEBHOOKS.labels(topic=topic)._value.get() for topic in topics}
        for one in orders:
            values: dict[str, Any] = {"order_id": "1", "read_from": "admin_api"} | one
            await intake.order_received(received(**values))
        after = {topic: metrics.MISSED_WEBHOOKS.labels(topic=topic)._value.get() for topic in topics}
        return {topic: after[topic] - before[topic] for topic in topics if after[topic] != before[topic]}

    @pytest.mark.parametrize(
        ("told", "found", "topic"),
        [
            (None, {}, "orders/paid"),
            (None, {"paid": False}, "orders/create"),
            ({"paid": False}, {}, "orders/paid"),
            ({}, {"cancelled_at": NOW}, "orders/cancelled"),
            ({}, {"financial_status": "refunded"}, "orders/updated"),
        ],
    )
    async def test_a_change_that_a_sweep_found_is_counted_by_the_webhook_that_did_not_come(
        self, intake: OrderIntake, told: dict[str, Any] | None, found: dict[str, Any], topic: str
    ) -> None:
        if told is not None:
            assert await self.missed(intake, {"cause": "orders/updated"} | told) == {}
        sweep = {"cause": "sweep", "minutes": 5}
        assert await self.missed(intake, sweep | found, sweep | found) == {topic: 1}

    @pytest.mark.parametrize("cause", ["orders/paid", "edited", "first_sweep", "mapping_added", None])
    async def test_what_a_webhook_or_a_person_led_to_was_not_missed(
        self, intake: OrderIntake, cause: str | None
    ) -> None:
        assert await self.missed(intake, {"cause": cause}) == {}

    async def test_a_webhook_that_may_still_be_on_its_way_was_not_missed(self, intake: OrderIntake) -> None:
        now: datetime = SystemClock().now()
        assert await self.missed(intake, {"cause": "sweep", "updated_at": now}) == {}
