"""The same asked of many print jobs: counted first, each asked once, stopped when somebody says so."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.integration.jobs_api.parts import OTHER_SHOP, PIXEL, SHOP, Api, Making


async def orders(api: Api, failed: int, *, shop: str = SHOP) -> list[Making]:
    """Failed print jobs, and one that is ready."""
    makings = [Making(shop=shop, name=f"#{i}", order_id=str(100 + i)) for i in range(failed + 1)]
    for making in makings[:-1]:
        making.failed()
    makings[-1].ready()
    await api.project(*makings)
    return makings


async def carried_out(api: Api, client: httpx.AsyncClient, **wanted: Any) -> dict[str, Any]:
    started = await client.post("/v1/bulk-actions", json={"action": "retry"} | wanted)
    assert started.status_code == 202, started.text
    while await api.services.bulk.step():
        pass
    return (await client.get(f"/v1/bulk-actions/{started.json()['bulk_id']}")).json()


async def commands(api: Api) -> list[dict[str, Any]]:
    return [json.loads(one) for one in await api.published("printworks.commands.v1")]


async def test_a_retry_of_all_failed_ones_is_counted_first_and_then_asked_of_each_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printworks_jobs_api.bulk.STEP_JOBS", 2)
    makings = await orders(api, 5)
    await orders(api, 1, shop=OTHER_SHOP)
    async with await api.client() as client:
        body = {"action": "retry", "filter": {"status": ["failed"]}}
        counted = await client.post("/v1/bulk-actions/count", json=body)
        assert counted.json() == {"matched": 5, "possible": 5, "by_status": {"failed": 5}}
        assert await commands(api) == []
        done = await carried_out(api, client, filter={"status": ["failed"]})
        assert (done["status"], done["matched"], done["done"], done["outcomes"]) == ("done", 5, 5, {"accepted": 5})
        [listed] = (await client.get("/v1/bulk-actions")).json()["items"]
        assert listed == done
    asked = await commands(api)
    assert sorted(one["job_id"] for one in asked) == sorted(str(one.jobs["1"].job_id) for one in makings[:-1])
    assert {(one["kind"], one["shop"]) for one in asked} == {("retry", SHOP)}
    assert all(one["issued_by"].startswith("key:") for one in asked)


async def test_what_cannot_be_done_is_told_by_its_code(api: Api) -> None:
    await orders(api, 2)
    async with await api.client() as client:
        counted = await client.post("/v1/bulk-actions/count", json={"action": "retry", "filter": {}})
        assert counted.json() == {"matched": 3, "possible": 2, "by_status": {"failed": 2, "ready": 1}}
        done = await carried_out(api, client, filter={})
        assert done["outcomes"] == {"accepted": 2, "not_retryable": 1}
        again = await carried_out(api, client, filter={})
        assert again["outcomes"] == {"already_asked": 2, "not_retryable": 1}
    assert len(await commands(api)) == 2


async def test_an_aborted_action_asks_no_further_print_jobs(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("printworks_jobs_api.bulk.STEP_JOBS", 2)
    await orders(api, 5)
    async with await api.client() as client:
        started = (await client.post("/v1/bulk-actions", json={"action": "cancel", "filter": {}})).json()
        assert await api.services.bulk.step()
        aborted = await client.post(f"/v1/bulk-actions/{started['bulk_id']}/abort")
        assert (aborted.json()["status"], aborted.json()["done"]) == ("aborted", 2)
        assert not await api.services.bulk.step()
        again = await client.post(f"/v1/bulk-actions/{started['bulk_id']}/abort")
        assert again.json() == aborted.json()
    assert len(await commands(api)) == 2


async def test_more_requests_at_once_than_connections_are_all_answered(api: Api) -> None:
    await orders(api, 1)
    body = {"action": "retry", "filter": {}}
    async with await api.client() as client, asyncio.timeout(60):
        await client.put("/v1/assets/star", content=PIXEL, params={"kind": "image", "name": "Star"})
        answers = await asyncio.gather(
            *(client.post("/v1/bulk-actions/count", json=body) for _ in range(3 * api.settings.postgres_pool_size)),
            *(client.post("/v1/assets/star/restore") for _ in range(2 * api.settings.postgres_pool_size)),
        )
    assert {one.status_code for one in answers} == {200}


async def test_ids_of_another_shop_select_nothing(api: Api) -> None:
    makings = await orders(api, 1)
    ids = [str(makings[0].jobs["1"].job_id)]
    async with await api.client() as client, await api.client(OTHER_SHOP) as other:
        done = await carried_out(api, other, ids=ids)
        assert (done["matched"], done["outcomes"]) == (0, {})
        assert (await client.get(f"/v1/bulk-actions/{done['bulk_id']}")).status_code == 404
        assert (await client.post(f"/v1/bulk-actions/{done['bulk_id']}/abort")).status_code == 404
        mine = await carried_out(api, client, ids=ids)
        assert mine["outcomes"] == {"accepted": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"action": "retry"},
        {"action": "replace_input", "filter": {}},
        {"action": "retry", "filter": {}, "ids": ["0190a0b0-0000-7000-8000-000000000000"]},
        {"action": "retry", "ids": ["x"]},
        {"action": "retry", "filter": {"date_from": "2026-02-02", "date_to": "2026-02-01"}},
    ],
    ids=str,
)
async def test_what_is_no_selection_is_refused(api: Api, body: dict[str, Any]) -> None:
    async with await api.client() as client:
        for path in ("/v1/bulk-actions", "/v1/bulk-actions/count"):
            answer = await client.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
