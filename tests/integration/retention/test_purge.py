"""What has had its day goes from the hosted bucket, and nothing else does."""

import asyncio
import io
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import timedelta

from minio import Minio
from printworks_common.errors import TransientError
from printworks_common.events.control import CatalogKind
from printworks_common.storage import DeleteFailure, ListedObject
from printworks_retention.brakes import Cap

from tests.integration.retention.conftest import TODAY, YESTERDAY, Bench


async def test_an_order_goes_the_day_after_its_date_and_not_on_it(bench: Bench) -> None:
    due = await bench.order(1, YESTERDAY)
    today = await bench.order(2, TODAY)
    unpaid = await bench.order(3, None)
    assert await bench.run() == (1, 3, None)
    assert await bench.left(due, today, unpaid) == [0, 3, 3]


async def test_an_order_whose_number_begins_alike_is_not_touched(bench: Bench) -> None:
    await bench.order(12, YESTERDAY)
    other = await bench.order(123, TODAY)
    await bench.run()
    assert await bench.left(other) == [3]


async def test_many_orders_of_a_day_go_and_those_between_them_that_are_held_stay(bench: Bench) -> None:
    prefixes = [await bench.order(number, YESTERDAY) for number in range(1, 13)]
    await bench.hold("dispute", 5)
    assert await bench.run() == (11, 33, None)
    assert await bench.left(*prefixes) == [3 if number == 5 else 0 for number in range(1, 13)]


async def test_the_coordinator_is_told_before_and_everybody_afterwards(bench: Bench) -> None:
    await bench.order(4001, YESTERDAY)
    assert await bench.run() == (1, 3, None)
    assert await bench.run() == (0, 0, None)
    begun, purged = await bench.events(4001)
    assert (begun["type"], begun["keep_until"]) == ("printworks.retention.begun.v1", YESTERDAY.isoformat())
    assert (purged["type"], purged["objects"]) == ("printworks.retention.purged.v1", 3)


async def test_two_runs_at_once_purge_everything_once(bench: Bench) -> None:
    prefixes = [await bench.order(number, YESTERDAY) for number in range(1, 9)]
    reports = await asyncio.gather(bench.report(), bench.report())
    assert sum(one.orders for one in reports) == 8
    assert set(await bench.left(*prefixes)) == {0}


async def test_a_later_payment_moves_the_day(bench: Bench) -> None:
    prefix = await bench.order(1, YESTERDAY)
    await bench.order(1, TODAY + timedelta(days=30), version=2, files=0)
    assert await bench.run() == (0, 0, None)
    assert await bench.left(prefix) == [3]


async def test_an_older_snapshot_does_not_bring_the_day_forward(bench: Bench) -> None:
    prefix = await bench.order(1, TODAY + timedelta(days=30), version=5)
    await bench.order(1, YESTERDAY, version=4, files=0)
    assert await bench.run() == (0, 0, None)
    assert await bench.left(prefix) == [3]


class TestHolds:
    async def test_an_order_that_is_held_stays_until_the_hold_is_lifted(self, bench: Bench) -> None:
        prefix = await bench.order(1, YESTERDAY)
        await bench.hold("dispute", 1)
        assert await bench.run() == (0, 0, None)
        await bench.lift("dispute")
        assert await bench.run() == (1, 3, None)
        assert await bench.left(prefix) == [0]

    async def test_a_hold_of_the_shop_keeps_all_its_orders_and_no_other_shops(self, bench: Bench) -> None:
        kept = await bench.order(1, YESTERDAY)
        other = await bench.order(2, YESTERDAY, shop="other.myshopify.com")
        await bench.hold("audit")
        assert await bench.run() == (1, 3, None)
        assert await bench.left(kept, other) == [3, 0]

    async def test_a_hold_keeps_through_its_last_day_and_not_longer(self, bench: Bench) -> None:
        kept = await bench.order(1, YESTERDAY - timedelta(days=5))
        over = await bench.order(2, YESTERDAY - timedelta(days=5))
        await bench.hold("one", 1, until=TODAY)
        await bench.hold("two", 2, until=YESTERDAY)
        assert await bench.run() == (1, 3, None)
        assert await bench.left(kept, over) == [3, 0]

    async def test_a_hold_that_cannot_be_read_keeps_everything_of_the_shop(self, bench: Bench) -> None:
        prefix = await bench.order(1, YESTERDAY)
        await bench.catalog(CatalogKind.HOLD, "odd", {"order_id": ["?"]})
        assert await bench.run() == (0, 0, None)
        assert await bench.left(prefix) == [3]

    async def test_a_hold_that_comes_between_looking_and_marking_keeps_the_order(self, bench: Bench) -> None:
        prefix = await bench.order(1, YESTERDAY)
        looked_at = [orders async for orders in bench.purge().due()]
        assert [one.order_id for one in looked_at[0]] == ["1"]
        await bench.hold("late", 1)
        assert await bench.run() == (0, 0, None)
        assert await bench.left(prefix) == [3]


class TestPeriods:
    async def test_a_longer_period_keeps_old_orders_too(self, bench: Bench) -> None:
        prefix = await bench.order(1, YESTERDAY)
        await bench.period(365)
        assert await bench.run() == (0, 0, None)
        assert await bench.left(prefix) == [3]

    async def test_a_shorter_period_clears_nothing_before_the_day_that_was_told(self, bench: Bench) -> None:
        prefix = await bench.order(1, TODAY + timedelta(days=10))
        await bench.period(1)
        assert await bench.run() == (0, 0, None)
        assert await bench.left(prefix) == [3]

    async def test_a_period_that_is_deleted_is_the_operators_again(self, bench: Bench) -> None:
        await bench.order(1, YESTERDAY)
        await bench.period(365)
        await bench.period(None)
        assert await bench.run() == (1, 3, None)


class TestBrakes:
    async def test_a_clock_that_disagrees_deletes_nothing(self, bench: Bench) -> None:
        prefix = await bench.order(1, TODAY)
        bench.clock.offset = timedelta(days=100)
        assert await bench.run() == (0, 0, "clock")
        assert await bench.left(prefix) == [3]

    async def test_the_kill_switch_deletes_nothing(self, bench: Bench) -> None:
        prefix = await bench.order(1, YESTERDAY)
        assert await bench.run(bench.purge(enabled=False)) == (0, 0, "switched_off")
        assert await bench.left(prefix) == [3]

    async def test_a_fault_that_makes_everything_due_is_stopped_with_nothing_deleted(self, bench: Bench) -> None:
        prefixes = [await bench.order(number, YESTERDAY, files=1) for number in range(1, 31)]
        capped = bench.purge(cap=Cap(floor=10, share=0.1))
        assert await bench.run(capped) == (0, 0, "cap")
        assert set(await bench.left(*prefixes)) == {1}
        [entry] = await bench.audit()
        assert (entry.facts()["kind"], entry.facts()["reason"]) == ("refused", "cap")

    async def test_what_the_cap_stops_goes_when_somebody_says_so_and_not_more_than_that(self, bench: Bench) -> None:
        for number in range(1, 31):
            await bench.order(number, YESTERDAY, files=1)
        capped = bench.purge(cap=Cap(floor=10, share=0.1))
        assert await bench.run(capped, approved=29) == (0, 0, "cap")
        assert await bench.run(capped, approved=30) == (30, 30, None)

    async def test_an_order_from_the_future_is_never_purged(self, bench: Bench) -> None:
        prefix = await bench.order(1, YESTERDAY)
        await bench.pool.execute("UPDATE orders SET order_date = $1", TODAY + timedelta(days=1))
        assert await bench.run() == (0, 0, None)
        assert await bench.left(prefix) == [3]


class FaultyStore:
    """The real store behind answers as bad days bring them: a key in twenty refused, a request in ten turned away, and
    one in ten carried out without an answer."""

    def __init__(self, bench: Bench, seed: int = 1) -> None:
        self._objects = bench.objects
        self._random = random.Random(seed)

    def list_versions(self, prefix: str) -> AsyncIterator[ListedObject]:
        return self._objects.list_versions(prefix)

    async def abort_uploads(self, prefix: str, wanted: Callable[[str], bool]) -> int:
        return await self._objects.abort_uploads(prefix, wanted)

    async def delete_batch(self, keys: Iterable[str | tuple[str, str | None]]) -> Sequence[DeleteFailure]:
        wanted = [one if isinstance(one, tuple) else (one, None) for one in keys]
        fate = self._random.random()
        if fate < 0.1:
            raise TransientError("Slow down.", code="store_unavailable")
        refused = {one for one in wanted if self._random.random() < 0.05}
        failures = await self._objects.delete_batch(one for one in wanted if one not in refused)
        if fate < 0.2:
            raise TransientError("The answer was lost.", code="store_unavailable")
        return [*failures, *(DeleteFailure(key, None, "InternalError") for key, _ in refused)]


class TestBadDays:
    async def test_a_store_that_answers_badly_is_asked_until_everything_is_gone(self, bench: Bench) -> None:
        prefixes = [await bench.order(number, YESTERDAY, files=10) for number in range(1, 11)]
        store = FaultyStore(bench)
        for _ in range(20):
            if not (await bench.report(bench.purge(objects=store))).left:
                break
        assert set(await bench.left(*prefixes)) == {0}
        facts = [entry.facts() for entry in await bench.audit()]
        assert sum(one["objects"] for one in facts) == 100

    async def test_unfinished_uploads_go_with_their_order_and_others_stay(self, bench: Bench) -> None:
        due, kept = await bench.order(1, YESTERDAY), await bench.order(2, TODAY)
        client = Minio(
            bench.storage.s3_endpoint.removeprefix("http://"),
            access_key=bench.storage.s3_access_key,
            secret_key=bench.storage.s3_secret_key.get_secret_value(),
            secure=False,
        )
        for prefix in (due, kept):
            upload = client._create_multipart_upload(bench.storage.bucket, f"{prefix}job/large", {})
            client._upload_part(bench.storage.bucket, f"{prefix}job/large", io.BytesIO(b"part").read(), {}, upload, 1)
        await bench.run()
        assert await bench.objects.abort_uploads(due) == 0
        assert await bench.objects.abort_uploads(kept) == 1
