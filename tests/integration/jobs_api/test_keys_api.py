"""A shop manages its own API keys: shown once, never more rights than the asking key, two alive during a change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.limits import RateLimiter

from tests.integration.jobs_api.parts import OTHER_SHOP, SHOP, Api

NEW = {"name": "Fulfilment", "scopes": ["jobs:read", "files:read"]}


async def works(api: Api, key: str) -> bool:
    async with api.browser({"Authorization": f"Bearer {key}"}) as client:
        return (await client.get("/v1/print-jobs")).status_code == 200


async def test_a_key_is_shown_once_and_works(api: Api) -> None:
    async with await api.client() as client:
        made = await client.post("/v1/keys", json=NEW)
        assert made.status_code == 201, made.text
        key = made.json()["api_key"]
        assert await works(api, key)
        listed = await client.get("/v1/keys")
        [entry] = [one for one in listed.json()["items"] if one["key_id"] == made.json()["key_id"]]
        assert key not in listed.text
        assert (entry["name"], entry["scopes"], entry["alive"]) == ("Fulfilment", ["files:read", "jobs:read"], True)
        assert entry["last_used_at"] is not None
        assert entry["created_by"].startswith("key:")
    assert key.split("_", 2)[2] not in str(await api.pool.fetch("SELECT * FROM api_keys"))


async def test_a_repeated_request_makes_one_key_and_does_not_show_it_again(api: Api) -> None:
    async with await api.client() as client:
        first = await client.post("/v1/keys", json=NEW, headers={"Idempotency-Key": "k"})
        again = await client.post("/v1/keys", json=NEW, headers={"Idempotency-Key": "k"})
    assert again.json() == {**first.json(), "api_key": None}
    assert again.headers["idempotency-replayed"] == "true"
    assert await api.pool.fetchval("SELECT count(*) FROM api_keys WHERE name = 'Fulfilment'") == 1


async def test_a_key_gives_no_right_that_it_has_not(api: Api) -> None:
    async with await api.client(SHOP, Scope.SETTINGS_WRITE) as client:
        refused = await client.post("/v1/keys", json=NEW)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_held")
        assert refused.json()["scopes"] == ["files:read", "jobs:read"]
        powerful = (await api.key()).split("_")[1]
        refused = await client.post(f"/v1/keys/{powerful}/replace")
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_held")


async def test_two_keys_live_while_one_is_replaced(api: Api) -> None:
    old = await api.key(SHOP, Scope.JOBS_READ)
    old_id = old.split("_")[1]
    async with await api.client() as client:
        made = await client.post(f"/v1/keys/{old_id}/replace?overlap_hours=2")
        assert made.status_code == 201, made.text
        assert await works(api, old)
        assert await works(api, made.json()["api_key"])
        second = await client.post(f"/v1/keys/{old_id}/replace")
        assert (second.status_code, second.json()["code"]) == (409, "key_replaced")
        ends = datetime.fromisoformat(made.json()["old_key_ends_at"])
        assert timedelta(hours=1.9) < ends - datetime.now(UTC) < timedelta(hours=2.1)
        facts = (await client.get(f"/v1/keys/{made.json()['key_id']}")).json()
        assert (facts["succeeds"], facts["scopes"]) == (old_id, ["jobs:read"])
        await api.pool.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = $1", old_id)
        assert not await works(api, old)
        ended = await client.post(f"/v1/keys/{old_id}/replace")
        assert (ended.status_code, ended.json()["code"]) == (409, "key_ended")


async def test_a_revoked_key_ends_at_once(api: Api) -> None:
    key = await api.key(SHOP, Scope.JOBS_READ)
    async with await api.client() as client:
        for _ in range(2):
            assert (await client.delete(f"/v1/keys/{key.split('_')[1]}")).status_code == 204
        assert not await works(api, key)
        assert (await client.get(f"/v1/keys/{key.split('_')[1]}")).json()["alive"] is False


async def test_another_shops_keys_do_not_exist(api: Api) -> None:
    theirs = (await api.key(OTHER_SHOP)).split("_")[1]
    async with await api.client() as client:
        answers = [
            await client.get(f"/v1/keys/{theirs}"),
            await client.delete(f"/v1/keys/{theirs}"),
            await client.post(f"/v1/keys/{theirs}/replace"),
        ]
        assert [one.status_code for one in answers] == [404, 404, 404]
        assert theirs not in (await client.get("/v1/keys")).text


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "scopes": ["jobs:read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": ["jobs:read"], "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "scopes": ["jobs:read"], "shop": OTHER_SHOP},
    ],
    ids=["no name", "no scope", "unknown scope", "over", "a shop"],
)
async def test_a_key_that_makes_no_sense_is_refused(api: Api, body: dict[str, object]) -> None:
    async with await api.client() as client:
        answer = await client.post("/v1/keys", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_key_that_asks_too_often_is_told_when_to_come_again(api: Api) -> None:
    strict = replace(api, services=replace(api.services, limiter=RateLimiter(0.01, 3)))
    async with await strict.client() as client, await strict.client() as neighbour:
        answers = [await client.get("/v1/holds") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert answers[3].json()["code"] == "rate_limited"
        assert 90 <= int(answers[3].headers["retry-after"]) <= 100
        assert (await neighbour.get("/v1/holds")).status_code == 200
