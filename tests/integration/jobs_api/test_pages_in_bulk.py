"""Pages for many print jobs at once, without JavaScript: retry of all that a list shows, exports, their downloads."""

import io
import json
import zipfile
from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from printworks_jobs_api.keys import Scope

from tests.integration.jobs_api.browsing import form_token, sign_in_without_chromium
from tests.integration.jobs_api.parts import BEGIN, OTHER_SHOP, SHOP, Api, Making, stored_file

LIST = "/print-jobs?view=all&q="


@pytest_asyncio.fixture(loop_scope="session")
async def browser(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    async with api.browser({"Accept": "text/html"}) as client:
        await sign_in_without_chromium(api, client)
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def orders(api: Api) -> list[Making]:
    """Three that failed, of two customers, and two that are ready, with their files."""
    makings: list[Making] = []
    for number in range(5):
        at = BEGIN + timedelta(minutes=number)
        customer = "Ada" if number != 1 else "Søren"
        making = Making(name=f"#{100 + number}", order_id=str(100 + number), created_at=at, customer=customer)
        if number < 3:
            making.failed()
        else:
            file = stored_file(making.job(sku="MUG").job_id, "print", b"%PDF", name=f"{number}.pdf")
            stored = await api.store.put_bytes(file.key, b"%PDF", file.media_type)
            making.ready("1", file.model_copy(update={"crc32": stored.crc32}))
        makings.append(making)
    await api.project(*makings)
    return makings


async def asked(api: Api) -> set[str]:
    return {json.loads(one)["job_id"] for one in await api.published("printworks.commands.v1")}


def jobs(*makings: Making) -> set[str]:
    return {str(one.jobs["1"].job_id) for one in makings}


async def test_retry_without_ticks_asks_for_all_that_the_list_shows_and_counts_them_first(
    api: Api, browser: httpx.AsyncClient, orders: list[Making]
) -> None:
    listed = await browser.get(LIST + "ada")
    token = {"form_token": form_token(listed)}
    answer = await browser.post("/print-jobs/retry", data={**token, "back": LIST + "ada"})
    assert answer.headers["location"] == "/print-jobs/retry-all?view=all&q=ada"
    page = await browser.get(answer.headers["location"])
    assert "Retry 2 print jobs?" in page.text
    assert "4 print jobs match" in page.text
    assert await asked(api) == set()

    begun = await browser.post("/print-jobs/retry-all?view=all&q=ada", data=token)
    assert begun.status_code == 303
    page = await browser.get(begun.headers["location"])
    assert "0 of 2 print jobs" in page.text
    while await api.services.bulk.step():
        pass
    page = await browser.get(begun.headers["location"])
    assert "All were asked" in page.text
    assert "<strong>2</strong> asked to try again" in page.text
    assert await asked(api) == jobs(orders[0], orders[2])


async def test_a_retry_of_all_is_stopped_on_the_way(
    api: Api, browser: httpx.AsyncClient, orders: list[Making], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printworks_jobs_api.bulk.STEP_JOBS", 1)
    token = {"form_token": form_token(await browser.get(LIST))}
    begun = (await browser.post("/print-jobs/retry-all?view=attention", data=token)).headers["location"]
    assert await api.services.bulk.step()
    part = await browser.get(begun, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "1 of 3 print jobs" in part.text
    assert (await browser.post(f"{begun}/abort", data=token)).headers["location"] == begun
    while await api.services.bulk.step():
        pass
    assert "Stopped" in (await browser.get(begun)).text
    assert await asked(api) == jobs(orders[0])


async def test_what_has_not_failed_is_not_retried(api: Api, browser: httpx.AsyncClient, orders: list[Making]) -> None:
    page = await browser.get("/print-jobs/retry-all?view=ready")
    assert "Nothing to retry" in page.text
    token = {"form_token": form_token(await browser.get(LIST))}
    answer = await browser.post("/print-jobs/retry-all?view=ready", data=token)
    assert answer.headers["location"] == "/print-jobs/retry-all?view=ready"
    assert await api.pool.fetchval("SELECT count(*) FROM bulk_actions") == 0


async def test_what_the_list_shows_is_exported_and_downloaded(
    api: Api, browser: httpx.AsyncClient, orders: list[Making]
) -> None:
    token = {"form_token": form_token(await browser.get(LIST + "ada"))}
    answer = await browser.post("/exports/new", data={**token, "back": LIST + "ada"})
    assert answer.headers["location"] == "/exports/new?view=all&q=ada"
    page = await browser.get(answer.headers["location"])
    assert "Export 4 print jobs" in page.text
    choice = {**token, "include": ["print"], "names": "{order}/{name}.{ext}"}
    made = await browser.post("/exports?view=all&q=ada", data=choice)
    assert made.status_code == 303, made.text
    place = made.headers["location"]
    assert "Being prepared" in (await browser.get(place)).text
    while await api.services.planner.step():
        pass
    page = await browser.get(place)
    assert "Ready to download" in page.text
    assert "2 print jobs without files" in page.text
    archive = await browser.get(f"{place}/parts/1")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.namelist() == ["103/3.pdf", "104/4.pdf"]
    rest = await browser.get(f"{place}/parts/1", headers={"Range": "bytes=100-"})
    assert (rest.status_code, rest.content) == (206, archive.content[100:])
    manifest = [json.loads(line) for line in (await browser.get(f"{place}/manifest")).text.splitlines()]
    assert [line["reason_code"] for line in manifest if line.get("reason_code")] == ["upload_missing"] * 2

    listed = await browser.get("/exports")
    assert place in listed.text
    assert (await browser.post(f"{place}/drop", data=token)).headers["location"] == "/exports"
    assert (await browser.get(place)).status_code == 404


async def test_ticked_print_jobs_are_exported_alone(api: Api, browser: httpx.AsyncClient, orders: list[Making]) -> None:
    token = {"form_token": form_token(await browser.get(LIST))}
    [ticked] = jobs(orders[3])
    page = await browser.post("/exports/new", data={**token, "job": [ticked], "back": LIST})
    assert "Export 1 print job<" in page.text
    made = await browser.post("/exports", data={**token, "job": [ticked], "include": ["print"]})
    while await api.services.planner.step():
        pass
    archive = await browser.get(f"{made.headers['location']}/parts/1")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.namelist() == ["103/MUG-3.pdf"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"include": []}, "Choose at least one kind of files."),
        ({"names": "{nonsense}"}, "{nonsense} is not a field."),
        ({"names": "all"}, "all files would have the same name"),
    ],
)
async def test_a_choice_that_cannot_be_exported_comes_back_with_what_is_wrong(
    browser: httpx.AsyncClient, orders: list[Making], wrong: dict[str, object], said: str
) -> None:
    token = {"form_token": form_token(await browser.get(LIST))}
    answer = await browser.post("/exports?view=all", data={**token, "include": ["print"], "names": "{name}", **wrong})
    assert answer.status_code == 422
    assert said in answer.text


async def test_another_shops_exports_and_bulk_retries_do_not_exist(
    api: Api, browser: httpx.AsyncClient, orders: list[Making]
) -> None:
    token = {"form_token": form_token(await browser.get(LIST))}
    export = (await browser.post("/exports?view=all", data={**token, "include": ["print"]})).headers["location"]
    action = (await browser.post("/print-jobs/retry-all?view=all", data=token)).headers["location"]
    while await api.services.planner.step():
        pass
    async with api.browser({"Accept": "text/html"}) as other:
        await sign_in_without_chromium(api, other, OTHER_SHOP)
        token = {"form_token": form_token(await other.get(LIST))}
        for path in (export, f"{export}/manifest", f"{export}/parts/1", action):
            assert (await other.get(path)).status_code == 404
        for path in (f"{export}/drop", f"{action}/abort"):
            assert (await other.post(path, data=token)).status_code == 404


async def test_who_may_neither_retry_nor_export_is_offered_neither(api: Api, orders: list[Making]) -> None:
    async with api.browser({"Accept": "text/html"}) as client:
        await sign_in_without_chromium(api, client, SHOP, Scope.JOBS_READ)
        listed = await client.get(LIST)
        assert 'name="job"' not in listed.text
        assert 'href="/exports"' not in listed.text
        token = {"form_token": form_token(listed)}
        for path in ("/exports", "/exports/new", "/print-jobs/retry-all"):
            assert (await client.get(path)).status_code == 403
        for path in ("/exports", "/exports/new", "/print-jobs/retry-all"):
            assert (await client.post(path, data=token)).status_code == 403
