"""Retention: its own ledger, calendar, brakes, purge and clearing, over simulated tables and the simulated bucket."""

import asyncio
import atexit
import selectors
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

from printworks_common.errors import GroundMissingError
from printworks_common.events.envelope import OutgoingRecord
from printworks_retention import audit
from printworks_retention.brakes import Cap
from printworks_retention.calendar import is_due, keep_until
from printworks_retention.ledger import Ledger
from printworks_retention.purge import SQL, Purge, PurgeOptions

from tests.simulator.bucket import SimulatedBucket
from tests.simulator.database import Database, Effect
from tests.simulator.world import Crash, World

Key = tuple[str, int]


@dataclass
class Row:
    version: int
    order_date: date
    first_paid_on: date | None
    retention_date: date | None
    purging_at: datetime | None = None
    purged_at: datetime | None = None


class Tables(Database):
    """Schema `retention`."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "retention")
        self.rows: dict[Key, Row] = {}
        self.periods: dict[str, int] = {}
        self.held: set[str] = set()
        """Shops whose orders are all held."""
        self.noted: dict[Key, dict[str, int]] = {}
        self.audit: list[str] = []
        self.reads |= {
            "SELECT tombstone($1, $2, $3)": lambda *_: None,
            "SELECT pg_try_advisory_lock($1)": lambda _: True,
            "SELECT pg_advisory_unlock($1)": lambda _: True,
            "SELECT pg_advisory_xact_lock($1)": lambda _: None,
            SQL["count_due"]: lambda day: len(self._due(day)),
            SQL["balance"]: lambda _: {"live": len(self.rows), "usual_day": None, "days_since": None},
            SQL["suspects"]: lambda _: [],
            SQL["due"]: lambda day, _after, _shop, number, _most: self._rows_of(self._due(day)) if not number else [],
            SQL["purging"]: self._purging,
            SQL["objects_of"]: self._objects_of,
            SQL["last_audit"]: lambda: self.audit[-1] if self.audit else None,
        }
        self.writes |= {
            SQL["keep_newest"]: self._keep_newest,
            SQL["begin_purge"]: self._begin_purge,
            SQL["add_objects"]: self._add_objects,
            SQL["forget_objects"]: self._forget_objects,
            SQL["purged"]: self._purged,
            audit.SQL["append_audit"]: lambda _before, digest, *_: ("", lambda: self.audit.append(digest)),
        }

        self.row_of[SQL["keep_newest"]] = lambda shop, number, *_: (shop, number)

    def _keep_newest(
        self, shop: str, number: int, version: int, order_date: date, first_paid_on: date | None,
        retention_date: date | None, _unfinished: bool,
    ) -> tuple[str, Effect]:  # fmt: skip
        def effect() -> None:
            known = self.rows.get((shop, number))
            if known is None:
                self.rows[shop, number] = Row(version, order_date, first_paid_on, retention_date)
            elif known.version < version:
                known.version, known.first_paid_on, known.retention_date = version, first_paid_on, retention_date

        return "INSERT 0 1", effect

    def last_day(self, key: Key) -> date | None:
        row = self.rows[key]
        return keep_until(row.retention_date, row.order_date, row.first_paid_on, self.periods.get(key[0]))

    def _due(self, day: date) -> list[Key]:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=self.world.now().tzinfo)
        return [
            key
            for key, row in self.rows.items()
            if row.purging_at is None
            and row.purged_at is None
            and key[0] not in self.held
            and is_due(self.last_day(key), row.order_date, noon)
        ]

    def _rows_of(self, keys: Sequence[Key]) -> list[Mapping[str, Any]]:
        return [
            {
                "shop": shop, "order_id": str(number), "order_date": row.order_date,
                "first_paid_on": row.first_paid_on, "retention_date": row.retention_date,
                "days": self.periods.get(shop),
            }
            for shop, number in keys
            if (row := self.rows[shop, number])
        ]  # fmt: skip

    def _purging(self, _shop: str, number: int, _most: int) -> list[Mapping[str, Any]]:
        marked = [key for key, row in self.rows.items() if row.purging_at is not None and row.purged_at is None]
        return self._rows_of(marked) if not number else []

    def _begin_purge(
        self, shops: Sequence[str], numbers: Sequence[int], day: date, now: datetime
    ) -> tuple[list[Mapping[str, Any]], Effect]:  # fmt: skip
        due = set(self._due(day))
        begun = [key for key in zip(shops, numbers, strict=True) if key in due]

        def effect() -> None:
            for key in begun:
                self.rows[key].purging_at = now

        return [{"shop": shop, "order_id": str(number)} for shop, number in begun], effect

    def _add_objects(self, *columns: Sequence[Any]) -> tuple[str, Effect]:
        def effect() -> None:
            for shop, number, key, _version, size in zip(*columns, strict=True):
                self.noted.setdefault((shop, number), {})[key] = size

        return "", effect

    def _objects_of(self, shops: Sequence[str], numbers: Sequence[int]) -> list[Mapping[str, Any]]:
        return [
            {"shop": shop, "order_id": str(number), "key": key, "version_id": "", "bytes": size}
            for shop, number in zip(shops, numbers, strict=True)
            for key, size in self.noted.get((shop, number), {}).items()
        ]

    def _forget_objects(self, shops: Sequence[str], numbers: Sequence[int]) -> tuple[str, Effect]:
        def effect() -> None:
            for key in zip(shops, numbers, strict=True):
                self.noted.pop(key, None)

        return "", effect

    def _purged(
        self, shops: Sequence[str], numbers: Sequence[int], now: datetime
    ) -> tuple[list[Mapping[str, Any]], Effect]:  # fmt: skip
        done = [key for key in zip(shops, numbers, strict=True) if self.rows[key].purged_at is None]

        def effect() -> None:
            for key in done:
                self.rows[key].purged_at = now

        return [{"shop": shop, "order_id": str(number)} for shop, number in done], effect


class HastyLoop(asyncio.SelectorEventLoop):
    """Nobody waits: a sleep moves this loop's clock."""

    def __init__(self) -> None:
        self._ahead = 0.0
        super().__init__(_Hasty(self))

    def time(self) -> float:
        return super().time() + self._ahead

    def skip(self, seconds: float) -> None:
        self._ahead += seconds


class _Hasty(selectors.SelectSelector):
    def __init__(self, loop: HastyLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """No file and no thread wakes it: there is nothing to ask the system for."""
        if timeout:
            self._loop.skip(timeout)
        return []


@lru_cache(1)
def _runner() -> asyncio.Runner:
    """The loop of the runs that came to their end: a new one takes longer than a run of it."""
    runner = asyncio.Runner(loop_factory=HastyLoop)
    atexit.register(runner.close)
    return runner


class Retention:
    """`publish` puts a record on its topic."""

    def __init__(self, world: World, bucket: SimulatedBucket, publish: Callable[[OutgoingRecord], None]) -> None:
        self._world = world
        self._publish = publish
        self.tables = Tables(world)
        pool = cast("Any", self.tables)
        self.ledger = Ledger(pool)
        self._purge = Purge(
            pool,
            objects=bucket,
            events=self,
            clock=world,
            clocks=self._clocks,
            parallel=1,
            options=PurgeOptions(Cap(10, 0.5), pause_seconds=0.0),
        )

    async def send_many(self, records: Sequence[OutgoingRecord]) -> None:
        await self._world.point("retention: before it tells")
        for record in records:
            self._publish(record)
        await self._world.point("retention: after it has told")

    async def _clocks(self) -> Sequence[datetime]:
        return [self._world.now()]

    def run(self) -> bool:
        """One run, in one go. Returns whether it came to its end: it may be killed anywhere."""
        self._world.inline = True
        try:
            report = _runner().get_loop().run_until_complete(self._purge.run(asyncio.Event()))
        except (Crash, GroundMissingError) as ended:
            # Whatever else the run has started ends with its loop.
            _runner().close()
            _runner.cache_clear()
            self._world.tell("purge cut off", str(ended))
            return False
        finally:
            self._world.inline = False
        if report.orders:
            self._world.tell("purge", f"{report.orders} orders")
        return report.refused is None and report.left == 0
