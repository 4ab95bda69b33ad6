"""Exports: what is in the manifest and in the archives, and downloads that break and are resumed."""

import hashlib
import io
import json
import random
import zipfile
import zlib
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest
from printworks_common.events.rendering import DeliveredTo, StoredFile
from printworks_jobs_api.keys import Scope

from tests.integration.jobs_api.parts import BEGIN, OTHER_SHOP, SHOP, Api, Making, api_settings, stored_file


async def put(api: Api, file: StoredFile, content: bytes) -> StoredFile:
    stored = await api.store.put_bytes(file.key, content, file.media_type)
    return file.model_copy(update={"crc32": stored.crc32})


async def ready_order(api: Api, number: int, *contents: bytes) -> Making:
    """An order with one ready print job, with a print file per content and a preview."""
    making = Making(name=f"#{number}", order_id=str(9000 + number), created_at=BEGIN + timedelta(minutes=number))
    job = making.job(sku="MUG/11").job_id
    files = [
        await put(api, stored_file(job, "print", one, name=f"{number}-{i}.pdf"), one) for i, one in enumerate(contents)
    ]
    preview = f"preview of {number}".encode()
    making.ready("1", *files, await put(api, stored_file(job, "preview", preview), preview))
    await api.project(making)
    return making


async def exported(api: Api, client: httpx.AsyncClient, **wanted: Any) -> dict[str, Any]:
    """A ready export."""
    made = await client.post("/v1/exports", json={"filter": {}} | wanted)
    assert made.status_code == 202, made.text
    while await api.services.planner.step():
        pass
    export = (await client.get(f"/v1/exports/{made.json()['export_id']}")).json()
    assert export["status"] == "ready"
    return export


async def lines(client: httpx.AsyncClient, export: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await client.get(export["manifest_url"])).text.splitlines()]


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_manifest_and_archive_tell_the_same(api: Api) -> None:
    await ready_order(api, 1, b"first", b"second")
    failed = Making(name="#2", order_id="2")
    failed.failed()
    waiting = Making(name="#3", order_id="3")
    waiting.job()
    await api.project(failed, waiting)
    async with await api.client(SHOP, Scope.EXPORT) as client:
        export = await exported(api, client)
        *manifest, end = await lines(client, export)
        archive = await client.get(export["parts"][0]["url"])
        text = (await client.get(export["manifest_url"])).text
    files = [one for one in manifest if one["type"] == "file"]
    contents = opened(archive.content)
    assert {one["path"]: one["sha256"] for one in files} == {
        path: hashlib.sha256(content).hexdigest() for path, content in contents.items()
    }
    assert all(int(one["crc32"], 16) == zlib.crc32(contents[one["path"]]) for one in files)
    assert list(contents) == ["1/MUG_11-1-0.pdf", "1/MUG_11-1-1.pdf"]
    [first, _second] = files
    assert (first["width_px"], first["dpi"], first["order_name"], first["line_item_id"], first["quantity"]) == (
        4960, 300, "#1", "1", 1,
    )  # fmt: skip
    without = {one["order_name"]: (one["status"], one["reason_code"]) for one in manifest if one["type"] == "job"}
    assert without == {"#2": ("failed", "upload_missing"), "#3": ("pending", "not_finished")}
    assert "no longer at the address" in next(one["reason"] for one in manifest if one["order_name"] == "#2")
    body = text[: text.rindex("{")]
    assert end == {
        "type": "end", "files": 2, "bytes": 11, "jobs": 3, "jobs_without_files": 2, "parts": 1,
        "lines_sha256": hashlib.sha256(body.encode()).hexdigest(),
    }  # fmt: skip
    assert (export["files"], export["bytes"], export["jobs_done"], export["jobs_without_files"]) == (2, 11, 3, 2)
    assert archive.headers["content-type"] == "application/zip"
    assert len(archive.content) == export["parts"][0]["bytes"]


async def test_a_download_that_breaks_anywhere_is_resumed_with_the_same_bytes(api: Api) -> None:
    await ready_order(api, 1, random.Random(1).randbytes(300_000), b"", b"x")
    await ready_order(api, 2, random.Random(2).randbytes(70_000))
    async with await api.client() as client:
        export = await exported(api, client, include=["print", "preview"])
        [part] = export["parts"]
        whole = await client.get(part["url"])
        again = await exported(api, client, include=["print", "preview"])
        twin = await client.get(again["parts"][0]["url"])
        assert (twin.content, twin.headers["etag"]) == (whole.content, whole.headers["etag"])
        chosen = random.Random(3)
        cuts = sorted({0, len(whole.content), *(chosen.randrange(len(whole.content)) for _ in range(20))})
        pieces = bytearray()
        for begin, end in pairwise(cuts):
            answer = await client.get(
                part["url"], headers={"Range": f"bytes={begin}-{end - 1}", "If-Range": whole.headers["etag"]}
            )
            assert (answer.status_code, answer.headers["content-range"]) == (
                206, f"bytes {begin}-{end - 1}/{len(whole.content)}",
            )  # fmt: skip
            pieces += answer.content
        assert bytes(pieces) == whole.content
        # Each byte of the directory, where records of all files follow each other.
        tail = len(whole.content) - 600
        for begin in range(tail, len(whole.content), 41):
            answer = await client.get(part["url"], headers={"Range": f"bytes={begin}-{begin + 40}"})
            assert answer.content == whole.content[begin : begin + 41]
    assert len(opened(whole.content)) == 6


async def test_conditions_and_heads_of_an_archive(api: Api) -> None:
    await ready_order(api, 1, b"content")
    async with await api.client() as client:
        export = await exported(api, client)
        [part] = export["parts"]
        head = await client.head(part["url"])
        assert (head.status_code, head.headers["content-length"], head.headers["etag"]) == (
            200, str(part["bytes"]), part["etag"],
        )  # fmt: skip
        assert (await client.get(part["url"], headers={"If-None-Match": part["etag"]})).status_code == 304
        other = await client.get(part["url"], headers={"Range": "bytes=1-2", "If-Range": '"another"'})
        assert (other.status_code, len(other.content)) == (200, part["bytes"])
        behind = await client.get(part["url"], headers={"Range": f"bytes={part['bytes']}-"})
        assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{part['bytes']}")
        manifest = await client.get(export["manifest_url"])
        same = await client.get(export["manifest_url"], headers={"If-None-Match": manifest.headers["etag"]})
        assert same.status_code == 304
        assert (await client.get(part["url"].replace("/parts/1", "/parts/2"))).status_code == 404


async def test_archives_are_parted_and_preparing_goes_on_where_it_ended(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printworks_jobs_api.export_plan.STEP_JOBS", 2)
    for number in range(5):
        await ready_order(api, number + 1, bytes([number]) * 1000)
    small = api_settings(
        api.stack, api.settings.postgres_dsn.get_secret_value(), api.settings.bucket, export_part_bytes=2500
    )
    parted = api.configured(small)
    async with await parted.client() as client:
        made = (await client.post("/v1/exports", json={"filter": {}})).json()
        assert (made["status"], made["jobs_matched"], made["jobs_done"]) == ("preparing", 5, 0)
        early = await client.get(f"/v1/exports/{made['export_id']}/manifest")
        assert (early.status_code, early.json()["code"]) == (409, "export_not_ready")
        assert await parted.services.planner.step()
        midway = (await client.get(f"/v1/exports/{made['export_id']}")).json()
        assert (midway["status"], midway["jobs_done"], midway["files"]) == ("preparing", 2, 2)
        while await parted.services.planner.step():
            pass
        export = (await client.get(f"/v1/exports/{made['export_id']}")).json()
        assert [one["files"] for one in export["parts"]] == [2, 2, 1]
        contents = [opened((await client.get(one["url"])).content) for one in export["parts"]]
        manifest = await lines(client, export)
    assert [(one["path"], one["part"]) for one in manifest[:-1]] == [
        (path, number + 1) for number, part in enumerate(contents) for path in part
    ]


async def test_names_follow_the_template_and_never_meet(api: Api) -> None:
    await ready_order(api, 1, b"a", b"b")
    await ready_order(api, 2, b"c")
    async with await api.client() as client:
        export = await exported(api, client, names="all/{sku}.{ext}")
        paths = [one["path"] for one in await lines(client, export) if one["type"] == "file"]
        assert (len(set(paths)), paths[0]) == (3, "all/MUG_11.pdf")
        assert paths[1] == f"all/MUG_11-{hashlib.sha256(b'b').hexdigest()[:8]}.pdf"
        wrong = await client.post("/v1/exports", json={"filter": {}, "names": "../{sku}"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_request")


async def test_only_what_is_selected_is_exported(api: Api) -> None:
    first, second = await ready_order(api, 1, b"a"), await ready_order(api, 2, b"b")
    chosen = str(second.jobs["1"].job_id)
    async with await api.client() as client, await api.client(OTHER_SHOP) as other:
        by_id = await exported(api, client, filter=None, ids=[chosen])
        assert [one.get("order_name") for one in await lines(client, by_id)] == ["#2", None]
        by_filter = await exported(api, client, filter={"q": "#1", "status": ["ready"]})
        assert [one.get("order_name") for one in await lines(client, by_filter)] == ["#1", None]
        foreign = await exported(api, other, filter=None, ids=[str(first.jobs["1"].job_id)])
        assert (foreign["files"], foreign["parts"]) == (0, [])
        for path in ("", "/manifest", "/parts/1"):
            assert (await other.get(f"/v1/exports/{by_id['export_id']}{path}")).status_code == 404
        assert (await other.delete(f"/v1/exports/{by_id['export_id']}")).status_code == 404
        for body in ({}, {"ids": []}, {"ids": [chosen], "filter": {}}, {"filter": {"colour": "red"}}):
            assert (await client.post("/v1/exports", json=body)).status_code == 422


async def test_files_without_a_checksum_are_asked_of_the_store(api: Api) -> None:
    making = Making()
    file = stored_file(making.job().job_id, "print", b"content")
    await api.store.put_bytes(file.key, b"content", file.media_type)
    making.ready("1", file)
    await api.project(making)
    async with await api.client() as client:
        export = await exported(api, client)
        assert (await lines(client, export))[0]["crc32"] == f"{zlib.crc32(b'content'):08x}"


async def test_files_in_the_shops_own_bucket_come_from_there(api: Api) -> None:
    info = api.stack.info
    form = {
        "endpoint": info.s3_endpoint, "bucket": api.settings.bucket, "access_key": info.s3_access_key,
        "secret_key": info.s3_secret_key,
    }  # fmt: skip
    content = b"delivered"
    making = Making()
    file = stored_file(making.job().job_id, "print", content)
    there = DeliveredTo(endpoint=info.s3_endpoint, bucket=api.settings.bucket, key="merchant/1001.pdf")
    stored = await api.store.put_bytes(there.key, content, file.media_type)
    making.ready("1", file.model_copy(update={"delivered": there, "crc32": stored.crc32}))
    await api.project(making)
    async with await api.client() as client:
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": "*"})
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": '"0"'})
        export = await exported(api, client)
        archive = await client.get(export["parts"][0]["url"])
    assert list(opened(archive.content).values()) == [content]


async def test_what_is_delivered_after_the_export_was_made_is_read_where_it_lies_now(api: Api) -> None:
    info = api.stack.info
    form = {
        "endpoint": info.s3_endpoint, "bucket": api.settings.bucket, "access_key": info.s3_access_key,
        "secret_key": info.s3_secret_key,
    }  # fmt: skip
    making = await ready_order(api, 1, b"content")
    [artwork] = making.jobs["1"].artwork
    there = DeliveredTo(endpoint=info.s3_endpoint, bucket=api.settings.bucket, key="merchant/moved.pdf")
    async with await api.client() as client:
        await client.put("/v1/settings/storage", json=form, headers={"If-Match": '"0"'})
        export = await exported(api, client)
        await api.store.put_bytes(there.key, b"content", "application/pdf")
        await api.store.delete_batch([artwork.files[0].key])
        printed, *others = artwork.files
        making.ready("1", printed.model_copy(update={"delivered": there}), *others)
        await api.project(making)
        archive = await client.get(export["parts"][0]["url"])
    assert b"content" in opened(archive.content).values()


async def test_an_archive_whose_files_were_cleared_is_gone(api: Api) -> None:
    making = await ready_order(api, 1, b"content")
    async with await api.client() as client:
        export = await exported(api, client)
        making.job(status="cleared", artwork=())
        await api.project(making)
        gone = await client.get(export["parts"][0]["url"])
        assert (gone.status_code, gone.json()["code"]) == (410, "export_outdated")
        fresh = await exported(api, client)
        [line, _end] = await lines(client, fresh)
        assert (line["status"], line["reason_code"]) == ("cleared", "files_cleared")


async def test_exports_are_listed_limited_repeated_once_and_dropped(api: Api) -> None:
    async with await api.client() as client:
        key = {"Idempotency-Key": "nightly"}
        first = await client.post("/v1/exports", json={"filter": {}}, headers=key)
        again = await client.post("/v1/exports", json={"filter": {}}, headers=key)
        assert first.json()["export_id"] == again.json()["export_id"]
        for _ in range(4):
            await client.post("/v1/exports", json={"filter": {}})
        sixth = await client.post("/v1/exports", json={"filter": {}})
        assert (sixth.status_code, sixth.json()["code"]) == (409, "too_many_exports")
        listed: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await client.get("/v1/exports", params={"limit": "2"} | cursor)).json()
            listed += [one["export_id"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert (len(listed), len(set(listed)), listed[-1]) == (5, 5, first.json()["export_id"])
        assert (await client.delete(f"/v1/exports/{listed[0]}")).status_code == 204
        for missing in (listed[0], str(uuid4()), "no-id"):
            assert (await client.get(f"/v1/exports/{missing}")).status_code == 404
    async with await api.client(SHOP, Scope.JOBS_READ) as reader:
        assert (await reader.get("/v1/exports")).json()["code"] == "missing_scope"
