"""When a shop's last webhook came: read from the envelopes of the orders, never from what is in them."""

from datetime import datetime, timedelta

from printworks_common.errors import PoisonError
from printworks_common.kafka.record import Record
from printworks_common.postgres import Pool, ground_errors, load_queries

SQL = load_queries("printworks_jobs_api", "sql/shops.sql")

BY_WEBHOOK = "printworks/ingest/receiver"
"""`ce_source` of what came by webhook; what the reconciler has read says nothing about webhooks."""

PRECISION = timedelta(seconds=1)
"""A shop's busy hour is not worth a write for each webhook."""


class WebhookNotes:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._noted: dict[str, datetime] = {}

    async def handle(self, record: Record) -> None:
        """Note when this order came, if it came by webhook. Raises PoisonError for an envelope without a time."""
        if record.headers.get("ce_source") != BY_WEBHOOK:
            return
        shop = record.key.partition("/")[0]
        try:
            came_at = datetime.fromisoformat(record.headers.get("ce_time", ""))
        except ValueError as error:
            raise PoisonError("The event does not say when it happened.", code="unreadable_event") from error
        if came_at.tzinfo is None:
            raise PoisonError("The event's time has no zone.", code="unreadable_event")
        noted = self._noted.get(shop)
        if noted is not None and came_at < noted + PRECISION:
            return
        with ground_errors():
            await self._pool.execute(SQL["note_webhook"], shop, came_at)
        self._noted[shop] = came_at
