"""Members of staff who come from the Shopify admin with a session token: their own shop, reading and retrying."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import jwt
import pytest
import pytest_asyncio
from printworks_jobs_api.app import assemble
from printworks_jobs_api.settings import ApiSettings
from printworks_local.stack import Stack

from tests.integration.jobs_api.parts import OTHER_SHOP, PIXEL, SHOP, Api, Making, api_settings, stored_file

SECRET = "s" * 32


def session_token(shop: str = SHOP, secret: str = SECRET) -> dict[str, str]:
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": f"https://{shop}/admin", "dest": f"https://{shop}", "aud": "app", "sub": "42",
        "exp": now + 60, "nbf": now - 1,
    }  # fmt: skip
    return {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}


@pytest_asyncio.fixture(loop_scope="session")
async def admin(api: Api, stack: Stack, tmp_path: Path) -> AsyncGenerator[Api]:
    """jobs-api that knows the credentials of one shop."""
    shops = tmp_path / "shops.json"
    shops.write_text(json.dumps([{"domain": SHOP, "client_id": "app", "client_secret": SECRET}]))
    settings: ApiSettings = api_settings(
        stack, api.settings.postgres_dsn.get_secret_value(), api.settings.bucket, shops_file=shops
    )
    services = assemble(api.pool, api.store, settings)
    yield Api(services, api.projector, api.store, api.pool, settings, stack)


async def failed_order(api: Api, shop: str = SHOP) -> Making:
    making = Making(shop=shop)
    making.failed("1", "upload_missing")
    await api.project(making)
    return making


async def test_the_order_is_read_and_a_failed_job_retried_in_their_name(admin: Api) -> None:
    making = await failed_order(admin)
    async with admin.browser(session_token()) as client:
        order = (await client.get(f"/v1/orders/{making.order_id}")).json()
        [job] = order["jobs"]
        assert (job["status"], job["reason_code"]) == ("failed", "upload_missing")
        answer = await client.post(f"/v1/print-jobs/{job['job_id']}/retry")
    assert (answer.status_code, answer.json()["outcome"]) == (202, "accepted")
    assert await admin.pool.fetchval("SELECT issued_by FROM commands") == "staff:42"


async def test_another_shops_order_does_not_exist(admin: Api) -> None:
    making = await failed_order(admin, OTHER_SHOP)
    async with admin.browser(session_token()) as client:
        assert (await client.get(f"/v1/orders/{making.order_id}")).status_code == 404


@pytest.mark.parametrize(
    "headers", [session_token(OTHER_SHOP), session_token(secret="x" * 32), {"Authorization": "Bearer a.b.c"}]
)
async def test_a_token_that_is_not_good_is_refused_with_the_wish_for_a_new_one(
    admin: Api, headers: dict[str, str]
) -> None:
    async with admin.browser(headers) as client:
        answer = await client.get("/v1/orders/5001")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["x-shopify-retry-invalid-session-request"] == "1"


async def test_settings_are_not_theirs(admin: Api) -> None:
    async with admin.browser(session_token()) as client:
        answer = await client.put("/v1/templates/photo", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


async def test_without_a_shops_file_nobody_comes_in_from_the_admin(api: Api) -> None:
    await failed_order(api)
    async with api.browser(session_token()) as client:
        assert (await client.get("/v1/orders/5001")).status_code == 401


ORIGIN = {"Origin": "https://extensions.shopifycdn.com"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


class TestTheBlockLivesOnAnotherOrigin:
    async def test_the_api_may_be_called_from_there_without_cookies(self, admin: Api) -> None:
        async with admin.browser() as client:
            answer = await client.options("/v1/print-jobs/x/retry", headers=ORIGIN | PREFLIGHT)
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in answer.headers
            read = await client.get("/v1/orders/5001", headers=ORIGIN | session_token())
            assert read.headers["access-control-allow-origin"] == "*"

    async def test_the_pages_may_not(self, admin: Api) -> None:
        async with admin.browser(ORIGIN) as client:
            assert "access-control-allow-origin" not in (await client.get("/sign-in")).headers

    async def test_thumbnails_are_shown_there_and_print_files_are_not(self, admin: Api) -> None:
        making = Making()
        job = making.job().job_id
        thumbnail, printed = stored_file(job, "thumbnail", PIXEL), stored_file(job, "print", b"%PDF")
        for file, content in ((thumbnail, PIXEL), (printed, b"%PDF")):
            await admin.store.put_bytes(file.key, content, file.media_type)
        making.ready("1", thumbnail, printed)
        await admin.project(making)
        async with admin.browser() as client:
            policies = [await policy(client, admin.link(file)) for file in (thumbnail, printed)]
        assert policies == ["cross-origin", "same-site"]


async def policy(client: httpx.AsyncClient, link: str) -> str:
    return (await client.get(link)).headers["cross-origin-resource-policy"]
