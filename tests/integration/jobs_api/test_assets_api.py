"""The shop's library: what goes in, what says that it is in use, what was deleted and comes back."""

import copy
import hashlib
from typing import Any

import httpx
import pytest
from printworks_common.events.control import CatalogEntry
from printworks_jobs_api.keys import Scope

from tests.integration.jobs_api.parts import OTHER_SHOP, PIXEL, SHOP, Api
from tests.integration.jobs_api.test_catalog_api import PHOTO

FONT = b"\x00\x01\x00\x00" + b"font" * 20
PROFILE = bytes(36) + b"acsp" + bytes(40)


async def put(client: httpx.AsyncClient, asset_id: str = "star", content: bytes = PIXEL, **more: Any) -> httpx.Response:
    params = {"kind": "image", "name": "Star"} | more.pop("params", {})
    return await client.put(f"/v1/assets/{asset_id}", content=content, params=params, **more)


async def published(api: Api) -> list[CatalogEntry]:
    found = [CatalogEntry.model_validate_json(one) for one in await api.published("printworks.catalog.v1")]
    return [one for one in found if one.kind == "asset"]


def template(*assets: str) -> dict[str, Any]:
    """A template with these stickers."""
    made = copy.deepcopy(PHOTO)
    made["areas"][0]["layers"] += [
        {"type": "sticker", "asset": asset, "box": {"x": 0, "y": 0, "width": 10, "height": 10}} for asset in assets
    ]
    return made


async def test_an_asset_is_stored_under_its_digest_and_published(api: Api) -> None:
    digest = hashlib.sha256(PIXEL).hexdigest()
    async with await api.client() as client:
        made = await put(client)
        assert (made.status_code, made.headers["etag"]) == (201, '"1"'), made.text
        assert (made.json()["media_type"], made.json()["sha256"], made.json()["used_by"]) == ("image/png", digest, [])
        assert (await put(client)).status_code == 200
        content = await client.get("/v1/assets/star/content")
        assert (content.content, content.headers["etag"]) == (PIXEL, f'"{digest}"')
        cached = await client.get("/v1/assets/star/content", headers={"If-None-Match": f'"{digest}"'})
        assert cached.status_code == 304
    [entry] = await published(api)
    assert (entry.entry_id, entry.body["key"], entry.body["bytes"]) == ("star", f"assets/{SHOP}/{digest}", len(PIXEL))
    assert await api.store.get_bytes(entry.body["key"]) == PIXEL


async def test_a_replacement_keeps_the_id_and_needs_the_version_that_it_replaces(api: Api) -> None:
    async with await api.client() as client:
        await put(client)
        other = PIXEL + b"more"
        assert (await put(client, content=other)).json()["code"] == "precondition_required"
        replaced = await put(client, content=other, headers={"If-Match": '"1"'})
        assert (replaced.status_code, replaced.json()["version"]) == (200, 2)
        kind = await put(client, content=FONT, params={"kind": "font"}, headers={"If-Match": "*"})
        assert (kind.status_code, kind.json()["code"]) == (409, "asset_of_another_kind")
    first, second = await published(api)
    assert (await api.store.get_bytes(first.body["key"]), await api.store.get_bytes(second.body["key"])) == (
        PIXEL,
        other,
    )


async def test_what_is_in_use_says_by_what_and_what_was_deleted_can_be_restored(api: Api) -> None:
    async with await api.client() as client:
        await put(client)
        await put(client, "unused")
        saved = await client.put("/v1/templates/poster", json=template("star"))
        assert saved.status_code == 201, saved.text
        listed = (await client.get("/v1/assets")).json()["items"]
        assert {one["id"]: one["used_by"] for one in listed} == {"star": ["poster"], "unused": []}
        refused = await client.delete("/v1/assets/star")
        assert (refused.status_code, refused.json()["code"], refused.json()["templates"]) == (
            409, "asset_in_use", ["poster"],
        )  # fmt: skip
        assert (await client.delete("/v1/assets/star?in_use=true")).status_code == 204
        assert [one["id"] for one in (await client.get("/v1/assets?deleted=true")).json()["items"]] == ["star"]
        assert (await client.get("/v1/assets/star")).json()["deleted"] is True
        for _ in range(2):
            restored = await client.post("/v1/assets/star/restore")
            assert (restored.status_code, restored.json()["deleted"], restored.json()["version"]) == (200, False, 3)
        await client.delete("/v1/assets/unused")
        assert (await put(client, "unused", PIXEL + b"new")).status_code == 201
    states = [(one.entry_id, one.version, one.deleted) for one in await published(api)]
    assert states == [
        ("star", 1, False), ("unused", 1, False), ("star", 2, True), ("star", 3, False), ("unused", 2, True),
        ("unused", 3, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "content", "media_type"),
    [
        ("font", FONT, "font/ttf"),
        ("font", b"OTTO" + b"x" * 60, "font/otf"),
        ("profile", PROFILE, "application/vnd.iccprofile"),
        ("palette", b"code,name,hex\n310,Black,#000000\n", "text/csv"),
        ("image", FONT, None),
        ("font", PIXEL, None),
        ("profile", PIXEL, None),
        ("image", b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
    ],
)
async def test_a_file_must_be_of_its_kind(api: Api, kind: str, content: bytes, media_type: str | None) -> None:
    async with await api.client() as client:
        answer = await put(client, "one", content, params={"kind": kind})
        if media_type is None:
            assert (answer.status_code, answer.json()["code"]) == (415, "upload_unsupported")
        else:
            assert (answer.status_code, answer.json()["media_type"]) == (201, media_type)


async def test_limits_and_rights(api: Api) -> None:
    async with await api.client() as client, await api.client(OTHER_SHOP) as other:
        large = await put(client, content=PIXEL + bytes(api.settings.upload_max_bytes))
        assert (large.status_code, large.json()["code"]) == (413, "upload_too_large")
        empty = await put(client, content=b"")
        assert empty.json()["code"] == "upload_empty"
        await put(client)
        for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", ""), ("POST", "/restore")):
            assert (await other.request(method, f"/v1/assets/star{path}")).status_code == 404
        assert (
            await client.put("/v1/assets/..%2Fx", content=PIXEL, params={"kind": "image", "name": "x"})
        ).status_code in {404, 422}
    async with await api.client(SHOP, Scope.JOBS_READ) as reader:
        assert (await put(reader)).json()["code"] == "missing_scope"
