"""Templates, products and assets in the pages, without JavaScript: written, refused at the place, deleted, put back."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages.starters import MAPPING, TEMPLATE

from tests.integration.jobs_api.browsing import form_token, sign_in_without_chromium
from tests.integration.jobs_api.parts import OTHER_SHOP, PIXEL, SHOP, Api

PATHS = ("/settings/templates", "/settings/products", "/settings/assets")


@pytest_asyncio.fixture(loop_scope="session")
async def browser(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    async with api.browser({"Accept": "text/html"}) as client:
        await sign_in_without_chromium(api, client)
        yield client


async def save(client: httpx.AsyncClient, part: str, document: dict[str, Any] | str, **more: str) -> httpx.Response:
    token = form_token(await client.get("/settings/retention"))
    text = document if isinstance(document, str) else json.dumps(document)
    return await client.post(f"/settings/{part}", data={"form_token": token, "document": text, **more})


async def upload(client: httpx.AsyncClient, content: bytes = PIXEL, **more: str) -> httpx.Response:
    token = form_token(await client.get("/settings/assets"))
    about = {"form_token": token, "asset_id": "logo", "kind": "image", "name": "Our logo", **more}
    return await client.post("/settings/assets/upload", data=about, files={"file": ("logo.png", content)})


async def post(client: httpx.AsyncClient, path: str, **more: str) -> httpx.Response:
    return await client.post(path, data={"form_token": form_token(await client.get("/settings/retention")), **more})


async def test_a_template_is_written_changed_and_published(api: Api, browser: httpx.AsyncClient) -> None:
    assert "No templates yet" in (await browser.get("/settings/templates")).text
    starter = await browser.get("/settings/templates/new")
    assert "photo-a3" in starter.text
    made = await save(browser, "templates", TEMPLATE)
    assert made.headers["location"] == "/settings/templates/photo-a3?done=saved"
    page = await browser.get("/settings/templates/photo-a3")
    assert "version 1" in page.text
    changed = await save(browser, "templates", {**TEMPLATE, "name": "Photo, large"}, entry_id="photo-a3", version="1")
    assert changed.status_code == 303
    listed = await browser.get("/settings/templates")
    assert "Photo, large" in listed.text
    assert "420 × 297 mm" in listed.text
    published = [json.loads(one) for one in await api.published("printworks.catalog.v1")]
    assert [(one["version"], one["body"]["name"]) for one in published] == [(1, "Photo print A3"), (2, "Photo, large")]


async def test_a_fault_is_shown_at_its_line_with_what_was_written(browser: httpx.AsyncClient) -> None:
    wrong = json.loads(json.dumps(TEMPLATE))
    wrong["areas"][0]["dpi"] = 30
    answer = await save(browser, "templates", wrong)
    assert answer.status_code == 422
    assert 'data-line="14"' in answer.text
    assert "areas › 1 › dpi" in answer.text
    assert "&#34;dpi&#34;: 30," in answer.text
    assert (await browser.get("/settings/templates/photo-a3")).status_code == 404


@pytest.mark.parametrize(
    ("part", "document", "more", "said"),
    [
        ("templates", '{"id": "a",}', {}, "This is not JSON"),
        ("templates", "[1]", {}, "must be a JSON object"),
        ("templates", {**TEMPLATE, "id": ""}, {}, "Give it an id"),
        ("templates", {**TEMPLATE, "name": "\ud800"}, {}, "Input should be a valid string"),
        ("templates", {**TEMPLATE, "colour": 1}, {}, "Extra inputs are not permitted"),
        ("products", MAPPING, {}, "Give it an id"),
        ("products", {"template_id": "a"}, {"entry_id": "a"}, "exactly one of variant_id, sku and product_id"),
    ],
)
async def test_a_document_that_cannot_be_used_comes_back(
    browser: httpx.AsyncClient, part: str, document: dict[str, Any] | str, more: dict[str, str], said: str
) -> None:
    answer = await save(browser, part, document, **more)
    assert answer.status_code in {400, 422}
    assert "Not saved" in answer.text
    assert said.lower() in answer.text.lower()
    assert "<textarea" in answer.text


async def test_what_somebody_else_has_changed_is_not_overwritten(browser: httpx.AsyncClient) -> None:
    await save(browser, "templates", TEMPLATE)
    await save(browser, "templates", {**TEMPLATE, "name": "Second"}, entry_id="photo-a3", version="1")
    late = await save(browser, "templates", {**TEMPLATE, "name": "Third"}, entry_id="photo-a3", version="1")
    assert (late.status_code, "Somebody has changed this meanwhile" in late.text) == (412, True)
    assert "Third" in late.text
    again = await save(browser, "templates", {**TEMPLATE, "name": "Fourth"})
    assert (again.status_code, "with this id already" in again.text) == (428, True)


async def test_a_template_goes_only_when_no_product_needs_it(browser: httpx.AsyncClient) -> None:
    await save(browser, "templates", TEMPLATE)
    assert (await save(browser, "products", MAPPING, entry_id="a3")).status_code == 303
    listed = await browser.get("/settings/products")
    assert "SKU PHOTO-A3" in listed.text
    assert "does not exist" not in listed.text
    refused = await post(browser, "/settings/templates/photo-a3/delete", version="1")
    assert (refused.status_code, "They are: a3." in refused.text) == (409, True)
    assert (await post(browser, "/settings/products/a3/delete", version="1")).status_code == 303
    assert (await post(browser, "/settings/templates/photo-a3/delete", version="1")).status_code == 303
    assert (await browser.get("/settings/templates/photo-a3")).status_code == 404


async def test_a_product_whose_template_is_missing_says_so(browser: httpx.AsyncClient) -> None:
    await save(browser, "products", MAPPING, entry_id="a3")
    assert "photo-a3 does not exist" in (await browser.get("/settings/products")).text


async def test_an_asset_is_uploaded_replaced_deleted_and_restored(browser: httpx.AsyncClient) -> None:
    assert (await upload(browser)).headers["location"] == "/settings/assets?done=saved"
    file = await browser.get("/settings/assets/logo/content")
    assert (file.content, file.headers["content-disposition"]) == (PIXEL, "attachment")
    assert "sandbox" in file.headers["content-security-policy"]
    again = await upload(browser)
    assert (again.status_code, "use Replace" in again.text) == (303, False), "the same file again changes nothing"
    other = PIXEL + b"more"
    taken = await upload(browser, other)
    assert (taken.status_code, "use Replace" in taken.text) == (428, True)
    assert (await upload(browser, other, version="1")).status_code == 303
    assert (await browser.get("/settings/assets/logo/content")).content == other
    assert (await post(browser, "/settings/assets/logo/delete")).status_code == 303
    page = await browser.get("/settings/assets")
    assert "The library is empty" in page.text
    assert "Restore" in page.text
    assert (await post(browser, "/settings/assets/logo/restore")).status_code == 303
    assert "The library is empty" not in (await browser.get("/settings/assets")).text


async def test_an_asset_in_use_is_deleted_only_after_a_second_word(browser: httpx.AsyncClient) -> None:
    await upload(browser)
    logo = {"type": "logo", "asset": "logo", "box": {"x": 1, "y": 1, "width": 60, "height": 40}}
    area = {**TEMPLATE["areas"][0], "layers": [*TEMPLATE["areas"][0]["layers"], logo]}
    assert (await save(browser, "templates", {**TEMPLATE, "areas": [area]})).status_code == 303
    assert 'href="/settings/templates/photo-a3"' in (await browser.get("/settings/assets")).text
    refused = await post(browser, "/settings/assets/logo/delete")
    assert (refused.status_code, "Delete it all the same" in refused.text) == (409, True)
    assert (await post(browser, "/settings/assets/logo/delete", in_use="yes")).status_code == 303
    assert "Missing in photo-a3" in (await browser.get("/settings/assets")).text


@pytest.mark.parametrize(
    ("content", "more", "status", "said"),
    [
        (b"plain text", {}, 415, "This is not a JPEG"),
        (b"", {}, 422, "empty"),
        (PIXEL, {"asset_id": "../logo"}, 422, "The id may have letters"),
        (PIXEL, {"kind": "film"}, 422, "Give the file a kind"),
        (PIXEL, {"kind": "font"}, 415, "This is not a TrueType"),
    ],
)
async def test_a_file_that_is_none_of_its_kind_is_refused_with_a_sentence(
    browser: httpx.AsyncClient, content: bytes, more: dict[str, str], status: int, said: str
) -> None:
    answer = await upload(browser, content, **more)
    assert (answer.status_code, said in answer.text) == (status, True)


async def test_who_may_not_change_settings_may_look(api: Api, browser: httpx.AsyncClient) -> None:
    await save(browser, "templates", TEMPLATE)
    async with api.browser({"Accept": "text/html"}) as client:
        await sign_in_without_chromium(api, client, SHOP, Scope.JOBS_READ)
        page = await client.get("/settings/templates/photo-a3")
        assert "readonly" in page.text
        assert "Delete template" not in page.text
        token = form_token(page)
        refused = await client.post("/settings/templates", data={"form_token": token, "document": json.dumps(TEMPLATE)})
        assert refused.status_code == 403
        assert (await client.post("/settings/assets/logo/delete", data={"form_token": token})).status_code == 403
        assert (await client.get("/settings/assets/logo/content")).status_code == 403


async def test_another_shop_sees_none_of_it(api: Api, browser: httpx.AsyncClient) -> None:
    await save(browser, "templates", TEMPLATE)
    await upload(browser)
    async with api.browser({"Accept": "text/html"}) as client:
        await sign_in_without_chromium(api, client, OTHER_SHOP)
        for path in PATHS:
            assert "photo-a3" not in (await client.get(path)).text
        for path in ("/settings/templates/photo-a3", "/settings/assets/logo/content"):
            assert (await client.get(path)).status_code == 404
        assert (await post(client, "/settings/templates/photo-a3/delete", version="1")).status_code == 404
        assert (await post(client, "/settings/assets/logo/delete")).status_code == 404


async def test_a_forged_form_changes_nothing(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/settings/templates", data={"form_token": "x", "document": json.dumps(TEMPLATE)})
    assert answer.status_code == 403
    upload_of_another = await browser.post(
        "/settings/assets/upload", data={"form_token": "x", "asset_id": "a", "kind": "image", "name": "a"},
        files={"file": ("a.png", PIXEL)},
    )  # fmt: skip
    assert upload_of_another.status_code == 403
    assert "The library is empty" in (await browser.get("/settings/assets")).text
