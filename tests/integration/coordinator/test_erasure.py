"""What the coordinator holds of a person is gone after a request, is told without them, and does not come back."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from printworks_common.events.artwork import JobStatus
from printworks_common.events.control import CatalogKind, PrivacyRequested
from printworks_common.events.orders import OrderReceived, Property
from printworks_common.events.privacy import held_document_key
from printworks_common.postgres import Pool
from printworks_common.storage import ObjectStore
from printworks_render.coordinator.intake import OrderIntake
from printworks_render.coordinator.store import OrderStore

from tests.integration.coordinator.conftest import entry, map_the_poster
from tests.records import record_of
from tests.unit.coordinator.examples import NOW, SHOP, line, received

CANARY = "Canary"
OTHER = "other.myshopify.com"


def canary(order_id: str, shop: str = SHOP, **changes: Any) -> OrderReceived:
    """An order with the canary in name, text and picture URL."""
    properties = (
        Property(name="Photo", value=f"https://pictures.example.com/{CANARY}.jpg"),
        Property(name="Dedication", value=f"for {CANARY}"),
    )
    item = line(1).model_copy(update={"properties": properties})
    return received(item, shop=shop, order_id=order_id, customer_name=f"{CANARY} Bird", **changes)


def request(kind: str, *order_ids: str, shop: str = SHOP, at: datetime | None = None) -> PrivacyRequested:
    return PrivacyRequested.model_validate(
        {"shop": shop, "kind": kind, "request_id": f"r-{kind}", "order_ids": order_ids,
         "requested_at": at or datetime.now(UTC)}
    )  # fmt: skip


async def places(pool: Pool) -> set[str]:
    """Tables of the schema in which the canary stands, in whatever column."""
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'render'")
    found: set[str] = set()
    for row in tables:
        rows = await pool.fetch(f'SELECT t.*::text AS text FROM "{row["tablename"]}" t')
        values = [value for one in rows for value in one]
        if row["tablename"] == "outbox":
            values += [one["value"].decode() for one in await pool.fetch("SELECT value FROM outbox")]
        if any(CANARY in str(value) for value in values):
            found.add(row["tablename"])
    return found


async def answers(pool: Pool) -> list[dict[str, Any]]:

    rows = await pool.fetch("SELECT value FROM outbox WHERE topic = 'printworks.privacy.v1' ORDER BY id")
    return [json.loads(row["value"]) for row in rows]


async def test_nothing_of_the_person_is_left_and_the_order_is_told_as_cleared(
    store: OrderStore, pool: Pool, intake: OrderIntake
) -> None:
    await map_the_poster(store, SHOP)
    await intake.handle(record_of(canary("1")))
    await intake.handle(record_of(canary("2")))
    before = await store.order(SHOP, "1")
    assert before is not None
    assert await places(pool) == {"orders", "outbox"}

    await intake.handle(record_of(request("erase_customer", "1", "2", "404")))

    assert await places(pool) == set()
    after = await store.order(SHOP, "1")
    assert after is not None
    assert (after.version, after.artwork_status) == (before.version + 1, before.artwork_status)
    assert [job.status for job in after.jobs] == [JobStatus.CLEARED]
    assert [job.timeline[-1].event for job in after.jobs] == ["erased"]
    told = await pool.fetchval(
        "SELECT convert_from(value, 'UTF8')::jsonb ->> 'erased_at' FROM outbox "
        "WHERE topic = 'printworks.print-jobs.v1' AND key = $1 ORDER BY id DESC LIMIT 1",
        f"{SHOP}/1",
    )
    assert told is not None
    [answer] = await answers(pool)
    assert (answer["service"], answer["orders"]) == ("coordinator", 2)
    assert [one["order_id"] for one in answer["known_orders"]] == ["1", "2"]
    assert answer["known_orders"][0]["order_date"] == NOW.date().isoformat()


async def test_a_webhook_that_comes_again_brings_nothing_back(
    store: OrderStore, pool: Pool, intake: OrderIntake
) -> None:
    await map_the_poster(store, SHOP)
    await intake.handle(record_of(canary("1")))
    await intake.handle(record_of(request("erase_customer", "1", "2")))
    closed = await store.order(SHOP, "1")
    await pool.execute("DELETE FROM outbox")

    for order_id in ("1", "2"):  # one that was known, and one that came only after the request
        await intake.handle(record_of(canary(order_id)))
        await intake.handle(record_of(canary(order_id, minutes=5, read_from="admin_api")))

    assert await places(pool) == set()
    assert await store.order(SHOP, "1") == closed
    assert await store.order(SHOP, "2") is None
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_request_that_comes_again_changes_nothing_and_is_answered_the_same(
    store: OrderStore, pool: Pool, intake: OrderIntake
) -> None:
    await map_the_poster(store, SHOP)
    await intake.handle(record_of(canary("1")))
    asked = record_of(request("erase_customer", "1"))
    await intake.handle(asked)
    erased = await store.order(SHOP, "1")
    await intake.handle(asked)
    assert await store.order(SHOP, "1") == erased
    first, second = await answers(pool)
    assert {**first, "answered_at": ""} == {**second, "answered_at": ""}
    ids = await pool.fetch("SELECT headers ->> 'ce_id' AS id FROM outbox WHERE topic = 'printworks.privacy.v1'")
    assert len({row["id"] for row in ids}) == 1


async def test_other_customers_and_shops_keep_everything(store: OrderStore, pool: Pool, intake: OrderIntake) -> None:
    for shop in (SHOP, OTHER):
        await map_the_poster(store, shop)
        for order_id in ("1", "2"):
            await intake.handle(record_of(canary(order_id, shop)))
    others = [await store.order(SHOP, "2"), await store.order(OTHER, "1")]
    await intake.handle(record_of(request("erase_customer", "1")))
    assert [await store.order(SHOP, "2"), await store.order(OTHER, "1")] == others


async def test_of_an_erased_shop_nothing_is_left_but_ids(store: OrderStore, pool: Pool, intake: OrderIntake) -> None:
    for shop in (SHOP, OTHER):
        await map_the_poster(store, shop)
        await intake.handle(record_of(canary("1", shop)))
    await intake.handle(record_of(request("erase_shop")))
    assert await store.order(SHOP, "1") is None
    assert await pool.fetchval("SELECT count(*) FROM jobs WHERE shop = $1", SHOP) == 0
    assert await pool.fetchval("SELECT count(*) FROM timeline") == 1, "the other shop's"
    catalog = await store.catalog(SHOP)
    assert (catalog.templates, catalog.mappings) == ({}, ())
    assert await store.order(OTHER, "1") is not None
    await intake.handle(record_of(canary("1")))
    assert await store.order(SHOP, "1") is None

    # What the compacted topic still holds of the shop is read again at every start.
    await store.put_catalog(entry(CatalogKind.TEMPLATE, "poster", {"id": "poster"}, SHOP))
    assert (await store.catalog(SHOP)).templates == {}


async def test_what_is_held_of_a_person_is_laid_down_beside_the_files_of_each_order(
    store: OrderStore, pool: Pool, intake: OrderIntake, objects: ObjectStore
) -> None:
    await map_the_poster(store, SHOP)
    await intake.handle(record_of(canary("1")))
    before = await store.order(SHOP, "1")
    asked = request("export_customer", "1", "404")
    await intake.handle(record_of(asked))
    held = json.loads(await objects.get_bytes(held_document_key(SHOP, "1", NOW.date(), asked.request_id)))
    assert held["customer_name"] == f"{CANARY} Bird"
    assert [one["value"] for one in held["jobs"][0]["line"]["properties"]] == [
        f"https://pictures.example.com/{CANARY}.jpg",
        f"for {CANARY}",
    ]
    [answer] = await answers(pool)
    assert (answer["kind"], answer["orders"]) == ("export_customer", 1)
    assert await store.order(SHOP, "1") == before


async def test_a_shop_that_comes_back_is_served_anew(store: OrderStore, pool: Pool, intake: OrderIntake) -> None:
    erased = NOW + timedelta(minutes=1)
    await intake.handle(record_of(request("erase_shop", at=erased)))
    await intake.handle(record_of(canary("1")))
    await intake.handle(record_of(canary("2", created_at=erased + timedelta(minutes=1), minutes=2)))
    assert await store.order(SHOP, "1") is None
    assert await store.order(SHOP, "2") is not None
