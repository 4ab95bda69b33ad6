"""The pages without JavaScript: sign-in, views, search, the order's page, Retry, Replace picture, and hostile input."""

import re
from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio
from printworks_common.events.print_jobs import TextField
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.tenancy import acting_for

from tests.integration.jobs_api.browsing import form_token, sign_in_without_chromium
from tests.integration.jobs_api.parts import OTHER_SHOP, PIXEL, PUBLIC_URL, SHOP, Api, Making, stored_file

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}'


@pytest_asyncio.fixture(loop_scope="session")
async def browser(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    """Signed in to the shop with all rights."""
    async with api.browser({"Accept": "text/html"}) as client:
        await sign_in_without_chromium(api, client)
        yield client


async def test_without_a_session_every_page_leads_to_the_sign_in_and_back(api: Api) -> None:
    async with api.browser() as client:
        for path in ("/print-jobs?view=ready&q=ada", "/orders/1", "/print-jobs/updates?after=0"):
            answer = await client.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?next=%2F")
        key = await api.key()
        page = await client.post("/sign-in", data={"api_key": f" {key} ", "next": "/print-jobs?view=ready&q=ada"})
        assert page.headers["location"] == "/print-jobs?view=ready&q=ada"


async def test_a_session_cookie_is_out_of_reach_for_scripts_and_other_sites(api: Api) -> None:
    async with api.browser() as client:
        answer = await client.post("/sign-in", data={"api_key": await api.key()})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "pwk_" not in cookie


@pytest.mark.parametrize("key", ["", "wrong", "pwk_aaaaaaaaaaaa_" + "b" * 43])
async def test_a_wrong_key_does_not_sign_in(api: Api, key: str) -> None:
    async with api.browser() as client:
        answer = await client.post("/sign-in", data={"api_key": key})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_key_that_may_not_read_jobs_does_not_sign_in(api: Api) -> None:
    async with api.browser() as client:
        answer = await client.post("/sign-in", data={"api_key": await api.key(SHOP, Scope.EXPORT)})
    assert (answer.status_code, "jobs:read" in answer.text) == (422, True)


async def test_a_sign_in_form_of_another_site_is_refused(api: Api) -> None:
    async with api.browser() as client:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            answer = await client.post("/sign-in", data={"api_key": await api.key()}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forged_form")


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil"]
)
async def test_a_sign_in_leads_nowhere_else(api: Api, target: str) -> None:
    async with api.browser() as client:
        answer = await client.post("/sign-in", data={"api_key": await api.key(), "next": target})
    assert answer.headers["location"] == "/print-jobs"


async def test_a_revoked_key_ends_its_session(api: Api, browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/print-jobs")).status_code == 200
    await api.pool.execute("UPDATE api_keys SET revoked_at = now()")
    assert (await browser.get("/print-jobs")).status_code == 303


async def test_signing_out_ends_the_session(api: Api, browser: httpx.AsyncClient) -> None:
    token = form_token(await browser.get("/print-jobs"))
    assert (await browser.post("/sign-out", data={"form_token": token})).status_code == 303
    assert (await browser.get("/print-jobs")).status_code == 303


async def test_the_list_begins_with_what_needs_attention(api: Api, browser: httpx.AsyncClient) -> None:
    assert "<title>All" in (await browser.get("/print-jobs")).text
    failed, ready = Making(order_id="1", name="#1001"), Making(order_id="2", name="#1002")
    failed.failed()
    ready.ready(
        "1", stored_file(ready.job().job_id, "print", b"p"), stored_file(ready.jobs["1"].job_id, "thumbnail", b"t")
    )
    await api.project(failed, ready)
    page = (await browser.get("/print-jobs")).text
    assert "<title>Needs attention" in page
    assert "#1001" in page
    assert "#1002" not in page
    assert "no longer at the address" in page
    assert f'href="https://admin.shopify.com/store/{SHOP.split(".")[0]}/orders/1"' in page
    everything = (await browser.get("/print-jobs?view=all")).text
    assert "#1002" in everything
    assert 'src="/files/' in everything
    assert "Print PDF" in everything


async def test_views_search_and_filters_live_in_the_address(api: Api, browser: httpx.AsyncClient) -> None:
    for number, customer in enumerate(("Jörg Müller", "Ada Lovelace")):
        making = Making(order_id=str(number), name=f"#{1000 + number}", customer=customer)
        making.job()
        await api.project(making)
    page = (await browser.get("/print-jobs?view=progress&q=muller")).text
    assert "Jörg Müller" in page
    assert "Ada Lovelace" not in page
    assert 'value="muller"' in page
    assert "view=all&amp;q=muller" in page
    none = (await browser.get("/print-jobs?view=all&q=nobody&date_from=2026-11-01")).text
    assert "No print job matches" in none
    assert "Clear the search" in none


async def test_an_address_with_mistakes_still_shows_the_list(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making()
    making.job()
    await api.project(making)
    page = await browser.get("/print-jobs?view=nonsense&date_from=soon&cursor=!!&q=%00")
    assert page.status_code == 200
    assert "A date was left out" in page.text
    assert "#1001" in page.text


async def test_long_lists_have_pages(api: Api, browser: httpx.AsyncClient) -> None:
    for number in range(53):
        making = Making(order_id=str(number), name=f"#A{number}")
        making.job()
        await api.project(making)
    first = (await browser.get("/print-jobs?view=all")).text
    assert first.count('scope="row"') == 50
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    second = (await browser.get(following.group(1).replace("&amp;", "&"))).text
    assert second.count('scope="row"') == 3
    assert "First page" in second


async def test_the_order_page_says_what_happened_and_what_to_do(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making()
    making.failed()
    making.ready("2", stored_file(making.job("2").job_id, "print", b"p"))
    await api.project(making)
    page = (await browser.get("/orders/5001")).text
    assert "Order #1001" in page
    assert "Jörg Müller" in page
    assert "For Ada" in page
    assert "use Replace picture" in page
    assert "300 DPI · 4960 × 7016 · PDF · sRGB · 3 mm bleed" in page
    assert "Order paid" in page
    assert "+12 s" in page
    assert (await browser.get("/orders/4711")).status_code == 404


async def test_retry_without_javascript_sends_one_command_and_comes_back(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making()
    making.failed()
    await api.project(making)
    page = await browser.get("/print-jobs")
    path = f"/print-jobs/{making.jobs['1'].job_id}/retry"
    answer = await browser.post(path, data={"form_token": form_token(page), "back": "/orders/5001"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/orders/5001?sent=1")
    assert await api.pool.fetchval("SELECT count(*) FROM outbox") == 1
    page = (await browser.get("/orders/5001?sent=1")).text
    assert "1 retry sent." in page
    assert "Retry sent" in page


async def test_retry_with_htmx_answers_with_what_replaces_the_button(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making()
    making.failed()
    await api.project(making)
    page = await browser.get("/print-jobs")
    path = f"/print-jobs/{making.jobs['1'].job_id}/retry"
    answer = await browser.post(path, data={"form_token": form_token(page)}, headers={"HX-Request": "true"})
    assert (answer.status_code, "<html" in answer.text) == (200, False)
    assert "Retry sent" in answer.text


@pytest.mark.parametrize("token", ["", "forged"])
async def test_a_form_without_its_token_does_nothing(api: Api, browser: httpx.AsyncClient, token: str) -> None:
    making = Making()
    making.failed()
    await api.project(making)
    path = f"/print-jobs/{making.jobs['1'].job_id}"
    for verb, files in (("retry", None), ("replace", {"picture": ("a.png", PIXEL)})):
        answer = await browser.post(f"{path}/{verb}", data={"form_token": token, "slot": "front"}, files=files)
        assert answer.status_code == 403
    assert await api.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_people_get_pages_for_errors_and_machines_documents(browser: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/print-jobs/updates?after=x"):
        person = await browser.get(path)
        assert person.headers["content-type"].startswith("text/html")
        assert 'role="alert"' in person.text
        machine = await browser.get(path, headers={"Accept": "*/*"})
        assert machine.headers["content-type"] == "application/problem+json"


async def test_a_reader_sees_no_buttons_and_cannot_press_them(api: Api) -> None:
    making = Making()
    making.failed()
    await api.project(making)
    async with api.browser() as client:
        await sign_in_without_chromium(api, client, SHOP, Scope.JOBS_READ)
        page = await client.get("/orders/5001")
        assert "Retry" not in page.text
        assert "<summary>Replace" not in page.text
        path = f"/print-jobs/{making.jobs['1'].job_id}/retry"
        assert (await client.post(path, data={"form_token": form_token(page)})).status_code == 403


async def test_a_retry_that_is_not_possible_is_explained(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making()
    making.ready()
    await api.project(making)
    page = await browser.get("/print-jobs")
    path = f"/print-jobs/{making.jobs['1'].job_id}/retry"
    answer = await browser.post(path, data={"form_token": form_token(page)})
    assert (answer.status_code, "Only a failed print job can be retried" in answer.text) == (409, True)


async def test_a_picture_is_replaced_from_the_order_page(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making()
    making.failed()
    await api.project(making)
    page = await browser.get("/orders/5001")
    path = f"/print-jobs/{making.jobs['1'].job_id}/replace"
    data = {"form_token": form_token(page), "slot": "photo:front", "back": "/orders/5001"}
    answer = await browser.post(path, data=data, files={"picture": ("new.png", PIXEL, "image/png")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/orders/5001")
    assert "New picture sent" in (await browser.get("/orders/5001")).text
    wrong = await browser.post(path, data=data, files={"picture": ("new.png", b"text", "image/png")})
    assert (wrong.status_code, "not a picture" in wrong.text) == (415, True)
    none = await browser.post(path, data=data, files={"other": ("x", b"")})
    assert none.status_code == 422
    huge = await browser.post(path, data=data, files={"picture": ("new.png", b"x" * 41 * 1024 * 1024)})
    assert huge.status_code == 413


async def test_updates_tell_how_many_jobs_have_changed(api: Api, browser: httpx.AsyncClient) -> None:
    async def told(after: int, back: str) -> str:
        answer = await browser.get(
            "/print-jobs/updates", params={"after": after, "back": back}, headers={"HX-Request": "true"}
        )
        return answer.text.strip()

    making = Making()
    making.job()
    await api.project(making)
    assert await told(1, "/print-jobs") == ""
    making.failed()
    await api.project(making)
    page = await told(1, "/print-jobs?view=all")
    assert "1 update: refresh" in page
    assert 'href="/print-jobs?view=all"' in page
    assert "evil" not in await told(0, "https://evil.example/")
    alone = await browser.get("/print-jobs/updates", params={"after": 1, "back": "/orders"})
    assert (alone.status_code, alone.headers["location"]) == (303, "/orders")


async def test_what_customers_write_is_shown_as_text(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making(name=HOSTILE, customer=HOSTILE)
    job = making.failed(
        "1", HOSTILE, product_title=HOSTILE, variant_title=HOSTILE, sku=HOSTILE, reason_detail=HOSTILE,
        texts=(TextField(name=HOSTILE, value=HOSTILE),),
    )  # fmt: skip
    making.ready("2", stored_file(making.job("2").job_id, "print", b"p", name=HOSTILE))
    await api.project(making)
    assert job.status == "failed"
    for path in ("/print-jobs?view=all", "/orders/5001", f"/print-jobs?view=all&q={HOSTILE}"):
        page = (await browser.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "49" not in re.findall(r"\{\{(.*?)\}\}", page)
        assert "&lt;script&gt;" in page


async def test_pages_allow_nothing_but_their_own_files(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/print-jobs")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    for reference in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        assert (await browser.get(reference)).status_code == 200
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!admin\.shopify\.com)', page.text)
    assert "style=" not in page.text
    assert PUBLIC_URL not in page.text


async def test_another_shops_order_is_not_there(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making(shop=OTHER_SHOP, order_id="77", customer="Secret Person")
    making.failed()
    await api.project(making)
    assert (await browser.get("/orders/77")).status_code == 404
    assert "Secret Person" not in (await browser.get("/print-jobs?view=all")).text
    token = form_token(await browser.get("/print-jobs"))
    answer = await browser.post(f"/print-jobs/{making.jobs['1'].job_id}/retry", data={"form_token": token})
    assert answer.status_code == 404


async def test_settings_show_storage_keys_and_retention_to_a_reader_without_their_forms(api: Api) -> None:
    async with api.browser({"Accept": "text/html"}) as client:
        await sign_in_without_chromium(api, client, SHOP, Scope.JOBS_READ)
        for part in ("storage", "keys", "retention"):
            page = await client.get(f"/settings/{part}")
            assert page.status_code == 200
            assert "settings:write" in page.text
            assert f'action="/settings/{part}"' not in page.text
        token = form_token(page)
        for path in ("storage", "storage/hosted", "storage/redeliver", "keys", "retention", "retention/holds"):
            refused = await client.post(f"/settings/{path}", data={"form_token": token})
            assert refused.status_code == 403


@pytest.mark.parametrize(
    "path", ["storage", "storage/hosted", "storage/redeliver", "keys", "retention", "retention/holds"]
)
async def test_settings_change_nothing_without_the_form_token(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.post(f"/settings/{path}", data={"form_token": "forged"})).status_code == 403


async def test_a_storage_of_the_shops_own_is_tried_saved_and_given_up(api: Api, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/settings/storage")
    assert "To the hosted storage" in page.text
    info = api.stack.info
    filled = {
        "form_token": form_token(page), "version": "0", "endpoint": info.s3_endpoint, "bucket": api.settings.bucket,
        "access_key": info.s3_access_key, "secret_key": info.s3_secret_key, "path_template": "{order}/{line}.{ext}",
        "browsable": "yes",
    }  # fmt: skip
    tried = await browser.post("/settings/storage", data=filled | {"act": "test"})
    assert 'class="verdict ready"' in tried.text
    assert info.s3_secret_key not in tried.text.replace(info.s3_access_key, "")
    saved = await browser.post("/settings/storage", data=filled | {"act": "save"})
    assert (saved.status_code, saved.headers["location"]) == (303, "/settings/storage?saved=own")
    page = await browser.get("/settings/storage")
    assert f"To your bucket <strong><bdi>{api.settings.bucket}" in page.text
    late = await browser.post("/settings/storage", data=filled | {"act": "save", "bucket": "another"})
    assert (late.status_code, "Somebody has changed this" in late.text) == (412, True)
    asked = await browser.post("/settings/storage/redeliver", data={"form_token": form_token(page)})
    assert asked.headers["location"] == "/settings/storage?saved=asked"
    with acting_for(SHOP):
        [action] = await api.services.bulk.actions(SHOP, 10)
    assert (action["action"], action["selection"]["filter"]["status"]) == ("redeliver", ["ready"])
    back = await browser.post("/settings/storage/hosted", data={"form_token": form_token(page), "version": "1"})
    assert back.headers["location"] == "/settings/storage?saved=hosted"
    assert "To the hosted storage" in (await browser.get("/settings/storage")).text
    late = await browser.post("/settings/storage/redeliver", data={"form_token": form_token(page)})
    assert late.status_code == 409


async def test_a_storage_form_with_mistakes_says_which_and_keeps_what_was_typed(browser: httpx.AsyncClient) -> None:
    token = form_token(await browser.get("/settings/storage"))
    wrong = {"form_token": token, "endpoint": "ftp://x", "bucket": "B", "access_key": "k", "secret_key": "s3cret"}
    answer = await browser.post("/settings/storage", data=wrong | {"path_template": "{nothing}"})
    assert answer.status_code == 422
    for name in ("Endpoint", "Bucket", "Path template"):
        assert f"<strong>{name}</strong>" in answer.text
    assert 'value="ftp://x"' in answer.text
    assert "s3cret" not in answer.text


async def test_a_path_template_shows_an_example_while_it_is_typed(browser: httpx.AsyncClient) -> None:
    good = await browser.get("/settings/storage/example", params={"path_template": "{order}/{line}.{ext}"})
    assert re.search(r"<bdi>[^<{]+/[^<{]+\.\w+</bdi>", good.text)
    bad = await browser.get("/settings/storage/example", params={"path_template": "{nothing}"})
    assert 'class="error"' in bad.text


async def test_a_key_is_made_shown_once_replaced_and_revoked(api: Api, browser: httpx.AsyncClient) -> None:
    token = form_token(await browser.get("/settings/keys"))
    made = await browser.post("/settings/keys", data={"form_token": token, "name": "Printer", "scope": "jobs:read"})
    [text] = re.findall(r"pwk_[a-z0-9]+_[\w-]+", made.text)
    principal = await api.services.keys.authenticate(text)
    assert principal is not None
    assert principal.scopes == frozenset({Scope.JOBS_READ})
    page = await browser.get("/settings/keys")
    assert "Printer" in page.text
    assert text not in page.text
    replaced = await browser.post(f"/settings/keys/{principal.key_id}/replace", data={"form_token": token})
    assert len(re.findall(r"pwk_[a-z0-9]+_[\w-]+", replaced.text)) == 1
    revoked = await browser.post(f"/settings/keys/{principal.key_id}/revoke", data={"form_token": token})
    assert revoked.status_code == 303
    assert await api.services.keys.authenticate(text) is None
    nameless = await browser.post("/settings/keys", data={"form_token": token, "scope": "jobs:read"})
    assert (nameless.status_code, "Give the key a name" in nameless.text) == (422, True)


async def test_the_period_is_changed_and_an_order_is_held_and_released(api: Api, browser: httpx.AsyncClient) -> None:
    making = Making()
    making.job()
    await api.project(making)
    page = await browser.get("/settings/retention")
    token = form_token(page)
    saved = await browser.post("/settings/retention", data={"form_token": token, "version": "0", "days": "120"})
    assert saved.headers["location"] == "/settings/retention?saved=period"
    assert "120 days from the order date" in (await browser.get("/settings/retention")).text
    wrong = await browser.post("/settings/retention", data={"form_token": token, "version": "1", "days": "0"})
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (422, True)
    hold = {"form_token": token, "order": "5001", "reason": HOSTILE}
    placed = await browser.post("/settings/retention/holds", data=hold)
    assert placed.headers["location"] == "/settings/retention?saved=hold"
    page = await browser.get("/settings/retention")
    assert "#1001" in page.text
    assert "<script>alert" not in page.text
    lift = re.search(r"/settings/retention/holds/\w+/lift", page.text)
    assert lift is not None
    assert (await browser.post(lift.group(0), data={"form_token": token})).status_code == 303
    assert "There is no hold" in (await browser.get("/settings/retention")).text
    for mistake in ({"order": "#1001"}, {"reason": " "}, {"until": "soon"}, {"order": "4711"}):
        answer = await browser.post("/settings/retention/holds", data=hold | mistake)
        assert answer.status_code in {404, 422}
        assert 'role="alert"' in answer.text
