"""Tells 14 and 3 days before files are cleared, and how many of the orders are not finished by then."""

from datetime import date, datetime

from printworks_common import ids
from printworks_common.clock import Clock, utc_date
from printworks_common.events.control import RetentionNotice
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.postgres import Pool, ground_errors, load_queries

from printworks_retention import metrics
from printworks_retention.purge import SOURCE, Events

SQL = load_queries("printworks_retention", "sql/queries.sql")

DAYS = (3, 14)
"""The nearer one first: an order that is noticed with two days left needs no second notice."""

BATCH = 500


class Notices:
    def __init__(self, pool: Pool, events: Events, clock: Clock) -> None:
        self._pool = pool
        self._events = events
        self._clock = clock

    async def send(self) -> int:
        """Publish the notices that are due. Returns how many. Raises GroundMissingError."""
        with ground_errors():
            expiring = await self._pool.fetchval(SQL["count_expiring"], utc_date(self._clock.now()), max(DAYS))
        metrics.EXPIRING.set(expiring)
        return sum([await self._send(days) for days in DAYS])

    async def _send(self, days: int) -> int:
        now = self._clock.now()
        sent = 0
        while True:
            with ground_errors():
                rows = await self._pool.fetch(SQL["to_notice"], utc_date(now), days, BATCH)
            if not rows:
                return sent
            await self._events.send_many(
                [_notice(row["shop"], row["order_id"], row["keep_until"], days, now) for row in rows]
            )
            with ground_errors():
                await self._pool.execute(
                    SQL["noticed"], [row["shop"] for row in rows], [int(row["order_id"]) for row in rows], days
                )
            metrics.NOTICES.labels(days=str(days)).inc(len(rows))
            sent += len(rows)


def _notice(shop: str, order_id: str, keep_until: date, days: int, now: datetime) -> OutgoingRecord:
    event = RetentionNotice(
        shop=shop, order_id=order_id, keep_until=keep_until, days_left=(keep_until - utc_date(now)).days, noticed_at=now
    )
    event_id = ids.event_id(event.type_name, event.key(), keep_until.isoformat(), days)
    return encode(event, event_id=event_id, source=SOURCE, time=now)
