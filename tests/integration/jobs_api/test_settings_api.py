"""Storage of the shop's own, retention period and holds: what is saved, what is published, what is never shown."""

import json
from typing import Any

import pytest
from printworks_common.catalog import OwnStorage, storage_seal
from printworks_common.clock import SystemClock
from printworks_common.events.control import CatalogEntry
from printworks_common.sealing import Sealer
from printworks_common.storage.merchant import TEST_OBJECT
from printworks_jobs_api.catalog import Catalog
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.own_storage import OwnStorages
from printworks_local.stack import Stack

from tests.integration.jobs_api.parts import OTHER_SHOP, SHOP, Api, Making, api_settings, stored_file

SECRET = "wJalrXUtnFEMI/K7MDENG"


@pytest.fixture
def form(stack: Stack, jobs_bucket: str) -> dict[str, Any]:
    """What a merchant fills in; their storage is the test's own bucket."""
    return {
        "endpoint": stack.info.s3_endpoint,
        "bucket": jobs_bucket,
        "path_template": "{order}/{sku}-{line}.{ext}",
        "access_key": stack.info.s3_access_key,
        "secret_key": stack.info.s3_secret_key,
    }


async def published(api: Api) -> list[CatalogEntry]:
    return [CatalogEntry.model_validate_json(one) for one in await api.published("printworks.catalog.v1")]


async def test_credentials_are_sealed_and_never_shown(api: Api, form: dict[str, Any]) -> None:
    async with await api.client() as client:
        hosted = await client.get("/v1/settings/storage")
        assert (hosted.json()["own"], hosted.json()["offered"], hosted.headers["etag"]) == (False, True, '"0"')
        saved = await client.put(
            "/v1/settings/storage", json=form | {"secret_key": SECRET}, headers={"If-Match": hosted.headers["etag"]}
        )
        assert (saved.status_code, saved.json()["own"], saved.headers["etag"]) == (200, True, '"1"'), saved.text
        shown = (await client.get("/v1/settings/storage")).text
    assert SECRET not in shown + saved.text
    [entry] = await published(api)
    assert SECRET not in entry.model_dump_json()
    assert SECRET not in str(await api.pool.fetch("SELECT * FROM catalog"))
    sealer = api.settings.sealer()
    assert sealer is not None
    storage = OwnStorage.model_validate(entry.body)
    assert sealer.open(storage.secret_key, storage_seal(SHOP)) == SECRET


async def test_a_change_needs_the_version_that_it_was_made_of(api: Api, form: dict[str, Any]) -> None:
    async with await api.client() as client:
        blind = await client.put("/v1/settings/storage", json=form)
        assert (blind.status_code, blind.json()["code"]) == (428, "precondition_required")
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": '"0"'})
        late = await client.put("/v1/settings/storage", json=form, headers={"If-Match": '"0"'})
        assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
        same = await client.put("/v1/settings/storage", json=form, headers={"If-Match": '"1"'})
        assert same.headers["etag"] == '"1"'


async def test_without_a_new_secret_the_stored_one_is_kept_for_the_same_access_key(
    api: Api, form: dict[str, Any]
) -> None:
    without = {name: value for name, value in form.items() if name != "secret_key"}
    async with await api.client() as client:
        first = await client.put("/v1/settings/storage", json=without, headers={"If-Match": '"0"'})
        assert (first.status_code, first.json()["code"]) == (422, "secret_key_needed")
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": '"0"'})
        kept = await client.put(
            "/v1/settings/storage", json=without | {"path_template": "{line}.{ext}"}, headers={"If-Match": "*"}
        )
        assert kept.status_code == 200
        other = await client.put(
            "/v1/settings/storage", json=without | {"access_key": "another"}, headers={"If-Match": "*"}
        )
        assert other.json()["code"] == "secret_key_needed"
    before, after = [OwnStorage.model_validate(one.body) for one in await published(api)]
    assert before.secret_key == after.secret_key


async def test_back_to_hosted_the_earlier_bucket_is_remembered(api: Api, form: dict[str, Any]) -> None:
    async with await api.client() as client:
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": '"0"'})
        back = await client.delete("/v1/settings/storage", headers={"If-Match": '"1"'})
        assert (back.status_code, back.json()["own"], back.headers["etag"]) == (200, False, '"2"')
        again = await client.put(
            "/v1/settings/storage", json=form | {"bucket": "another-bucket"}, headers={"If-Match": '"2"'}
        )
        assert (again.json()["own"], again.json()["earlier_buckets"]) == (True, [form["bucket"]])


async def test_the_test_writes_and_reads_one_small_object(api: Api, form: dict[str, Any]) -> None:
    async with await api.client() as client:
        tried = await client.post("/v1/settings/storage/test", json=form)
        assert tried.json()["ok"], tried.text
        assert b"Printworks has tested" in await api.store.get_bytes(TEST_OBJECT)
        nothing = await client.post("/v1/settings/storage/test")
        assert (nothing.status_code, nothing.json()["code"]) == (409, "no_own_storage")
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": "*"})
        assert (await client.post("/v1/settings/storage/test")).json()["ok"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bucket": "there-is-none-of-this-name"}, "storage_bucket_missing"),
        ({"secret_key": "wrong"}, "storage_refused"),
        ({"endpoint": "http://127.0.0.1:9"}, "storage_unreachable"),
        ({"endpoint": "http://169.254.169.254"}, "storage_address_refused"),
        ({"endpoint": "http://no-such-host.invalid"}, "storage_unreachable"),
    ],
)
async def test_the_test_says_what_is_wrong(api: Api, form: dict[str, Any], changes: dict[str, str], code: str) -> None:
    async with await api.client() as client:
        tried = await client.post("/v1/settings/storage/test", json=form | changes)
    assert (tried.status_code, tried.json()["ok"], tried.json()["code"]) == (200, False, code), tried.text


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "ftp://s3.example"},
        {"endpoint": "https://user:password@s3.example"},
        {"endpoint": "https://s3.example/bucket"},
        {"endpoint": "https://s3.example:port"},
        {"bucket": "No"},
        {"path_template": "{order}/{nothing}"},
        {"path_template": "../{order}"},
        {"public_base_url": "https://cdn.example/?x=1"},
        {"region": "a b"},
        {"more": 1},
    ],
    ids=str,
)
async def test_what_cannot_be_a_storage_is_refused(api: Api, form: dict[str, Any], changes: dict[str, Any]) -> None:
    async with await api.client() as client:
        answer = await client.put("/v1/settings/storage", json=form | changes, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert form["secret_key"] not in answer.text


async def test_private_addresses_and_http_are_for_tests_alone(api: Api, stack: Stack, form: dict[str, Any]) -> None:
    settings = api_settings(
        stack, api.settings.postgres_dsn.get_secret_value(), api.settings.bucket, allow_private_addresses=False
    )
    strict = api.configured(settings)
    async with await strict.client() as client:
        plain = await client.post("/v1/settings/storage/test", json=form)
        assert (plain.status_code, plain.json()["code"]) == (422, "storage_address_refused")
        inside = await client.post(
            "/v1/settings/storage/test", json=form | {"endpoint": form["endpoint"].replace("http:", "https:")}
        )
        assert inside.json()["code"] == "storage_address_refused"


async def test_without_sealing_keys_no_storage_is_offered(api: Api, stack: Stack, form: dict[str, Any]) -> None:
    dsn = api.settings.postgres_dsn.get_secret_value()
    settings = api_settings(stack, dsn, api.settings.bucket, sealing_keys=None)
    plain = api.configured(settings)
    async with await plain.client() as client:
        assert (await client.get("/v1/settings/storage")).json()["offered"] is False
        refused = await client.put("/v1/settings/storage", json=form, headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["code"]) == (409, "storage_not_offered")


async def test_a_path_template_is_shown_on_the_newest_file(api: Api) -> None:
    async with await api.client() as client:
        invented = await client.get("/v1/settings/storage/path-example?template={order}/{sku}")
        assert invented.json() == {"path": "1001/POSTER-A2.pdf"}
        making = Making(name="#2044")
        making.ready("1", stored_file(making.job().job_id, "print", b"pdf"))
        await api.project(making)
        real = await client.get("/v1/settings/storage/path-example?template={order}/{sku}-{line}")
        assert real.json() == {"path": "2044/PW-PHOTO-1.pdf"}
        wrong = await client.get("/v1/settings/storage/path-example?template={colour}")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "name_template_invalid")


async def test_a_new_sealing_key_seals_all_that_was_sealed_with_the_old_one(api: Api, form: dict[str, Any]) -> None:
    async with await api.client() as client, await api.client(OTHER_SHOP) as other:
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": "*"})
        await other.put("/v1/settings/storage", json=form, headers={"If-Match": "*"})
    old = api.settings.sealer()
    assert old is not None
    both = Sealer({"s2": b"3" * 32, **old.keys}, "s2")
    storages = OwnStorages(api.pool, Catalog(api.pool, SystemClock()), both, allow_private_addresses=True)
    assert await storages.reseal() == 2
    assert await storages.reseal() == 0
    new = Sealer({"s2": b"3" * 32}, "s2")
    for shop in (SHOP, OTHER_SHOP):
        storage = (await storages.state(shop)).storage
        assert storage is not None
        assert new.open(storage.secret_key, storage_seal(shop)) == form["secret_key"]


async def test_a_retention_period_is_set_from_the_version_that_was_read(api: Api) -> None:
    async with await api.client() as client:
        usual = await client.get("/v1/settings/retention")
        assert usual.json() == {"days": 90, "version": 0}
        blind = await client.put("/v1/settings/retention", json={"days": 30})
        assert blind.status_code == 428
        saved = await client.put("/v1/settings/retention", json={"days": 30}, headers={"If-Match": '"0"'})
        assert saved.json() == {"days": 30, "version": 1}
        late = await client.put("/v1/settings/retention", json={"days": 60}, headers={"If-Match": '"0"'})
        assert late.status_code == 412
        cached = await client.get("/v1/settings/retention", headers={"If-None-Match": '"1"'})
        assert cached.status_code == 304
        for days in (0, 3651, "30", 1.5):
            refused = await client.put("/v1/settings/retention", json={"days": days}, headers={"If-Match": "*"})
            assert refused.status_code == 422
    [entry] = await published(api)
    assert (entry.kind, entry.entry_id, entry.body) == ("retention", "default", {"days": 30})


async def test_a_hold_is_published_without_who_and_why(api: Api) -> None:
    await api.project(making := Making())
    async with await api.client() as client:
        placed = await client.post(
            "/v1/holds", json={"order_id": making.order_id, "reason": "Dispute with Ada", "until": "2099-01-01"}
        )
        assert placed.status_code == 201, placed.text
        hold = placed.json()
        assert (hold["order_name"], hold["reason"], hold["over"]) == ("#1001", "Dispute with Ada", False)
        assert (await client.get(f"/v1/holds/{hold['hold_id']}")).json() == hold
        assert [one["hold_id"] for one in (await client.get("/v1/holds")).json()["items"]] == [hold["hold_id"]]
        assert (await client.delete(f"/v1/holds/{hold['hold_id']}")).status_code == 204
        assert (await client.delete(f"/v1/holds/{hold['hold_id']}")).status_code == 404
        assert (await client.get("/v1/holds")).json()["items"] == []
    first, second = await published(api)
    assert (first.kind, first.body) == ("hold", {"order_id": making.order_id, "until": "2099-01-01"})
    assert (second.entry_id, second.deleted, second.body) == (first.entry_id, True, {})


async def test_a_hold_needs_an_order_of_the_shop_a_reason_and_a_day_that_is_not_over(api: Api) -> None:
    await api.project(making := Making())
    async with await api.client() as client, await api.client(OTHER_SHOP) as other:
        whole_shop = await client.post("/v1/holds", json={"reason": "Audit"})
        assert whole_shop.json()["order_id"] is None
        foreign = await other.post("/v1/holds", json={"order_id": making.order_id, "reason": "x"})
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
        assert (await other.delete(f"/v1/holds/{whole_shop.json()['hold_id']}")).status_code == 404
        for body in ({}, {"reason": ""}, {"reason": "x", "until": "2020-01-01"}, {"reason": "x", "order_id": "abc"}):
            assert (await client.post("/v1/holds", json=body)).status_code == 422
    async with await api.client(SHOP, Scope.JOBS_READ) as reader:
        assert (await reader.post("/v1/holds", json={"reason": "x"})).status_code == 403


async def test_a_request_whose_key_is_at_work_is_told_to_wait(api: Api) -> None:
    async with await api.client() as client, api.pool.acquire() as connection, connection.transaction():
        await connection.fetchval("SELECT pg_advisory_xact_lock(hashtextextended($1, 7077))", f"{SHOP}/k")
        meanwhile = await client.post("/v1/holds", json={"reason": "x"}, headers={"Idempotency-Key": "k"})
        assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency_in_flight")
        assert meanwhile.headers["retry-after"] == "1"
    async with await api.client() as client:
        first = await client.post("/v1/holds", json={"reason": "x"}, headers={"Idempotency-Key": "k"})
        again = await client.post("/v1/holds", json={"reason": "x"}, headers={"Idempotency-Key": "k"})
        other = await client.post("/v1/holds", json={"reason": "y"}, headers={"Idempotency-Key": "k"})
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_files_are_delivered_again_only_to_a_storage_of_the_shops_own(api: Api, form: dict[str, Any]) -> None:
    making = Making()
    making.ready()
    await api.project(making)
    path = f"/v1/print-jobs/{making.jobs['1'].job_id}/redeliver"
    async with await api.client() as client:
        refused = await client.post(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "no_own_storage")
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": "*"})
        assert (await client.post(path)).json()["outcome"] == "accepted"
        await client.delete("/v1/settings/storage", headers={"If-Match": "*"})
        assert (await client.post(path)).json()["code"] == "no_own_storage"
    assert [json.loads(one)["kind"] for one in await api.published("printworks.commands.v1")] == ["redeliver"]
