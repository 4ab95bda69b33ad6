"""Dry-runs: a template rendered on a sample picture by a real worker, its files read, its failures in words."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from printworks_common.clock import SystemClock
from printworks_common.dry_runs import ROOT, folder
from printworks_common.events.topics import Topic
from printworks_common.kafka.record import Record
from printworks_jobs_api import dry_runs
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages.starters import TEMPLATE
from printworks_render.engine.version import RENDERER_VERSION
from printworks_render.worker.pool import RenderPool
from printworks_render.worker.renderer import RenderWorker

from tests.integration.jobs_api.browsing import form_token, picture, sign_in_without_chromium
from tests.integration.jobs_api.parts import OTHER_SHOP, SHOP, Api

SMALL: dict[str, Any] = {
    **TEMPLATE,
    "areas": [
        {
            **TEMPLATE["areas"][0],
            "canvas": {"width_mm": 60, "height_mm": 40},
            "layers": [
                {"type": "photo", "slot": "photo"},
                {"type": "text", "slot": "text", "box": {"x": 5, "y": 25, "width": 50, "height": 10}, "size_pt": 12},
            ],
        }
    ],
}


WITH_PROFILE = {"role": "print", "format": "tiff", "profile": "gone"}


class SilentProducer:
    """A worker publishes nothing about a dry-run."""

    async def send(self, record: Any) -> None:
        raise AssertionError(f"published: {record}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def render_pool() -> AsyncGenerator[RenderPool]:
    pool = RenderPool(slots=1, timeout_seconds=60, memory_mb=2048, renders_per_child=20)
    await pool.warm_up()
    yield pool
    await pool.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def client(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    for day in await api.store.folders(ROOT):
        await api.store.delete_prefix(day)
    async with await api.client() as client:
        yield client


async def rendered(api: Api, pool: RenderPool) -> None:
    """Let a worker handle what waits in the outbox for it."""
    producer: Any = SilentProducer()
    worker = RenderWorker(pool, api.store, producer, SystemClock(), renderer_version=RENDERER_VERSION)
    for row in await api.pool.fetch("DELETE FROM outbox WHERE topic = $1 RETURNING *", Topic.RENDER_REQUESTS):
        headers: dict[str, str] = row["headers"]
        await worker.handle(Record(row["topic"], 0, 0, 0, row["key"], row["value"], headers))


async def begun(client: httpx.AsyncClient, **wanted: Any) -> str:
    answer = await client.post("/v1/dry-runs", json=wanted)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "rendering"
    return str(answer.json()["dry_run_id"])


async def test_a_template_is_rendered_on_our_picture_before_it_is_saved(
    api: Api, client: httpx.AsyncClient, render_pool: RenderPool
) -> None:
    run_id = await begun(client, template=SMALL, texts={"text": "For Ada"})
    await rendered(api, render_pool)
    run = (await client.get(f"/v1/dry-runs/{run_id}")).json()
    assert (run["status"], run["reason_code"], run["template_id"]) == ("ready", None, "photo-a3")
    assert "300 DPI" in run["spec_line"]
    files = {one["role"]: one for one in run["files"]}
    assert set(files) == {"print", "preview", "thumbnail"}
    for role, magic in (("print", b"%PDF"), ("preview", b"\xff\xd8\xff")):
        file = await client.get(files[role]["url"])
        assert (file.status_code, len(file.content)) == (200, files[role]["bytes"])
        assert file.content.startswith(magic)
        again = await client.get(files[role]["url"], headers={"If-None-Match": file.headers["etag"]})
        assert again.status_code == 304
    assert (await client.get("/v1/templates")).json()["items"] == []


async def test_a_saved_template_is_tried_on_a_picture_of_the_library(
    api: Api, client: httpx.AsyncClient, render_pool: RenderPool
) -> None:
    await client.put("/v1/templates/photo-a3", json=SMALL)
    own = picture("#c2593f", (90, 60))
    await client.put("/v1/assets/tiny", params={"kind": "image", "name": "Tiny"}, content=own)
    run_id = await begun(client, template_id="photo-a3", sample="tiny")
    await rendered(api, render_pool)
    run = (await client.get(f"/v1/dry-runs/{run_id}")).json()
    # Ninety pixels for sixty millimetres: what a customer's picture would fail with, a sample fails with.
    assert (run["status"], run["reason_code"]) == ("failed", "upload_low_resolution")
    assert "too few pixels" in run["reason"]
    assert run["files"] == []


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({}, 422, "invalid_request"),
        ({"template": SMALL, "template_id": "photo-a3"}, 422, "invalid_request"),
        ({"template_id": "unknown"}, 404, "not_found"),
        ({"template": {**SMALL, "areas": []}}, 422, "template_invalid"),
        ({"template": {**SMALL, "name": "x" * 300_000}}, 413, "too_large"),
        ({"template": {**SMALL, "name": "\ud800"}}, 422, "template_invalid"),
        ({"template": SMALL, "texts": {"stray": "x"}}, 422, "design_invalid"),
        ({"template": SMALL, "sample": "unknown"}, 422, "asset_missing"),
        (
            {"template": SMALL | {"outputs": [{"role": "print", "format": "tiff", "profile": "gone"}]}},
            422,
            "asset_missing",
        ),
    ],
)
async def test_what_cannot_be_tried_is_refused_at_once(
    api: Api, client: httpx.AsyncClient, wanted: dict[str, Any], status: int, code: str
) -> None:
    body = json.dumps(wanted)  # httpx would not send half a character
    answer = await client.post("/v1/dry-runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code
    assert await api.published(Topic.RENDER_REQUESTS) == []


async def test_a_font_at_an_address_is_not_fetched(api: Api, client: httpx.AsyncClient) -> None:
    area = SMALL["areas"][0]
    photo, text = area["layers"]
    named = {**SMALL, "areas": [{**area, "layers": [photo, {**text, "font": {"url": "https://x.example/a.ttf"}}]}]}
    answer = await client.post("/v1/dry-runs", json={"template": named})
    assert (answer.status_code, answer.json()["code"]) == (422, "font_by_address")


async def test_a_shop_has_few_at_the_same_time(api: Api, client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/v1/dry-runs", json={"template": SMALL}) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [202, 202, 202, 409, 409]
    async with await api.client(OTHER_SHOP) as other:
        assert (await other.post("/v1/dry-runs", json={"template": SMALL})).status_code == 202


async def test_one_that_nobody_renders_has_failed_after_a_while(
    api: Api, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await begun(client, template=SMALL)
    monkeypatch.setattr(dry_runs, "ANSWER_WITHIN", timedelta(0))
    run = (await client.get(f"/v1/dry-runs/{run_id}")).json()
    assert (run["status"], run["reason_code"]) == ("failed", "not_answered")


async def test_days_that_are_over_are_dropped(api: Api, client: httpx.AsyncClient) -> None:
    run_id = await begun(client, template=SMALL)
    old = folder(datetime.now(UTC).date() - timedelta(days=2), SHOP, UUID(int=1))
    await api.store.put_bytes(f"{old}request.json", b"{}", "application/json")
    await api.services.dry_runs.forget_old()
    assert [one.key async for one in api.store.list(old)] == []
    assert (await client.get(f"/v1/dry-runs/{run_id}")).status_code == 200


async def test_another_shop_and_another_right_see_none_of_it(api: Api, client: httpx.AsyncClient) -> None:
    run_id = await begun(client, template=SMALL)
    async with await api.client(OTHER_SHOP) as other:
        for path in (run_id, f"{run_id}/files/a.pdf", "20261126-" + "0" * 32, "nonsense"):
            assert (await other.get(f"/v1/dry-runs/{path}")).status_code == 404
    async with await api.client(SHOP, Scope.JOBS_READ) as reader:
        assert (await reader.post("/v1/dry-runs", json={"template": SMALL})).status_code == 403


async def test_the_editor_tries_what_is_written_and_shows_what_it_makes(api: Api, render_pool: RenderPool) -> None:
    async with api.browser({"Accept": "text/html"}) as browser:
        await sign_in_without_chromium(api, browser)
        page = await browser.get("/settings/templates/new")
        token = {"form_token": form_token(page)}
        wrong = await browser.post("/settings/dry-runs", data={**token, "document": "{"})
        assert (wrong.status_code, "This is not JSON" in wrong.text) == (422, True)
        faulty = json.dumps({**SMALL, "recipe": 7})
        wrong = await browser.post("/settings/dry-runs", data={**token, "document": faulty})
        assert (wrong.status_code, "Line 5, recipe" in wrong.text) == (422, True)
        started = await browser.post("/settings/dry-runs", data={**token, "document": json.dumps(SMALL)})
        place = started.headers["location"]
        assert "Being rendered" in (await browser.get(place)).text
        await rendered(api, render_pool)
        page = await browser.get(place)
        assert "This is what it makes" in page.text
        [preview] = re.findall(r'<img src="([^"]+)" alt="Preview', page.text)
        shown = await browser.get(preview)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert shown.headers["content-disposition"].startswith("inline")
