"""After a request nothing of the person is in the read model, its links say so, and no snapshot brings it back."""

import io
import json
import uuid
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from printworks_common.clock import SystemClock
from printworks_common.events.control import PrivacyRequested
from printworks_common.events.privacy import PrivacyAnswered, held_document_key, services_asked
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.postgres import Pool
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.privacy import Privacy
from printworks_jobs_api.privacy_report import PrivacyReport, json_lines, table, waits_for
from printworks_local.evidence import read_topic

from tests.integration.jobs_api.parts import OTHER_SHOP, PIXEL, SHOP, Api, Making, stored_file
from tests.records import record_of

CANARY = "Canary"


def request(kind: str, *order_ids: str, request_id: str = "") -> PrivacyRequested:
    return PrivacyRequested.model_validate(
        {"shop": SHOP, "kind": kind, "request_id": request_id or uuid.uuid4().hex, "order_ids": order_ids,
         "requested_at": datetime.now(UTC)}
    )  # fmt: skip


@pytest.fixture
async def privacy(api: Api) -> AsyncIterator[Privacy]:
    await ensure_topics(api.settings, GROUPS)
    producer = KafkaProducer(api.settings)
    await producer.start()
    yield Privacy(api.pool, api.services.catalog, producer, SystemClock())
    await producer.stop()


def canary(shop: str = SHOP, order_id: str = "5001") -> Making:
    """An order of the canary, with a file."""
    making = Making(shop=shop, order_id=order_id, customer=f"{CANARY} Bird")
    file = stored_file(making.job().job_id, "preview", PIXEL)
    job = making.ready("1", file)
    texts = [one.model_copy(update={"value": f"for {CANARY}"}) for one in job.texts]
    making.jobs["1"] = job.model_copy(update={"texts": tuple(texts), "reason_detail": f"the text for {CANARY}"})
    return making


async def places(pool: Pool, word: str = CANARY) -> set[str]:
    """Tables of the schema in which a word stands, in whatever column and case."""
    found: set[str] = set()
    for row in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'jobs_api'"):
        text = await pool.fetch(f'SELECT t.*::text FROM "{row["tablename"]}" t')
        if any(word.casefold() in str(value).casefold() for one in text for value in one):
            found.add(row["tablename"])
    return found


async def test_names_texts_search_keys_exports_and_reasons_of_holds_go(api: Api, privacy: Privacy) -> None:
    making = canary()
    await api.project(making)
    client = await api.client()
    asked = {"ids": [str(making.jobs["1"].job_id)]}
    assert (await client.post("/v1/exports", json=asked)).status_code == 202
    searched = {"filter": {"q": CANARY}}
    keys = {"Idempotency-Key": uuid.uuid4().hex}
    assert (await client.post("/v1/exports", json=searched, headers=keys)).status_code == 202
    while await api.services.planner.step():
        pass
    hold = {"order_id": "5001", "reason": f"{CANARY} disputes the payment"}
    assert (await client.post("/v1/holds", json=hold)).status_code == 201
    assert await places(api.pool) == {"orders", "jobs", "exports", "idempotency", "holds"}
    assert (await client.get("/v1/print-jobs", params={"q": CANARY})).json()["items"]

    await privacy.requested(record_of(request("erase_customer", "5001")))

    assert await places(api.pool) == set()
    assert (await client.get("/v1/print-jobs", params={"q": CANARY})).json()["items"] == []
    assert (await client.get("/v1/exports")).json()["items"] == []
    assert (await client.get("/v1/holds")).json()["items"] == []
    order = (await client.get("/v1/orders/5001")).json()
    assert (order["customer_name"], [job["status"] for job in order["jobs"]]) == (None, ["cleared"])


async def test_links_of_erased_files_are_answered_410(api: Api, privacy: Privacy) -> None:
    making = canary()
    [file] = making.jobs["1"].artwork[0].files
    await api.store.put_bytes(file.key, PIXEL, file.media_type)
    await api.project(making)
    browser = api.browser()
    assert (await browser.get(api.link(file))).status_code == 200
    await privacy.requested(record_of(request("erase_customer", "5001")))
    assert (await browser.get(api.link(file))).status_code == 410


async def test_only_the_snapshot_that_says_so_is_taken_afterwards(api: Api, privacy: Privacy) -> None:
    making = canary()
    await api.project(making)
    await privacy.requested(record_of(request("erase_customer", "5001", "5002")))
    assert not await api.projector.apply(making.snapshot())
    assert not await api.projector.apply(canary(order_id="5002").snapshot())
    assert await places(api.pool) == set()
    told = making.snapshot().model_copy(
        update={"erased_at": datetime.now(UTC), "customer_name": None, "jobs": ()}
    )  # fmt: skip
    assert await api.projector.apply(told)


async def test_other_customers_and_shops_keep_everything(api: Api, privacy: Privacy) -> None:
    await api.project(canary(), canary(order_id="5002"), canary(OTHER_SHOP))
    await privacy.requested(record_of(request("erase_customer", "5001")))
    names = await api.pool.fetch("SELECT shop, order_id, customer_name FROM orders ORDER BY shop, order_id")
    assert [tuple(row) for row in names] == [
        (SHOP, 5001, None),
        (SHOP, 5002, f"{CANARY} Bird"),
        (OTHER_SHOP, 5001, f"{CANARY} Bird"),
    ]


async def test_of_a_shop_nothing_is_left_its_keys_end_and_its_catalog_is_told_to_have_ended(
    api: Api, privacy: Privacy
) -> None:
    making = canary()
    [file] = making.jobs["1"].artwork[0].files
    await api.project(making, canary(OTHER_SHOP))
    client = await api.client()
    await client.post("/v1/holds", json={"reason": CANARY})
    await client.put("/v1/settings/retention", json={"days": 30}, headers={"If-Match": "*"})
    before = len(await api.published("printworks.catalog.v1"))

    await privacy.requested(record_of(request("erase_shop")))

    assert (await client.get("/v1/orders/5001")).status_code == 401
    tables = ("orders", "jobs", "changes", "change_counters", "exports", "holds", "api_keys", "commands", "idempotency")
    assert [await api.pool.fetchval(f"SELECT count(*) FROM {one} WHERE shop = $1", SHOP) for one in tables] == [0] * 9
    assert await api.pool.fetchval("SELECT count(*) FROM orders WHERE shop = $1", OTHER_SHOP) == 1
    assert (await api.browser().get(api.link(file))).status_code == 410
    told = [json.loads(one) for one in (await api.published("printworks.catalog.v1"))[before:]]
    assert sorted((one["kind"], one["deleted"], one["body"]) for one in told) == [
        ("hold", True, {}),
        ("retention", True, {}),
    ]
    assert not await api.projector.apply(making.snapshot())


async def test_a_request_is_done_when_every_service_has_answered(api: Api, privacy: Privacy) -> None:
    asked = request("erase_customer", "5001", request_id="4711")
    await privacy.requested(record_of(asked))
    report = PrivacyReport(api.pool)
    for place, service in enumerate(services_asked(asked.kind)):
        [row] = await report.requests(SHOP, done=False, limit=10)
        assert waits_for(row) == list(services_asked(asked.kind)[place:])
        assert (row["deadline"] - row["requested_at"]).days == 30
        answer = PrivacyAnswered(
            shop=SHOP, kind=asked.kind, request_id="4711", service=service, orders=1, answered_at=datetime.now(UTC)
        )
        await privacy.answered(record_of(answer))
    assert await report.requests(SHOP, done=False, limit=10) == []
    [row] = await report.requests(SHOP, done=True, limit=10)
    assert row["done_at"] is not None
    [_head, line] = table([row])
    assert " ".join(line.split()).endswith(f"{SHOP} erase_customer 4711 1 done {row['done_at']:%Y-%m-%d %H:%M:%S}")
    [printed] = [json.loads(one) for one in json_lines([row])]
    assert (printed["waits_for"], printed["answers"]["retention"]["orders"]) == ([], 1)


async def test_the_read_model_answers_for_itself(api: Api, privacy: Privacy) -> None:
    asked = request("erase_customer", "5001")
    await privacy.requested(record_of(asked))
    events: list[dict[str, Any]] = [
        one.data for one in await read_topic(api.settings.kafka_bootstrap, "printworks.privacy.v1")
    ]
    assert [one["service"] for one in events if one["request_id"] == asked.request_id] == ["jobs-api"]


async def test_a_data_request_gives_rows_and_files_of_the_named_orders_once_the_coordinator_has_answered(
    api: Api, privacy: Privacy
) -> None:
    # Orders that no other test has: the bucket is shared.
    making, other = canary(order_id="814001"), canary(order_id="814002")
    await api.project(making, other)
    asked = request("export_customer", "814001", "404", request_id="814")
    folder = f"orders/{making.created_at.date()}/{SHOP}"
    document = held_document_key(SHOP, "814001", making.created_at.date(), asked.request_id)
    await api.store.put_bytes(document, b'{"design": "all of it"}', "application/json")
    await api.store.put_bytes(f"{folder}/814001/job/inputs/picture", PIXEL, "image/png")
    await api.store.put_bytes(f"{folder}/814002/job/inputs/picture", PIXEL, "image/png")
    await privacy.requested(record_of(asked))
    client = await api.client()
    way = "/v1/privacy-requests/814/export"
    assert (await client.get(way)).status_code == 409
    await privacy.answered(
        record_of(
            PrivacyAnswered(
                shop=SHOP, kind=asked.kind, request_id="814", service="coordinator", orders=1,
                answered_at=datetime.now(UTC),
            )
        )
    )  # fmt: skip
    answer = await client.get(way)
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = {name.removeprefix("orders/814001/") for name in archive.namelist()}
        held = json.loads(archive.read("orders/814001/order.json"))
        assert names == {"order.json", "files/job/inputs/picture", f"files/held/{document.rsplit('/', 1)[1]}"}
    assert held["customer_name"] == f"{CANARY} Bird"
    assert held["print_jobs"][0]["detail"]["texts"] == [
        {"name": "Text", "value": f"for {CANARY}", "origin": "property"}
    ]

    assert (await (await api.client(OTHER_SHOP)).get(way)).status_code == 404
    assert (await (await api.client(SHOP, Scope.JOBS_READ)).get(way)).status_code == 403
    listed = (await client.get("/v1/privacy-requests")).json()["items"]
    assert [(one["request_id"], one["waits_for"], one["orders"]) for one in listed] == [("814", ["jobs-api"], 2)]
