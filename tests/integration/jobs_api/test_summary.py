"""Health at a glance, and days in the shop's own time zone."""

from datetime import UTC, datetime, timedelta

from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.kafka.record import Record
from printworks_jobs_api.shops import ShopProfiles
from printworks_jobs_api.tenancy import acting_for
from printworks_jobs_api.webhooks import BY_WEBHOOK, WebhookNotes

from tests.integration.jobs_api.parts import BEGIN, OTHER_SHOP, SHOP, Api, Making
from tests.records import record_of


def profile(time_zone: str, version: int = 1, shop: str = SHOP) -> CatalogEntry:
    return CatalogEntry(
        shop=shop, kind=CatalogKind.SHOP, entry_id="default", version=version, body={"time_zone": time_zone},
        changed_at=BEGIN,
    )  # fmt: skip


def order_of(shop: str, at: datetime, source: str = BY_WEBHOOK) -> Record:
    headers = {"ce_type": "printworks.order.received.v1", "ce_source": source, "ce_time": at.isoformat()}
    return Record(
        topic="printworks.orders.v1", partition=0, offset=0, timestamp=0, key=f"{shop}/1", value=b"{}", headers=headers
    )


async def test_the_summary_counts_what_waits_and_what_failed_and_times_todays_first_versions(api: Api) -> None:
    now = datetime.now(UTC)
    paid = now - timedelta(minutes=2)
    for order, state in (("1", "ready"), ("2", "failed"), ("3", "pending")):
        making = Making(order_id=order, created_at=paid)
        making.job()
        if state == "ready":
            making.ready()
            making.job(completed_at=now - timedelta(seconds=50))
        if state == "failed":
            making.failed()
        await api.projector.apply(making.snapshot())
    await WebhookNotes(api.pool).handle(order_of(SHOP, paid))
    async with await api.client() as client:
        summary = (await client.get("/v1/summary")).json()
    assert (summary["failed"], summary["pending"]) == (1, 1)
    assert summary["oldest_waiting"]["queued_at"].startswith(paid.isoformat()[:19])
    assert datetime.fromisoformat(summary["last_webhook_at"]) == paid
    if summary["ready_today"]:  # unless midnight lay in these two minutes
        assert summary["paid_to_ready_p50_seconds"] == 70.0


async def test_another_shops_summary_is_empty(api: Api) -> None:
    making = Making()
    making.failed()
    await api.projector.apply(making.snapshot())
    async with await api.client(OTHER_SHOP) as client:
        summary = (await client.get("/v1/summary")).json()
    assert (summary["failed"], summary["pending"], summary["oldest_waiting"]) == (0, 0, None)


async def test_what_the_reconciler_read_is_no_webhook(api: Api) -> None:
    await WebhookNotes(api.pool).handle(order_of(SHOP, BEGIN, source="printworks/ingest/reconciler"))
    async with await api.client() as client:
        assert (await client.get("/v1/summary")).json()["last_webhook_at"] is None


async def test_date_filters_are_days_of_the_shop(api: Api) -> None:
    await ShopProfiles(api.pool).handle(record_of(profile("America/Los_Angeles")))
    making = Making(created_at=datetime(2026, 11, 21, 5, 0, tzinfo=UTC))  # 21:00 of the 20th in Los Angeles
    making.job()
    await api.projector.apply(making.snapshot())
    async with await api.client() as client:
        found = {
            day: (await client.get("/v1/print-jobs", params={"date_from": day, "date_to": day})).json()
            for day in ("2026-11-20", "2026-11-21")
        }
        export = {"filter": {"date_from": "2026-11-20", "date_to": "2026-11-20"}, "action": "cancel"}
        counted = (await client.post("/v1/bulk-actions/count", json=export)).json()
    assert [len(page["items"]) for page in found.values()] == [1, 0]
    assert found["2026-11-20"]["time_zone"] == "America/Los_Angeles"
    assert counted["matched"] == 1


async def test_the_newest_profile_counts_and_an_unknown_zone_is_utc(api: Api) -> None:
    for time_zone, version in (("Europe/Berlin", 5), ("Asia/Tokyo", 4), ("Mars/Olympus", 6)):
        await ShopProfiles(api.pool).handle(record_of(profile(time_zone, version)))
        with acting_for(SHOP):
            facts = await api.services.shops.facts(SHOP, fresh=True)
        assert facts.zone.key == ("UTC" if version == 6 else "Europe/Berlin")
