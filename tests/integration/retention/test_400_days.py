"""400 days of orders, payments, re-renders, periods and holds: nothing goes a day early, and nothing stays a day late.

The ledger and the purge are the real ones on a real PostgreSQL; the bucket and the topic are held in memory, so that
400 days take seconds. What should be gone is computed anew each day by the few plain lines of `Order.due`.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from printworks_common.clock import utc_date
from printworks_common.events.control import CatalogKind
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.storage import DeleteFailure, ListedObject
from printworks_retention.calendar import order_prefix
from printworks_retention.purge import Purge, PurgeOptions

from tests.integration.retention.conftest import NO_CAP, Bench, snapshot
from tests.records import record_of

FIRST_DAY = date(2027, 10, 1)
"""The 400 days hold 29 February 2028."""
DAYS = 400
ORDERS = 8_800
OBJECTS_PER_ORDER = (8, 16)
OPERATOR_DAYS = 90
SHOPS = {f"shop-{number}.myshopify.com": days for number, days in enumerate((None, 7, 30, 120, 300, None))}
"""Shops and the period that each sets at the beginning."""


@dataclass
class Order:
    shop: str
    number: int
    order_date: date
    paid_on: date
    told: date
    version: int = 1

    def due(self, period: int | None, held: bool, today: date) -> bool:
        base = max(self.order_date, self.paid_on)
        last = self.told if period is None else max(self.told, base + timedelta(days=period))
        return today > last and not held


class Bucket:
    """By order prefix, in memory. Whatever else lies in it must stay."""

    def __init__(self) -> None:
        self.keys: dict[str, set[str]] = defaultdict(set)

    def put(self, prefix: str, count: int) -> None:
        self.keys[prefix] |= {f"{prefix}job/{len(self.keys[prefix]) + index}" for index in range(count)}

    async def list_versions(self, prefix: str) -> AsyncIterator[ListedObject]:
        for one, keys in list(self.keys.items()):
            if one.startswith(prefix):
                for key in sorted(keys):
                    yield ListedObject(key, 10, "", None)

    async def abort_uploads(self, prefix: str, wanted: Callable[[str], bool]) -> int:
        return 0

    async def delete_batch(self, keys: Iterable[str | tuple[str, str | None]]) -> Sequence[DeleteFailure]:
        for one in keys:
            key = one if isinstance(one, str) else one[0]
            self.keys["/".join(key.split("/")[:4]) + "/"].discard(key)
        return []


class Silence:
    async def send_many(self, records: Sequence[OutgoingRecord]) -> None:
        return None


@dataclass
class SimulatedClock:
    moment: datetime = field(default_factory=lambda: datetime.combine(FIRST_DAY, time(0, 20), UTC))

    def now(self) -> datetime:
        return self.moment


@dataclass
class Simulation:
    bench: Bench
    chance: random.Random
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    bucket: Bucket = field(default_factory=Bucket)
    orders: dict[int, Order] = field(default_factory=dict[int, Order])
    periods: dict[str, int | None] = field(default_factory=dict[str, int | None])
    holds: dict[str, tuple[str, int | None, date | None]] = field(
        default_factory=dict[str, tuple[str, int | None, date | None]]
    )
    number: int = 0

    async def tell(self, order: Order, files: int) -> None:
        await self.bench.ledger.keep(
            record_of(
                snapshot(
                    order.number, order.told, order_date=order.order_date, version=order.version, shop=order.shop,
                    first_paid_on=order.paid_on,
                )
            )
        )  # fmt: skip
        self.bucket.put(order_prefix(order.order_date, order.shop, str(order.number)), files)

    def told(self, shop: str, order_date: date, paid_on: date) -> date:
        """As the coordinator computes it when the order comes in."""
        return max(order_date, paid_on) + timedelta(days=self.periods.get(shop) or OPERATOR_DAYS)

    async def new_order(self) -> None:
        """Placed today somewhere on Earth, paid at once or up to three weeks later."""
        self.number += 1
        zone = timezone(timedelta(hours=self.chance.randint(-11, 14)))
        order_date = utc_date(self.clock.now().astimezone(zone) + timedelta(hours=self.chance.randint(0, 22)))
        shop = self.chance.choice(list(SHOPS))
        paid_on = order_date + timedelta(days=self.chance.choice((0, 0, 0, 1, 20)))
        order = Order(shop, self.number, order_date, paid_on, self.told(shop, order_date, paid_on))
        self.orders[order.number] = order
        await self.tell(order, self.chance.randint(*OBJECTS_PER_ORDER))

    async def rerender(self) -> None:
        """New files, a new version: the day stays."""
        order = self.chance.choice(list(self.orders.values()))
        order.version += 1
        await self.tell(order, 3)

    async def set_period(self) -> None:
        shop = self.chance.choice(list(SHOPS))
        self.periods[shop] = self.chance.choice((None, 5, 45, 90, 200))
        days = self.periods[shop]
        await self.bench.catalog(CatalogKind.RETENTION, "default", None if days is None else {"days": days}, shop)

    async def hold(self) -> None:
        order = self.chance.choice(list(self.orders.values()))
        hold_id, whole_shop = f"hold-{len(self.holds)}-{self.number}", self.chance.random() < 0.05
        until = self.chance.choice((None, utc_date(self.clock.now()) + timedelta(days=self.chance.randint(0, 60))))
        number = None if whole_shop else order.number
        self.holds[hold_id] = (order.shop, number, until)
        body = {"order_id": None if number is None else str(number), "until": until and until.isoformat()}
        await self.bench.catalog(CatalogKind.HOLD, hold_id, body, order.shop)

    async def lift(self) -> None:
        if self.holds:
            hold_id = self.chance.choice(list(self.holds))
            shop, _, _ = self.holds.pop(hold_id)
            await self.bench.catalog(CatalogKind.HOLD, hold_id, None, shop)

    def held(self, order: Order, today: date) -> bool:
        return any(
            shop == order.shop and number in {None, order.number} and (until is None or until >= today)
            for shop, number, until in self.holds.values()
        )

    async def live_a_day(self) -> None:
        await asyncio.gather(*(self.new_order() for _ in range(ORDERS // DAYS)))
        await self.rerender()
        if self.chance.random() < 0.1:
            await self.set_period()
        if self.chance.random() < 0.5:
            await self.hold()
        if self.chance.random() < 0.5:
            await self.lift()

    def should_go(self) -> set[int]:
        today = utc_date(self.clock.now())
        return {
            order.number
            for order in self.orders.values()
            if order.due(self.periods.get(order.shop), self.held(order, today), today)
        }

    def files_of(self, order: Order) -> int:
        return len(self.bucket.keys[order_prefix(order.order_date, order.shop, str(order.number))])


@pytest.mark.parametrize("seed", [1])
async def test_400_days_nothing_goes_early_nothing_stays_late_and_nothing_else_is_touched(
    bench: Bench, seed: int
) -> None:
    world = Simulation(bench, random.Random(seed))
    for shop, days in SHOPS.items():
        world.periods[shop] = days
        if days is not None:
            await bench.catalog(CatalogKind.RETENTION, "default", {"days": days}, shop)
    other = "exports/2027-10-01/"
    world.bucket.put(other, 50)

    async def clocks() -> list[datetime]:
        return [world.clock.now()]

    purge = Purge(
        bench.pool, objects=world.bucket, events=Silence(), clock=world.clock, clocks=clocks, parallel=4,
        options=PurgeOptions(cap=NO_CAP, pause_seconds=0),
    )  # fmt: skip
    deleted = 0
    for _ in range(DAYS):
        await world.live_a_day()
        world.clock.moment += timedelta(days=1)
        expected = world.should_go()
        report = await purge.run(asyncio.Event())
        gone = {number for number, order in world.orders.items() if not world.files_of(order)}
        assert gone == expected, world.clock.now()
        assert report.orders == len(expected)
        deleted += report.objects
        for number in gone:
            del world.orders[number]
    assert len(world.bucket.keys[other]) == 50
    left = sum(map(world.files_of, world.orders.values()))
    assert deleted + left >= 100_000
    assert deleted > 40_000
    audited = sum(entry.facts()["objects"] for entry in await bench.audit())
    assert audited == deleted
