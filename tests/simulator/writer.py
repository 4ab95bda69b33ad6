"""The writer: its own snapshots, targets, convergence, failures and drift, over simulated tables and shops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from printworks_common import outbox
from printworks_common.errors import GroundMissingError, PrintworksError
from printworks_shopify_writer.convergence import Convergence
from printworks_shopify_writer.drift import Sweeper
from printworks_shopify_writer.failures import Waits
from printworks_shopify_writer.holding import Holding
from printworks_shopify_writer.intake import Intake
from printworks_shopify_writer.orders import CLAIM, SQL, Orders
from printworks_shopify_writer.target import Names
from printworks_shopify_writer.writer import Writer

from tests.simulator.database import Database, Effect
from tests.simulator.shopify import PREFIX, SimulatedAdmin
from tests.simulator.world import World

NAMES = Names(PREFIX, "pw_customization")
WAITS = Waits(spread=lambda: 0.5)


@dataclass
class Row:
    """The newest snapshot of an order, and how far Shopify has it."""

    version: int
    status: str | None
    files: list[str]
    files_url: str | None
    lines: list[dict[str, Any]] | None
    content_hash: str
    priority: int
    received_at: datetime
    written_version: int = 0
    seen: Mapping[str, Any] | None = None
    attributes_hash: str | None = None
    look: bool = False
    tries: int = 0
    not_before: datetime | None = None
    claimed_until: datetime | None = None
    error_code: str | None = None


class Tables(Database):
    """Schema `shopify_writer`."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "writer")
        self.rows: dict[tuple[str, int], Row] = {}
        self.reads |= {
            "SELECT tombstone($1, $2, $3)": lambda *_: None,
            SQL["newest"]: self._newest,
            SQL["tries"]: lambda shop, number: self.rows[shop, number].tries,
        }
        self.writes |= {
            SQL["keep_newest"]: self._keep_newest,
            SQL["claim"]: self._claim,
            SQL["written"]: self._written,
            SQL["later"]: self._later,
            SQL["to_check"]: self._to_check,
            SQL["write_again"]: self._write_again,
            SQL["still_due"]: lambda *_: ("", lambda: None),
            SQL["gone"]: lambda *_: ("", lambda: None),
            SQL["shop_well"]: lambda *_: ("", lambda: None),
            outbox._ENQUEUE: self._report,
        }

        for sql in (SQL["keep_newest"], SQL["written"], SQL["later"]):
            self.row_of[sql] = lambda shop, number, *_: (shop, number)

    def _keep_newest(
        self, shop: str, number: int, version: int, status: str | None, files: list[str], files_url: str | None,
        lines: list[dict[str, Any]], content_hash: str, priority: int, _traceparent: str | None, _erased: bool,
    ) -> tuple[bool | None, Effect]:  # fmt: skip
        known = self.rows.get((shop, number))
        if known is not None and known.version >= version:
            return None, lambda: None
        row = Row(version, status, files, files_url, lines, content_hash, priority, self.world.now())
        if known is not None:
            row.written_version, row.seen, row.attributes_hash = (
                known.written_version,
                known.seen,
                known.attributes_hash,
            )
            row.look, row.claimed_until = known.look, known.claimed_until
            if known.content_hash == content_hash:
                row.lines, row.priority, row.received_at = known.lines, known.priority, known.received_at
                row.tries, row.not_before, row.error_code = known.tries, known.not_before, known.error_code
                if known.written_version == known.version:
                    row.written_version = version

        def effect() -> None:
            self.rows[shop, number] = row

        return row.written_version < row.version, effect

    def _newest(self, shop: str, number: int) -> Mapping[str, Any] | None:
        row = self.rows.get((shop, number))
        if row is None:
            return None
        return {
            "version": row.version, "status": row.status, "files": row.files, "files_url": row.files_url,
            "lines": row.lines, "attributes_hash": row.attributes_hash, "seen": row.seen, "look": row.look,
            "priority": row.priority, "held": [], "erased": False, "age": 0.0,
        }  # fmt: skip

    def _claim(self, shops: Sequence[str], _slots: object, claim: timedelta) -> tuple[list[dict[str, Any]], Effect]:
        now = self.world.now()
        found = [
            key
            for key, row in self.rows.items()
            if key[0] in shops
            and row.written_version < row.version
            and (row.not_before is None or row.not_before <= now)
            and (row.claimed_until is None or row.claimed_until <= now)
        ]
        for key in found:
            row = self.rows[key]
            row.look, row.claimed_until = row.look or row.claimed_until is not None, now + claim
        return [{"shop": shop, "order_id": str(number), "traceparent": None} for shop, number in found], lambda: None

    def _written(
        self, shop: str, number: int, version: int, seen: Mapping[str, Any] | None, _gone: bool,
        attributes_hash: str | None, _attributes_error: str | None, _hold_error: str | None,
    ) -> tuple[datetime | None, Effect]:  # fmt: skip
        row = self.rows[shop, number]
        if row.written_version > version:
            return None, lambda: None

        def effect() -> None:
            row = self.rows[shop, number]
            row.written_version, row.seen, row.error_code = version, seen, None
            row.attributes_hash = attributes_hash or row.attributes_hash
            row.lines = None if row.version == version else row.lines
            row.look, row.tries, row.not_before, row.claimed_until = False, 0, None, None
            self.world.happened["order written"] += 1

        return self.world.now(), effect

    def _later(
        self, shop: str, number: int, wait: timedelta, code: str, counts: int
    ) -> tuple[Mapping[str, Any], Effect]:  # fmt: skip
        row = self.rows[shop, number]
        told = {"version": row.version, "status": row.status, "at": self.world.now(), "error_before": row.error_code}

        def effect() -> None:
            row = self.rows[shop, number]
            row.tries, row.not_before = row.tries + counts, self.world.now() + wait
            row.claimed_until, row.look, row.error_code = None, True, code

        return told, effect

    def _report(self, *_: object) -> tuple[None, Effect]:
        def effect() -> None:
            self.world.happened["write reported"] += 1

        return None, effect

    def _to_check(self, shop: str, *_: object) -> tuple[list[dict[str, Any]], Effect]:
        return [
            {
                "order_id": str(number), "version": row.version, "status": row.status, "files": row.files,
                "files_url": row.files_url,
            }
            for (domain, number), row in self.rows.items()
            if domain == shop and row.written_version == row.version
        ], lambda: None  # fmt: skip

    def _write_again(
        self, shop: str, numbers: Sequence[int], versions: Sequence[int]
    ) -> tuple[list[dict[str, Any]], Effect]:  # fmt: skip
        found = [
            number
            for number, version in zip(numbers, versions, strict=True)
            if (row := self.rows[shop, number]).version == version == row.written_version
        ]

        def effect() -> None:
            for number in found:
                row = self.rows[shop, number]
                row.written_version, row.look, row.tries, row.not_before, row.priority = 0, True, 0, None, 2

        return [{"order_id": str(number)} for number in found], effect

    @property
    def next_due(self) -> float | None:
        """Seconds until something can be written; None when nothing is to be written."""
        now = self.world.now()
        waits = [
            max(
                0.0,
                *((one - now).total_seconds() for one in (row.not_before, row.claimed_until) if one is not None),
                0.0,
            )
            for row in self.rows.values()
            if row.written_version < row.version
        ]
        return min(waits) if waits else None


class SimulatedWriter:
    """All replicas of it."""

    def __init__(self, world: World, admins: Mapping[str, SimulatedAdmin]) -> None:
        self._world = world
        self._admins = admins
        self.tables = Tables(world)
        self._orders = Orders(cast("Any", self.tables))
        clients = cast("Any", self)
        convergence = Convergence(
            self._orders, NAMES, Holding(self._orders, on=False), order_attributes=True
        )  # fmt: skip
        nobody = cast("Any", None)
        self._writer = Writer(
            self._orders, nobody, clients, convergence, nobody, writes_per_shop=4, waits=WAITS
        )  # fmt: skip
        self.sweeper = Sweeper(
            self._orders, nobody, clients, NAMES, within=timedelta(days=7), every=timedelta(0), paused=lambda _: False
        )
        self._looking = False
        self.intake = Intake(self._orders, self.wake)

    def of(self, shop: Any) -> SimulatedAdmin:
        """As `AdminClients.of`."""
        return self._admins[shop.domain]

    def wake(self, after: float = 0.01) -> None:
        if not self._looking:
            self._looking = True
            self._world.spawn(self._dispatch(), "writer", after=after, crashed=self._again)

    def _again(self) -> None:
        self._looking = False
        self.wake(1.0)

    async def _dispatch(self) -> None:
        self._looking = False
        try:
            for one in await self._orders.claim(dict.fromkeys(self._admins, 4)):
                self._world.spawn(self._write(one.shop, one.order_id), "write", crashed=self.wake)
        except GroundMissingError:
            self.wake(1.0)
            return
        due = self.tables.next_due
        if due is not None:
            self.wake(due + 0.01)

    async def _write(self, shop: str, order_id: str) -> None:
        client = self._admins[shop]
        try:
            await self._writer._try(client.shop, self._writer._queue(shop), order_id)
        except GroundMissingError:
            self._world.happened["writer waits"] += 1
        self.wake(CLAIM.total_seconds() if self.tables.next_due else 0.01)

    def sweep(self) -> None:
        """Look once at everything that is written; what differs is written anew."""
        self._world.spawn(self._sweep(), "drift", after=60.0, crashed=self.sweep)

    async def _sweep(self) -> None:
        try:
            for admin in self._admins.values():
                await self.sweeper.sweep(admin.shop)
        except PrintworksError:
            self.sweep()
        self.wake()
