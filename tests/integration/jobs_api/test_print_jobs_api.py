"""`/v1/print-jobs`, `/v1/orders`, `/v1/changes`: what was projected is found, page by page, by its own shop only."""

import asyncio
from datetime import timedelta

import pytest
from printworks_jobs_api.keys import Scope

from tests.integration.jobs_api.parts import BEGIN, OTHER_SHOP, SHOP, Api, Making, stored_file


async def fill(api: Api) -> None:
    """Three orders: ready, failed, in progress; two days apart from each other."""
    ready = Making(order_id="1", name="#1001", customer="Jörg Müller")
    job = ready.job("11").job_id
    ready.ready("11", stored_file(job, "print", b"print"), stored_file(job, "thumbnail", b"thumb"))
    failed = Making(order_id="2", name="#1002", customer="田中花子", created_at=BEGIN + timedelta(days=2))
    failed.failed("21", "upload_missing", sku="PW-DIAMOND", template_id="diamond")
    busy = Making(order_id="3", name="#2001", customer="Ada O’Brien", created_at=BEGIN + timedelta(days=4))
    busy.job("31")
    await api.project(ready, failed, busy)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["#2001", "#1002", "#1001"]),
        ("?q=1001", ["#1001"]),
        ("?q=100", ["#1002", "#1001"]),
        ("?q=muller", ["#1001"]),
        ("?q=obrien", ["#2001"]),
        ("?q=田中", ["#1002"]),
        ("?q=mu", ["#1001"]),
        ("?q=ul", []),
        ("?q=%25", []),
        ("?q=%00", ["#2001", "#1002", "#1001"]),
        ("?status=failed", ["#1002"]),
        ("?status=failed&status=pending", ["#2001", "#1002"]),
        ("?date_from=2026-11-22", ["#2001", "#1002"]),
        ("?date_to=2026-11-22", ["#1002", "#1001"]),
        ("?date_from=2026-11-21&date_to=2026-11-23", ["#1002"]),
        ("?product=PW-DIAMOND", ["#1002"]),
        ("?product=900&status=ready", ["#1001"]),
        ("?reason=upload_missing", ["#1002"]),
        ("?template=photo", ["#2001", "#1001"]),
        ("?sort=created_at", ["#1001", "#1002", "#2001"]),
        ("?sort=changed", ["#1001", "#1002", "#2001"]),
        ("?sort=-queued_at", ["#2001", "#1002", "#1001"]),
    ],
)
async def test_print_jobs_are_found_by_every_filter(api: Api, query: str, names: list[str]) -> None:
    await fill(api)
    async with await api.client() as client:
        answer = await client.get(f"/v1/print-jobs{query}")
    assert answer.status_code == 200, answer.text
    assert [item["order_name"] for item in answer.json()["items"]] == names


async def test_a_number_is_a_product_a_variant_or_a_sku_and_its_pages_are_in_order(api: Api) -> None:
    making = Making(order_id="1", name="#1001")
    making.job("11", product_id="77", variant_id="1", sku="A")
    making.job("12", product_id="2", variant_id="77", sku="B")
    making.job("13", product_id="3", variant_id="3", sku="77")
    making.job("14", product_id="77", variant_id="77", sku="77")
    making.job("15", product_id=None, variant_id=None, sku="77")
    making.job("16", product_id="78", variant_id="76", sku="777")
    later = Making(order_id="2", name="#1002", created_at=BEGIN + timedelta(hours=1))
    later.job("21", product_id=None, variant_id="77", sku=None)
    await api.project(making, later)
    async with await api.client() as client:
        whole = (await client.get("/v1/print-jobs?product=77&counts=true")).json()
        first = (await client.get("/v1/print-jobs?product=77&limit=4")).json()
        rest = (await client.get(f"/v1/print-jobs?product=77&limit=4&cursor={first['next_cursor']}")).json()
        failed = (await client.get("/v1/print-jobs?product=77&status=failed")).json()
    assert whole["counts"] == {"pending": 6}
    assert {item["line_item_id"] for item in whole["items"]} == {"11", "12", "13", "14", "15", "21"}
    assert [item["order_name"] for item in whole["items"]] == ["#1002"] + ["#1001"] * 5
    assert first["items"] + rest["items"] == whole["items"]
    assert (rest["next_cursor"], failed["items"]) == (None, [])


async def test_a_print_job_carries_what_the_view_shows(api: Api) -> None:
    await fill(api)
    async with await api.client() as client:
        page = (await client.get("/v1/print-jobs?counts=true")).json()
        assert page["counts"] == {"ready": 1, "failed": 1, "pending": 1}
        failed = page["items"][1]
        assert failed["status"] == "failed"
        assert failed["reason_code"] == "upload_missing"
        assert failed["reason"].startswith("The customer's picture")
        assert failed["advice"]
        assert failed["order_id"] == "2"
        assert failed["admin_url"] == "https://admin.shopify.com/store/aurora-prints/orders/2"
        ready = (await client.get(f"/v1/print-jobs/{page['items'][2]['job_id']}")).json()
    assert [file["role"] for file in ready["files"]] == ["print", "thumbnail"]
    assert ready["files"][0]["url"].startswith("http://print.example/files/")
    assert ready["texts"] == [{"name": "Text", "value": "For Ada", "origin": "property"}]
    assert [entry["event"] for entry in ready["timeline"]] == ["paid"]


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "-changed", "changed", "-queued_at", "queued_at"])
async def test_pages_follow_each_other_without_gap_or_repeat(api: Api, sort: str) -> None:
    for number in range(11):
        # Three orders at the same moment: the id decides between them.
        making = Making(order_id=str(number), name=f"#{number}", created_at=BEGIN + timedelta(minutes=number // 3))
        making.job()
        await api.project(making)
    seen: list[str] = []
    async with await api.client() as client:
        url: str | None = f"/v1/print-jobs?limit=4&sort={sort}"
        pages = 0
        while url is not None:
            answer = await client.get(url)
            seen += [item["job_id"] for item in answer.json()["items"]]
            pages += 1
            link = answer.headers.get("link")
            assert (link is None) == (answer.json()["next_cursor"] is None)
            url = link[1 : link.index(">")] if link else None
    assert (len(seen), len(set(seen)), pages) == (11, 11, 3)


async def test_orders_are_listed_with_their_jobs_and_files(api: Api) -> None:
    await fill(api)
    async with await api.client() as client:
        first = (await client.get("/v1/orders?limit=2")).json()
        second = (await client.get("/v1/orders", params={"limit": 2, "cursor": first["next_cursor"]})).json()
        failed = (await client.get("/v1/orders?status=failed")).json()
        order = (await client.get("/v1/orders/1")).json()
    assert [one["order_name"] for one in [*first["items"], *second["items"]]] == ["#2001", "#1002", "#1001"]
    assert [one["order_name"] for one in failed["items"]] == ["#1002"]
    assert order["artwork_status"] == "ready"
    assert order["artwork_files"] == [file["url"] for file in order["jobs"][0]["files"] if file["role"] == "print"]
    assert order["jobs"][0]["timeline"]


async def test_files_of_a_line_that_was_refunded_when_it_was_ready_are_not_to_be_printed(api: Api) -> None:
    making = Making(order_id="1")
    kept, refunded = (making.job(line).job_id for line in ("11", "12"))
    making.ready("11", stored_file(kept, "print", b"kept"))
    making.ready("12", stored_file(refunded, "print", b"refunded"))
    making.job("12", status="cancelled")
    await api.project(making)
    async with await api.client() as client:
        order = (await client.get("/v1/orders/1")).json()
    by_job = {job["job_id"]: job["files"] for job in order["jobs"]}
    assert order["artwork_status"] == "ready"
    assert order["artwork_files"] == [by_job[str(kept)][0]["url"]]
    assert by_job[str(refunded)][0]["state"] == "live"


async def test_a_client_that_has_the_answer_is_told_so(api: Api) -> None:
    await fill(api)
    async with await api.client() as client:
        for path in ("/v1/print-jobs", "/v1/orders", "/v1/orders/1"):
            etag = (await client.get(path)).headers["etag"]
            again = await client.get(path, headers={"If-None-Match": etag})
            assert (again.status_code, again.content) == (304, b"")


async def test_links_of_files_need_the_scope_for_files(api: Api) -> None:
    await fill(api)
    async with await api.client(SHOP, Scope.JOBS_READ) as client:
        order = (await client.get("/v1/orders/1")).json()
    assert order["artwork_files"] == []
    assert {file["url"] for file in order["jobs"][0]["files"]} == {None}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/print-jobs?limit=0", 422, "invalid_request"),
        ("/v1/print-jobs?limit=251", 422, "invalid_request"),
        ("/v1/print-jobs?status=broken", 422, "invalid_request"),
        ("/v1/print-jobs?sort=customer", 422, "invalid_request"),
        ("/v1/print-jobs?date_from=yesterday", 422, "invalid_request"),
        ("/v1/print-jobs?date_from=2026-11-23&date_to=2026-11-22", 422, "invalid_request"),
        ("/v1/print-jobs?cursor=!!", 400, "invalid_cursor"),
        ("/v1/orders?cursor=WyJ4Iiw3LCJhIl0", 400, "invalid_cursor"),
        ("/v1/print-jobs/none", 404, "not_found"),
        ("/v1/print-jobs/6f0f4b34-7d0c-5a3e-9a55-0d6a3f1c2b70", 404, "not_found"),
        ("/v1/orders/1x", 404, "not_found"),
        ("/v1/orders/99999999999999999999", 404, "not_found"),
        ("/v1/nothing", 404, "not_found"),
        ("/v1/changes?after=-1", 422, "invalid_request"),
        ("/v1/templates/%00", 422, "invalid_request"),
    ],
)
async def test_bad_input_gets_a_problem_document(api: Api, path: str, status: int, code: str) -> None:
    async with await api.client() as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status


async def test_another_method_is_refused(api: Api) -> None:
    async with await api.client() as client:
        answer = await client.delete("/v1/print-jobs")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Basic eDp5", "Bearer pwk_" + "a" * 12])
async def test_without_a_valid_key_there_is_no_answer(api: Api, header: str | None) -> None:
    async with api.browser({"Authorization": header} if header is not None else None) as client:
        answer = await client.get("/v1/print-jobs")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_with_a_wrong_secret_a_revoked_and_an_expired_key_are_refused(api: Api) -> None:
    good = await api.key()
    forged = good[:-4] + ("aaaa" if not good.endswith("aaaa") else "bbbb")
    revoked, expired = await api.key(), await api.key()
    await api.pool.execute("UPDATE api_keys SET revoked_at = now() WHERE key_id = $1", revoked.split("_")[1])
    await api.pool.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = $1", expired.split("_")[1])
    for key, status in ((good, 200), (forged, 401), (revoked, 401), (expired, 401)):
        async with api.browser({"Authorization": f"Bearer {key}"}) as client:
            assert (await client.get("/v1/print-jobs")).status_code == status


async def test_a_key_can_only_do_what_its_scopes_say(api: Api) -> None:
    await fill(api)
    job = "/v1/print-jobs/6f0f4b34-7d0c-5a3e-9a55-0d6a3f1c2b70"
    async with await api.client(SHOP, Scope.EXPORT) as client:
        for method, path, scope in (
            ("GET", "/v1/print-jobs", "jobs:read"),
            ("GET", "/v1/orders/1", "jobs:read"),
            ("GET", "/v1/changes", "jobs:read"),
            ("POST", f"{job}/retry", "jobs:write"),
            ("PUT", f"{job}/inputs/front", "jobs:write"),
            ("PUT", "/v1/templates/a", "settings:write"),
            ("DELETE", "/v1/mappings/a", "settings:write"),
        ):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (403, "missing_scope", scope)


async def test_two_shops_never_see_each_other(api: Api) -> None:
    await fill(api)
    making = Making(shop=OTHER_SHOP, order_id="1", name="#1001", customer="Jörg Müller")
    making.ready("11", stored_file(making.job("11").job_id, "print", b"other"))
    await api.project(making)
    async with await api.client() as mine, await api.client(OTHER_SHOP) as theirs:
        their_job = (await theirs.get("/v1/print-jobs")).json()["items"]
        assert len(their_job) == 1
        assert len((await mine.get("/v1/print-jobs?q=1001")).json()["items"]) == 1
        assert (await theirs.get("/v1/orders/2")).status_code == 404
        foreign = f"/v1/print-jobs/{their_job[0]['job_id']}"
        for method, path in (
            ("GET", foreign),
            ("POST", f"{foreign}/retry"),
            ("POST", f"{foreign}/rerender"),
            ("POST", f"{foreign}/cancel"),
            ("PUT", f"{foreign}/inputs/front"),
        ):
            answer = await mine.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert [one["seq"] for one in (await theirs.get("/v1/changes")).json()["items"]] == ["1"]
        # The same id in both shops: each reads its own order.
        assert (await mine.get("/v1/orders/1")).json()["jobs"][0]["job_id"] != their_job[0]["job_id"]


async def test_changes_come_in_order_and_resume_from_any_number(api: Api) -> None:
    making = Making()
    making.job()
    await api.project(making)
    making.failed()
    await api.project(making)
    making.ready()
    await api.project(making)
    async with await api.client() as client:
        every = (await client.get("/v1/changes")).json()
        assert [one["status"] for one in every["items"]] == ["pending", "failed", "ready"]
        later = (await client.get("/v1/changes?after=1&limit=1")).json()
        assert [one["status"] for one in later["items"]] == ["failed"]
        assert (later["more"], later["next_after"]) == (True, "2")
        end = (await client.get("/v1/changes?after=3")).json()
        ahead = await client.get("/v1/changes?after=4")
        assert (ahead.status_code, ahead.json()["code"]) == (410, "cursor_unknown")
        assert (end["items"], end["next_after"], end["more"]) == ([], "3", False)


async def test_a_waiting_client_hears_of_the_next_change_at_once(api: Api) -> None:
    stopping = asyncio.Event()
    watching = asyncio.create_task(api.services.watch.run(stopping))
    making = Making()
    making.job()
    try:
        async with await api.client() as client:
            waiting = asyncio.create_task(client.get("/v1/changes?wait=20"))
            await asyncio.sleep(0.6)
            assert not waiting.done()
            await api.project(making)
            async with asyncio.timeout(2):
                assert len((await waiting).json()["items"]) == 1
            async with asyncio.timeout(3):
                assert (await client.get("/v1/changes?after=1&wait=0.5")).json()["items"] == []
    finally:
        stopping.set()
        await watching


async def test_the_api_describes_itself(api: Api) -> None:
    async with api.browser() as client:
        document = (await client.get("/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [one for path in document["paths"].values() for one in path.values()]
    ids = [one["operationId"] for one in operations]
    assert len(ids) == len(set(ids))
    assert all("content" in one["requestBody"] for one in operations if "requestBody" in one)
    assert not [path for path in document["paths"] if not path.startswith(("/v1/", "/files/", "/file-lists/"))]
