"""How many snapshots a second one projector takes: decoded from their bytes to committed rows."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from printworks_common import ids
from printworks_common.clock import SystemClock
from printworks_common.events.print_jobs import JobSnapshot, OrderSnapshot, TimelineEntry
from printworks_common.kafka.record import Record
from printworks_common.postgres import Pool
from printworks_jobs_api.projector import Projector
from printworks_jobs_api.settings import ProjectorSettings

PARALLEL: int = ProjectorSettings.model_fields["projector_parallel"].default
SHOPS = 200
AIM = 2_000
REBUILT = 1_000_000

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def record_of(number: int, version: int) -> Record:
    """A snapshot of an order with one print job, as it lies on the topic."""
    shop, order_id = f"projected-{number % SHOPS}.myshopify.com", str(9_000_000_000 + number)
    at = BEGIN + timedelta(seconds=number)
    job = JobSnapshot(
        job_id=ids.job_id(shop, order_id, "1"), line_item_id="1", version=version, status="pending", step="pinning",
        product_title="Photo print", quantity=1, artwork_version=1, queued_at=at, sku="PW-PHOTO", template_id="photo",
        timeline=(TimelineEntry(at=at, event="paid", artwork_version=1),),
    )  # fmt: skip
    event = OrderSnapshot(
        shop=shop, order_id=order_id, order_gid=ids.gid("Order", order_id), order_name=f"#{number}", version=version,
        created_at=at, order_date=at.date(), first_paid_at=at, retention_date=at.date() + timedelta(days=90),
        customer_name="Jörg Müller", artwork_status="pending", jobs=(job,), occurred_at=at,
    )  # fmt: skip
    return Record(
        topic=event.topic, partition=0, offset=number, timestamp=0, key=event.key(),
        value=event.model_dump_json().encode(),
        headers={"ce_type": event.type_name, "ce_id": str(number), "content-type": "application/json"},
    )  # fmt: skip


async def projected(pool: Pool, count: int) -> None:
    """Print the rates of `count` new orders, of their next versions, and of the same once more."""
    projector = Projector(pool, SystemClock())
    print(f"\nprojector, one process, {PARALLEL} snapshots at a time")
    first = [record_of(number, 1) for number in range(count)]
    second = [record_of(number, 2) for number in range(count)]
    rate = 0.0
    for name, records in (("new orders", first), ("next versions", second), ("duplicates", second)):
        began, cpu = time.perf_counter(), time.process_time()
        await _each(projector, records)
        seconds, busy = time.perf_counter() - began, time.process_time() - cpu
        rate = rate or count / seconds
        print(f"  {name:<16}{count / seconds:9.0f} a second, {busy / count * 1e6:6.0f} µs of the projector's CPU each")
    print(f"  aim {AIM}; {REBUILT:,} new orders at that rate: {REBUILT / rate / 60:.0f} minutes")


async def _each(projector: Projector, records: Sequence[Record]) -> None:
    waiting = iter(records)

    async def lane() -> None:
        for record in waiting:
            await projector.handle(record)

    await asyncio.gather(*(lane() for _ in range(PARALLEL)))
