"""`/lines/<token>` and `/file-lists/<token>`: what the links on the order page lead to."""

from uuid import UUID

import pytest
from printworks_common import ids
from printworks_common.events.print_jobs import TextField
from printworks_common.filelinks import Page

from tests.integration.jobs_api.parts import PIXEL, PUBLIC_URL, SHOP, Api, Making, stored_file


def line_link(api: Api, making: Making, line: str = "1") -> str:
    job = ids.job_id(making.shop, making.order_id, line)
    return api.services.signer.page_url(PUBLIC_URL, Page.LINE, making.shop, job)


def list_link(api: Api, order_id: str) -> str:
    return api.services.signer.page_url(PUBLIC_URL, Page.FILES, SHOP, UUID(int=int(order_id)))


async def test_a_ready_line_shows_thumbnail_preview_texts_and_status(api: Api) -> None:
    making = Making()
    job = making.job(texts=(TextField(name="Name", value="Ada <b>", origin="design"),)).job_id
    thumbnail, preview = stored_file(job, "thumbnail", PIXEL), stored_file(job, "preview", PIXEL + b"2")
    for file, content in ((thumbnail, PIXEL), (preview, PIXEL + b"2")):
        await api.store.put_bytes(file.key, content, file.media_type)
    making.ready("1", thumbnail, preview)
    await api.project(making)
    async with api.browser() as client:
        answer = await client.get(line_link(api, making))
        assert answer.status_code == 200
        page = answer.text
        assert "Photo print" in page
        assert '<p class="status ready">Ready</p>' in page
        assert "Ada &lt;b&gt;" in page
        for file, content in ((thumbnail, PIXEL), (preview, PIXEL + b"2")):
            path = api.link(file).removeprefix(PUBLIC_URL)
            assert f'"{path}"' in page
            assert (await client.get(path)).content == content


async def test_it_shows_nothing_of_the_customer_and_tells_nobody_its_address(api: Api) -> None:
    making = Making(customer="Jörg Müller")
    making.job()
    await api.project(making)
    async with api.browser() as client:
        answer = await client.get(line_link(api, making))
    assert "Müller" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["cache-control"] == "no-store"
    assert "script" not in answer.headers["content-security-policy"]


async def test_a_failed_line_says_why_and_what_to_do(api: Api) -> None:
    making = Making()
    making.failed("1", "upload_missing")
    await api.project(making)
    async with api.browser() as client:
        page = (await client.get(line_link(api, making))).text
    assert '<p class="status failed">Failed</p>' in page
    assert "No picture" in page


@pytest.mark.parametrize("spoil", [lambda link: link[:-1], lambda link: link + "A", lambda link: link.upper()])
async def test_a_link_that_we_did_not_sign_leads_nowhere(api: Api, spoil: object) -> None:
    making = Making()
    making.job()
    await api.project(making)
    assert callable(spoil)
    token = line_link(api, making).rpartition("/")[2]
    async with api.browser() as client:
        answer = await client.get(f"/lines/{spoil(token)}")
    assert answer.status_code == 404
    assert "Photo print" not in answer.text


async def test_a_link_is_good_for_its_own_kind_only(api: Api) -> None:
    making = Making()
    making.job()
    await api.project(making)
    token = line_link(api, making).rpartition("/")[2]
    async with api.browser() as client:
        assert (await client.get(f"/file-lists/{token}")).status_code == 404
        assert (await client.get(f"/files/{token}/a.png")).status_code == 404


async def test_what_was_erased_is_not_there_any_more(api: Api) -> None:
    async with api.browser() as client:
        answer = await client.get(line_link(api, Making(order_id="777")))
    assert (answer.status_code, "erased" in answer.text) == (404, True)


class TestListOfFiles:
    async def test_it_lists_the_files_for_print_of_a_ready_order(self, api: Api) -> None:
        making = Making()
        job = making.job().job_id
        printed, thumbnail = stored_file(job, "print", b"%PDF"), stored_file(job, "thumbnail", PIXEL)
        making.ready("1", printed, thumbnail)
        await api.project(making)
        async with api.browser() as client:
            answer = await client.get(list_link(api, making.order_id))
        assert answer.json() == {"order_name": "#1001", "artwork_status": "ready", "files": [api.link(printed)]}

    async def test_it_is_empty_while_the_order_is_not_ready(self, api: Api) -> None:
        making = Making()
        making.ready("1", stored_file(making.job().job_id, "print", b"%PDF"))
        making.job("2")
        await api.project(making)
        async with api.browser() as client:
            answer = await client.get(list_link(api, making.order_id))
        assert (answer.json()["artwork_status"], answer.json()["files"]) == ("pending", [])

    async def test_an_unknown_order_is_not_there(self, api: Api) -> None:
        async with api.browser() as client:
            answer = await client.get(list_link(api, "999"))
        assert (answer.status_code, answer.json()["code"]) == (404, "file_list_unknown")
