"""What is known of a shop as a whole."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from printworks_common.catalog import ShopProfile
from printworks_common.clock import Clock
from printworks_common.errors import PoisonError
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.kafka.record import Record, describe
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from pydantic import ValidationError

SQL = load_queries("printworks_jobs_api", "sql/shops.sql")

FACTS_ARE_KEPT = timedelta(minutes=1)

UTC_ZONE = ZoneInfo("UTC")

_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(9998, 12, 30)
"""No order lies outside of these, and every moment of theirs can be told in every zone."""


@dataclass(frozen=True)
class ShopFacts:
    """`zone` is the shop's own time zone, in which its days begin and end; UTC as long as it is not known."""

    zone: ZoneInfo = UTC_ZONE
    last_webhook_at: datetime | None = None

    def midnight(self, day: date) -> datetime:
        """When a day of the shop begins, in UTC."""
        day = min(max(day, _FIRST_DAY), _LAST_DAY + timedelta(days=1))
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """When a day of the shop is over, in UTC: the first moment of the next one."""
        return self.midnight(min(day, _LAST_DAY) + timedelta(days=1))

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()


UNKNOWN_SHOP = ShopFacts()


def facts_of(row: Any | None) -> ShopFacts:
    """From the row of `shops`. A name that this machine's time zone data does not know counts as UTC."""
    if row is None:
        return UNKNOWN_SHOP
    return ShopFacts(zone=zone_of(row["time_zone"]), last_webhook_at=row["last_webhook_at"])


def zone_of(name: str | None) -> ZoneInfo:
    if not name:
        return UTC_ZONE
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC_ZONE


class ShopBook:
    """What is known of shops, up to a minute old: every list asks for the time zone."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._kept: dict[str, tuple[datetime, ShopFacts]] = {}

    async def facts(self, shop: str, *, fresh: bool = False, on: "Connection | None" = None) -> ShopFacts:
        """`on`: the connection of a transaction that is under way; a second one at a time could run out."""
        now = self._clock.now()
        kept = self._kept.get(shop)
        if kept is None or fresh or now - kept[0] > FACTS_ARE_KEPT:
            with ground_errors():
                kept = (now, facts_of(await (on or self._pool).fetchrow(SQL["shop_facts"], shop)))
            self._kept[shop] = kept
        return kept[1]


class ShopProfiles:
    """Keeps the time zone of each shop, as the catalog has it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def handle(self, record: Record) -> None:
        """Take one entry of the catalog in; other kinds are passed over unread. Raises PoisonError."""
        if record.tombstone or record.key.split("/")[1:2] != [CatalogKind.SHOP.value]:
            return
        entry = record.decode(CatalogEntry)
        try:
            profile = ShopProfile.model_validate(entry.body)
        except ValidationError as error:
            raise PoisonError(f"The profile cannot be read: {describe(error)}.", code="unreadable_event") from error
        with ground_errors():
            await self._pool.execute(SQL["note_profile"], entry.shop, entry.version, profile.time_zone)
