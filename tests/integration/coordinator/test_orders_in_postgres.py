"""Orders, queues and outbox of the coordinator on a real Postgres."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from printworks_common.clock import SystemClock
from printworks_common.errors import GroundMissingError
from printworks_common.events.artwork import JobStatus
from printworks_common.events.control import CatalogKind, RetentionBegun, RetentionNotice
from printworks_common.events.rendering import RenderFinished
from printworks_common.failures import Reason
from printworks_common.postgres import Pool
from printworks_common.shopify.installations import installation
from printworks_common.storage import ObjectStore
from printworks_render.coordinator import decisions, metrics, transitions
from printworks_render.coordinator.intake import OrderIntake
from printworks_render.coordinator.model import Order, Step
from printworks_render.coordinator.release import MAX_ATTEMPTS, ReleaseDispatcher, ReleaseLimits
from printworks_render.coordinator.store import SQL, Change, OrderStore
from printworks_render.coordinator.upkeep import Upkeep

from tests.integration.coordinator.conftest import entry, ground, map_the_poster
from tests.records import record_of
from tests.unit.coordinator.examples import catalog, line, received
from tests.unit.coordinator.test_what_an_order_means import MOTTO, TEXTUAL_CATALOG


async def new_order(store: OrderStore, order_id: str, shop: str = "one.myshopify.com", lines: int = 1) -> Order:
    order = received(*(line(number + 1) for number in range(lines)), shop=shop, order_id=order_id)
    taken = decisions.take_in(None, order, catalog(), datetime.now(UTC))
    saved = await store.change(shop, order_id, lambda known: Change(taken.order) if known is None else None)
    assert saved is not None
    return saved


async def queued_order(store: OrderStore, order_id: str, shop: str = "one.myshopify.com", lines: int = 1) -> Order:
    """An order whose inputs are pinned."""
    await new_order(store, order_id, shop, lines)

    def pin(order: Order | None) -> Change | None:
        assert order is not None
        for job in order.jobs:
            inputs = [one.model_copy(update={"key": "k", "sha256": "0" * 64}) for one in job.inputs]
            order = order.with_job(transitions.inputs_pinned(job, inputs, datetime.now(UTC)))
        return Change(order)

    saved = await store.change(shop, order_id, pin)
    assert saved is not None
    return saved


def dispatcher(store: OrderStore, pool: Pool, objects: ObjectStore, **limits: object) -> ReleaseDispatcher:
    return ReleaseDispatcher(store, pool, ground(objects), SystemClock(), ReleaseLimits(**limits))  # type: ignore[arg-type]  # test values


async def tries(store: OrderStore) -> tuple[JobStatus, int]:
    order = await store.order("one.myshopify.com", "1")
    assert order is not None
    return order.jobs[0].status, order.jobs[0].tries


async def rendering(pool: Pool) -> dict[str, int]:
    rows = await pool.fetch("SELECT shop, count(*) AS n FROM jobs WHERE step = 'rendering' GROUP BY shop")
    return {row["shop"]: row["n"] for row in rows}


async def test_a_change_wakes_those_whose_work_it_touches(store: OrderStore, pool: Pool, objects: ObjectStore) -> None:
    woken: list[str] = []
    store.on_change(lambda: woken.append("pinning"), Step.PINNING)
    store.on_change(lambda: woken.append("release"), Step.QUEUED, Step.RENDERING)
    store.on_change(lambda: woken.append("delivering"), Step.DELIVERING)

    await new_order(store, "1")
    assert woken == ["pinning"]
    woken.clear()
    await queued_order(store, "2")
    assert woken == ["pinning", "pinning", "release"]
    woken.clear()
    await dispatcher(store, pool, objects, in_flight=4, per_shop=4).dispatch()
    assert woken == ["release"]


async def test_state_timeline_and_outbox_are_one_transaction(store: OrderStore, pool: Pool) -> None:
    order = await new_order(store, "1", lines=2)
    assert order.version == 1
    assert await store.order("one.myshopify.com", "1") == order
    assert await pool.fetchval("SELECT count(*) FROM timeline") == 2
    types = await pool.fetch("SELECT headers->>'ce_type' AS type FROM outbox ORDER BY id")
    assert [row["type"] for row in types] == [
        "printworks.order.snapshot.v1",
        "printworks.print-job.changed.v1",
        "printworks.print-job.changed.v1",
        "printworks.order-artwork.changed.v1",
    ]


@pytest.mark.parametrize("text", ["a\\u0000", "\\ud800", "\\udfff\\ud800", "9" * 1000, "\\u202e\\uffff\\u0001"])
async def test_an_order_is_kept_whatever_its_design_holds(store: OrderStore, text: str) -> None:
    design = MOTTO.replace("Onwards", text)
    order = received(line(1, _pw_design=design), line(2), shop="one.myshopify.com", order_id="1")
    taken = decisions.take_in(None, order, TEXTUAL_CATALOG, datetime.now(UTC))

    saved = await store.change("one.myshopify.com", "1", lambda _: Change(taken.order))

    assert saved is not None
    assert len(saved.jobs) == 2
    assert await store.order("one.myshopify.com", "1") == saved


async def test_a_decision_that_fails_leaves_nothing_behind(store: OrderStore, pool: Pool) -> None:
    def broken(_known: Order | None) -> Change | None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        await store.change("one.myshopify.com", "1", broken)
    assert await pool.fetchval("SELECT count(*) FROM orders") == 0


async def test_many_changes_at_once_are_applied_one_after_the_other(store: OrderStore, pool: Pool) -> None:
    await new_order(store, "1")

    def touch(order: Order | None) -> Change | None:
        assert order is not None
        [job] = order.jobs
        return Change(order.with_job(job.model_copy(update={"version": job.version + 1})))

    await asyncio.gather(*(store.change("one.myshopify.com", "1", touch) for _ in range(40)))
    order = await store.order("one.myshopify.com", "1")
    assert order is not None
    assert (order.version, order.jobs[0].version) == (41, 41)


async def test_two_first_bodies_of_one_order_at_once_make_one_job(store: OrderStore, pool: Pool) -> None:
    def take(known: Order | None) -> Change | None:
        taken = decisions.take_in(known, received(line(1)), catalog(), datetime.now(UTC))
        return Change(taken.order) if taken.outcome is decisions.Intake.CHANGED else None

    await asyncio.gather(*(store.change("example.myshopify.com", "9007199254740993", take) for _ in range(8)))
    assert await pool.fetchval("SELECT count(*) FROM jobs") == 1
    assert await pool.fetchval("SELECT version FROM orders") == 1


async def test_a_command_that_is_repeated_counts_once(store: OrderStore, pool: Pool) -> None:
    await new_order(store, "1")

    def again(order: Order | None) -> Change | None:
        assert order is not None
        return Change(order.with_job(transitions.restarted(order.jobs[0], "rerender_requested", datetime.now(UTC))))

    for _ in range(3):
        await store.change("one.myshopify.com", "1", again, once="command/7")
    order = await store.order("one.myshopify.com", "1")
    assert order is not None
    assert order.version == 2


async def test_what_waits_is_told_by_step(store: OrderStore, pool: Pool) -> None:
    await new_order(store, "1")
    await queued_order(store, "2", lines=2)
    await Upkeep(pool, SystemClock()).count()
    waiting = {step: metrics.JOBS_WAITING.labels(step=step)._value.get() for step in ("pinning", "queued", "rendering")}
    assert waiting == {"pinning": 1, "queued": 2, "rendering": 0}


class TestRelease:
    async def test_a_small_shop_does_not_wait_behind_a_large_one(
        self, store: OrderStore, pool: Pool, objects: ObjectStore
    ) -> None:
        for number in range(20):
            await queued_order(store, str(number + 1), "large.myshopify.com")
        await queued_order(store, "99", "small.myshopify.com")
        released = await dispatcher(store, pool, objects, in_flight=4, per_shop=3).dispatch()
        assert released == 4
        assert await rendering(pool) == {"large.myshopify.com": 3, "small.myshopify.com": 1}

    async def test_no_more_are_released_than_there_is_room_for(
        self, store: OrderStore, pool: Pool, objects: ObjectStore
    ) -> None:
        await queued_order(store, "1", lines=6)
        release = dispatcher(store, pool, objects, in_flight=4, per_shop=10)
        assert [await release.dispatch(), await release.dispatch()] == [4, 0]

    async def test_several_dispatchers_at_once_keep_to_the_room(
        self, store: OrderStore, pool: Pool, objects: ObjectStore
    ) -> None:
        await queued_order(store, "1", lines=8)
        several = [dispatcher(store, pool, objects, in_flight=4, per_shop=10) for _ in range(4)]
        assert sum(await asyncio.gather(*(one.dispatch() for one in several))) == 4

    async def test_a_persons_retry_goes_first(self, store: OrderStore, pool: Pool, objects: ObjectStore) -> None:
        await queued_order(store, "1", lines=3)
        last = await queued_order(store, "2")

        def urge(order: Order | None) -> Change | None:
            assert order is not None
            return Change(order.with_job(order.jobs[0].model_copy(update={"urgent": True})))

        await store.change(last.shop, "2", urge)
        await dispatcher(store, pool, objects, in_flight=1, per_shop=9).dispatch()
        assert await pool.fetchval("SELECT order_id FROM jobs WHERE step = 'rendering'") == 2

    async def test_a_render_without_a_result_is_released_again_and_fails_in_the_end(
        self, store: OrderStore, pool: Pool, objects: ObjectStore
    ) -> None:
        await queued_order(store, "1")
        release = dispatcher(store, pool, objects, in_flight=4, per_shop=4, lease=timedelta(milliseconds=1))
        for attempt in range(MAX_ATTEMPTS):
            assert await release.dispatch() == 1
            order = await store.order("one.myshopify.com", "1")
            assert order is not None
            assert (order.jobs[0].attempt, order.jobs[0].step) == (attempt + 1, Step.RENDERING)
            await pool.execute("DELETE FROM outbox")
            await asyncio.sleep(0.05)
        assert await release.dispatch() == 0
        order = await store.order("one.myshopify.com", "1")
        assert order is not None
        assert (order.jobs[0].status, order.jobs[0].reason_code) == (JobStatus.FAILED, Reason.RENDER_CRASHED)

    async def test_while_the_store_is_away_no_result_is_missed(
        self, store: OrderStore, pool: Pool, objects: ObjectStore, away: ObjectStore
    ) -> None:
        await queued_order(store, "1")
        limits = {"in_flight": 4, "per_shop": 4, "lease": timedelta(milliseconds=1)}
        assert await dispatcher(store, pool, away, **limits).dispatch() == 1
        await pool.execute("DELETE FROM outbox")
        for _ in range(MAX_ATTEMPTS):
            await asyncio.sleep(0.05)
            assert await dispatcher(store, pool, away, **limits).dispatch() == 0
        assert await tries(store) == (JobStatus.PENDING, 1)

        await asyncio.sleep(0.05)
        assert await dispatcher(store, pool, objects, **limits).dispatch() == 1
        assert await tries(store) == (JobStatus.PENDING, 2)

    async def test_while_a_request_waits_for_the_broker_no_result_is_missed(
        self, store: OrderStore, pool: Pool, objects: ObjectStore
    ) -> None:
        await queued_order(store, "1")
        release = dispatcher(store, pool, objects, in_flight=4, per_shop=4, lease=timedelta(milliseconds=1))
        assert await release.dispatch() == 1
        for _ in range(MAX_ATTEMPTS):
            await asyncio.sleep(0.05)
            assert await release.dispatch() == 0
        assert await tries(store) == (JobStatus.PENDING, 1)

    @pytest.mark.parametrize("broker_answers", [True, False])
    async def test_while_no_worker_is_there_no_result_is_missed(
        self, store: OrderStore, pool: Pool, objects: ObjectStore, broker_answers: bool
    ) -> None:
        async def nobody() -> bool:
            if broker_answers:
                return False
            raise GroundMissingError("The broker does not answer.", code="broker_unreachable")

        await queued_order(store, "1")
        limits = ReleaseLimits(lease=timedelta(milliseconds=1))
        release = ReleaseDispatcher(store, pool, ground(objects, nobody), SystemClock(), limits)
        assert await release.dispatch() == 1
        await pool.execute("DELETE FROM outbox")
        for _ in range(MAX_ATTEMPTS):
            await asyncio.sleep(0.05)
            assert await release.dispatch() == 0
        assert await tries(store) == (JobStatus.PENDING, 1)

    async def test_what_waits_for_the_store_keeps_its_place(
        self, store: OrderStore, pool: Pool, away: ObjectStore
    ) -> None:
        await queued_order(store, "1")
        held = dispatcher(store, pool, away, in_flight=1, per_shop=1, lease=timedelta(milliseconds=1))
        await held.dispatch()
        await queued_order(store, "2")
        await pool.execute("DELETE FROM outbox")
        await asyncio.sleep(0.05)
        longer = dispatcher(store, pool, away, in_flight=1, per_shop=1, lease=timedelta(minutes=10))
        assert [await longer.dispatch(), await longer.dispatch()] == [0, 0]
        assert await rendering(pool) == {"one.myshopify.com": 1}

    async def test_a_cancelled_job_is_never_released(self, store: OrderStore, pool: Pool, objects: ObjectStore) -> None:
        await queued_order(store, "1")

        def stop(order: Order | None) -> Change | None:
            assert order is not None
            return Change(order.with_job(transitions.cancelled(order.jobs[0], "order cancelled", datetime.now(UTC))))

        await store.change("one.myshopify.com", "1", stop)
        assert await dispatcher(store, pool, objects, in_flight=4, per_shop=4).dispatch() == 0


async def test_a_claim_for_pinning_is_taken_over_when_it_runs_out(store: OrderStore, pool: Pool) -> None:
    await new_order(store, "1")
    claim = SQL["claim_pinning"]
    assert len(await pool.fetch(claim, 10, 4, timedelta(milliseconds=50))) == 1
    assert await pool.fetch(claim, 10, 4, timedelta(seconds=5)) == []
    await asyncio.sleep(0.1)
    assert len(await pool.fetch(claim, 10, 4, timedelta(seconds=5))) == 1


async def test_a_shop_that_has_uninstalled_waits_and_goes_on_when_it_is_back(
    store: OrderStore, pool: Pool, objects: ObjectStore
) -> None:
    await queued_order(store, "1", "gone.myshopify.com")
    await queued_order(store, "2", "here.myshopify.com")
    await new_order(store, "3", "gone.myshopify.com")
    now = datetime.now(UTC)
    await store.put_catalog(installation("gone.myshopify.com", installed=False, at=now))
    assert await dispatcher(store, pool, objects).dispatch() == 1
    assert await rendering(pool) == {"here.myshopify.com": 1}
    assert await pool.fetch(SQL["claim_pinning"], 10, 10, timedelta(seconds=1)) == []
    await Upkeep(pool, SystemClock()).count()
    assert metrics.JOBS_WAITING.labels(step=Step.QUEUED)._value.get() == 0

    await store.put_catalog(installation("gone.myshopify.com", installed=True, at=now + timedelta(seconds=1)))
    assert await dispatcher(store, pool, objects).dispatch() == 1
    assert len(await pool.fetch(SQL["claim_pinning"], 10, 10, timedelta(seconds=1))) == 1


@pytest.mark.parametrize(
    ("default", "said", "watermark"),
    [(True, None, True), (True, False, False), (False, None, False), (False, True, True)],
)
async def test_a_test_order_is_watermarked_as_its_shop_says_else_by_default(
    store: OrderStore, pool: Pool, objects: ObjectStore, *, default: bool, said: bool | None, watermark: bool
) -> None:
    order = await queued_order(store, "1")
    await store.change(order.shop, "1", lambda known: known and Change(known.model_copy(update={"test": True})))
    if said is not None:
        body = {"watermark_test_orders": said}
        await store.put_catalog(entry(CatalogKind.RENDERING, "default", body, order.shop))
    assert await dispatcher(store, pool, objects, watermark_test_orders=default).dispatch() == 1
    text = await pool.fetchval("SELECT value FROM outbox WHERE topic = 'printworks.render-requests.v1'")
    assert json.loads(text)["watermark"] is watermark


async def test_the_time_from_paid_to_ready_is_told_once_per_job(
    store: OrderStore, pool: Pool, objects: ObjectStore, intake: OrderIntake
) -> None:
    order = await queued_order(store, "1")
    await dispatcher(store, pool, objects, in_flight=4, per_shop=4).dispatch()
    now = datetime.now(UTC)
    finished = RenderFinished(
        shop=order.shop, order_id="1", job_id=order.jobs[0].job_id, artwork_version=1, attempt=1,
        renderer_version="1", files=(), started_at=now, finished_at=now, render_ms=1,
    )  # fmt: skip
    assert order.first_paid_at is not None
    waited = (now - order.first_paid_at).total_seconds()
    told = metrics.PAID_TO_READY._sum.get()
    await intake.render_finished(finished)
    await intake.render_finished(finished)
    assert metrics.PAID_TO_READY._sum.get() - told == pytest.approx(waited, abs=30)


async def test_an_echo_remembers_its_moment_so_that_a_late_older_body_is_stale(
    store: OrderStore, pool: Pool, intake: OrderIntake
) -> None:
    await map_the_poster(store)
    await intake.order_received(received(line(1)))
    await intake.order_received(received(line(1), minutes=9))
    await intake.order_received(received(line(1, quantity=0), minutes=5))
    shop, order_id = "example.myshopify.com", "9007199254740993"
    order = await store.order(shop, order_id)
    assert order is not None
    assert order.updated_at == received(minutes=9).updated_at
    assert await pool.fetchval("SELECT version FROM orders") == order.version == 1
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE headers->>'ce_type' LIKE '%snapshot%'") == 1


async def test_when_retention_has_begun_the_order_is_closed_before_its_files_go(
    store: OrderStore, pool: Pool, objects: ObjectStore, intake: OrderIntake
) -> None:
    order = await queued_order(store, "1")
    events = [
        RetentionNotice(
            shop=order.shop, order_id="1", keep_until=order.order_date, days_left=3, noticed_at=datetime.now(UTC)
        ),
        RetentionBegun(
            shop=order.shop, order_id="1", run_id=uuid4(), keep_until=order.order_date, begun_at=datetime.now(UTC)
        ),
    ]
    for event in events:
        await intake.handle(record_of(event))
    closed = await store.order(order.shop, "1")
    assert closed is not None
    assert [job.status for job in closed.jobs] == [JobStatus.CLEARED]
    assert await dispatcher(store, pool, objects, in_flight=9, per_shop=9, lease=timedelta(minutes=5)).dispatch() == 0
    late = received(line(1), line(2), shop=order.shop, order_id="1", minutes=9)
    await intake.order_received(late)
    assert await store.order(order.shop, "1") == closed
