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

from tests.integration.jobs_api.browsing import form_token
from tests.integration.jobs_api.parts import OTHER_SHOP, PIXEL, SHOP, Api, Making, api_settings, stored_file

SECRET = "s" * 32
CSP = "content-security-policy"


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
    services = assemble(api.pool, api.requests, api.store, settings)
    yield Api(services, api.projector, api.store, api.pool, api.requests, settings, stack)


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


FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site", "Accept": "text/html"}


def id_token(**changes: str) -> str:
    return session_token(**changes)["Authorization"].removeprefix("Bearer ")


async def opened(client: httpx.AsyncClient, token: str) -> str:
    """Open the app as the Shopify admin does; the cookie that comes back."""
    shopify = {"embedded": "1", "shop": SHOP, "host": "x", "hmac": "x", "id_token": token}
    answer = await client.get("/", params=shopify)
    assert (answer.status_code, answer.headers["location"]) == (303, "/print-jobs"), answer.text
    return answer.headers["set-cookie"]


async def test_the_dashboard_opens_inside_the_admin_of_its_shop_alone(admin: Api) -> None:
    making = await failed_order(admin)
    async with admin.browser(FRAME) as client:
        cookie = await opened(client, id_token())
        for part in ("HttpOnly", "Secure", "SameSite=None", "Partitioned"):
            assert part in cookie
        name, _, value = cookie.partition(";")[0].partition("=")
        page = await client.get("/print-jobs", headers={"Cookie": f"{name}={value}"})
    assert page.status_code == 200
    assert making.name in page.text
    assert "Sign out" not in page.text
    policy = page.headers["content-security-policy"]
    assert f"frame-ancestors https://{SHOP} https://admin.shopify.com" in policy


async def test_staff_retry_in_the_dashboard_but_see_neither_keys_nor_change_settings(admin: Api) -> None:
    making = await failed_order(admin)
    async with admin.browser(FRAME) as client:
        name, _, value = (await opened(client, id_token())).partition(";")[0].partition("=")
        client.headers["Cookie"] = f"{name}={value}"
        listed = await client.get("/print-jobs")
        token = form_token(listed)
        job = making.jobs["1"].job_id
        assert (await client.post(f"/print-jobs/{job}/retry", data={"form_token": "x"})).status_code == 403
        assert (await client.post(f"/print-jobs/{job}/retry", data={"form_token": token})).status_code == 303
        assert "Make key" not in (await client.get("/settings/keys")).text
        assert (await client.post("/settings/retention", data={"form_token": token, "days": "9"})).status_code == 403
    assert await admin.pool.fetchval("SELECT issued_by FROM commands") == "staff:42"


@pytest.mark.parametrize("token", [id_token(shop=OTHER_SHOP), id_token(secret="x" * 32), "a.b.c", ""])
async def test_without_a_good_token_the_frame_says_what_to_do(admin: Api, token: str) -> None:
    async with admin.browser(FRAME) as client:
        answer = await client.get("/", params={"id_token": token})
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "Reload the page of the Shopify admin" in answer.text
    assert "frame-ancestors https://*.myshopify.com https://admin.shopify.com" in answer.headers[CSP]
    assert "<form" not in answer.text


async def test_an_address_with_a_token_signs_nobody_in_outside_of_a_frame(admin: Api) -> None:
    async with admin.browser({"Sec-Fetch-Dest": "document", "Accept": "text/html"}) as client:
        answer = await client.get("/", params={"id_token": id_token()})
    assert (answer.headers["location"], "set-cookie" in answer.headers) == ("/sign-in", False)


async def test_a_session_ends_when_the_shop_is_no_longer_served(admin: Api, api: Api) -> None:
    async with admin.browser(FRAME) as client:
        name, _, value = (await opened(client, id_token())).partition(";")[0].partition("=")
    async with api.browser(FRAME | {"Cookie": f"{name}={value}"}) as client:
        assert (await client.get("/print-jobs")).status_code == 401
    # Nor is it worth anything in the place of the other cookie.
    async with admin.browser({"Accept": "text/html", "Cookie": f"pw_session={value}"}) as client:
        assert (await client.get("/print-jobs")).headers["location"].startswith("/sign-in")
