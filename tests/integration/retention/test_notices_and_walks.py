"""Told before the day; and once a week somebody walks through the bucket."""

from datetime import timedelta

from printworks_retention import metrics
from printworks_retention.notices import Notices
from printworks_retention.walk import Walk

from tests.integration.retention.conftest import SHOP, TODAY, YESTERDAY, Bench


def walk_of(bench: Bench) -> Walk:
    return Walk(bench.pool, objects=bench.objects, purge=bench.purge(), clock=bench.clock, parallel=4, by="test")


class TestNotices:
    async def test_an_order_is_told_14_and_3_days_before_once_each(self, bench: Bench) -> None:
        notices = Notices(bench.pool, bench.producer, bench.clock)
        await bench.order(5001, TODAY + timedelta(days=14), files=0)
        await bench.order(5002, TODAY + timedelta(days=15), files=0)
        assert [await notices.send(), await notices.send()] == [1, 0]
        bench.clock.offset = timedelta(days=11)
        assert [await notices.send(), await notices.send()] == [2, 0]
        told = await bench.events(5001)
        assert [one["days_left"] for one in told] == [14, 3]
        assert {one["type"] for one in told} == {"printworks.retention.notice.v1"}

    async def test_who_is_told_late_is_told_once(self, bench: Bench) -> None:
        notices = Notices(bench.pool, bench.producer, bench.clock)
        await bench.order(1, TODAY + timedelta(days=2), files=0)
        assert [await notices.send(), await notices.send()] == [1, 0]

    async def test_a_held_order_is_not_told(self, bench: Bench) -> None:
        await bench.order(1, TODAY + timedelta(days=2), files=0)
        await bench.hold("dispute", 1)
        assert await Notices(bench.pool, bench.producer, bench.clock).send() == 0

    async def test_a_longer_period_moves_the_notice_too(self, bench: Bench) -> None:
        notices = Notices(bench.pool, bench.producer, bench.clock)
        await bench.order(1, TODAY + timedelta(days=2), files=0)
        assert await notices.send() == 1
        await bench.period(120)
        assert await notices.send() == 0
        bench.clock.offset = timedelta(days=30)
        assert await notices.send() == 1


class TestOrdersThatAreNotFinishedWhenTheirFilesGo:
    async def expiring(self, bench: Bench) -> float:
        await Notices(bench.pool, bench.producer, bench.clock).send()
        return metrics.EXPIRING._value.get()  # pyright: ignore[reportPrivateUsage]  # the client has no other way

    async def test_pending_and_failed_ones_of_the_next_14_days_are_counted(self, bench: Bench) -> None:
        for number, (status, days) in enumerate((("failed", 3), ("pending", 14), ("failed", 15), ("ready", 3)), 1):
            await bench.order(number, TODAY + timedelta(days=days), files=0, artwork_status=status)
        assert await self.expiring(bench) == 2

    async def test_one_that_becomes_ready_or_is_held_is_not(self, bench: Bench) -> None:
        for number in (1, 2, 3):
            await bench.order(number, TODAY + timedelta(days=3), files=0, artwork_status="failed")
        await bench.order(1, TODAY + timedelta(days=3), files=0, artwork_status="ready", version=2)
        await bench.hold("the bucket is being mended", 2)
        assert await self.expiring(bench) == 1


class TestWalks:
    async def test_a_file_that_came_after_its_order_was_cleared_is_deleted(self, bench: Bench) -> None:
        prefix = await bench.order(1, YESTERDAY)
        await bench.run()
        await bench.objects.put_bytes(f"{prefix}job/late.pdf", b"late", "application/pdf")
        report = await walk_of(bench).run()
        assert (report.strays, report.bytes) == (1, 4)
        assert await bench.left(prefix) == [0]
        assert [entry.facts()["kind"] for entry in await bench.audit()] == ["purge", "stray", "walk"]

    async def test_files_of_an_order_that_nobody_knows_are_reported_and_stay(self, bench: Bench) -> None:
        key = f"orders/{YESTERDAY - timedelta(days=90)}/{SHOP}/77/job/picture.jpg"
        await bench.objects.put_bytes(key, b"picture", "image/jpeg")
        report = await walk_of(bench).run()
        assert (report.unknown, report.strays) == (1, 0)
        assert await bench.left(key.removesuffix("picture.jpg")) == [1]

    async def test_orders_that_have_not_had_their_day_stay(self, bench: Bench) -> None:
        prefix = await bench.order(1, TODAY + timedelta(days=3))
        report = await walk_of(bench).run()
        assert (report.orders, report.unknown, report.strays) == (1, 0, 0)
        assert await bench.left(prefix) == [3]

    async def test_a_clock_that_is_wrong_stops_a_walk(self, bench: Bench) -> None:
        bench.clock.offset = timedelta(days=100)
        assert (await walk_of(bench).run()).refused == "clock"
