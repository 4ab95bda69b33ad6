"""`/files/<token>/<name>`: live, cleared, unknown, forged; streamed or redirected."""

import asyncio
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from printworks_common.events.rendering import DeliveredTo, StoredFile
from printworks_jobs_api.settings import ApiSettings
from printworks_local.stack import Stack

from tests.integration.jobs_api.parts import OTHER_SHOP, PIXEL, PUBLIC_URL, Api, Making, api_settings, stored_file

PRINT = b"%PDF-1.7 " + bytes(range(256)) * 1000


async def ready_order(api: Api) -> tuple[Making, StoredFile, StoredFile]:
    """An order with a print file and a thumbnail, their bytes in the bucket."""
    making = Making()
    job = making.job().job_id
    printed, thumbnail = stored_file(job, "print", PRINT, name="Ä 1001.pdf"), stored_file(job, "thumbnail", PIXEL)
    for file, content in ((printed, PRINT), (thumbnail, PIXEL)):
        await api.store.put_bytes(file.key, content, file.media_type)
    making.ready("1", printed, thumbnail)
    await api.project(making)
    return making, printed, thumbnail


async def test_a_thumbnail_is_streamed_with_its_hash_as_etag(api: Api) -> None:
    _, _, thumbnail = await ready_order(api)
    async with api.browser() as client:
        answer = await client.get(api.link(thumbnail))
        assert (answer.status_code, answer.content) == (200, PIXEL)
        assert answer.headers["etag"] == f'"{thumbnail.sha256}"'
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"].startswith("inline")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await client.get(api.link(thumbnail), headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_a_print_file_is_streamed_where_the_store_has_no_address_for_browsers(api: Api) -> None:
    _, printed, _ = await ready_order(api)
    async with api.browser() as client:
        answer = await client.get(api.link(printed))
        assert hashlib.sha256(answer.content).hexdigest() == printed.sha256
        assert "attachment" in answer.headers["content-disposition"]
        assert "filename*=UTF-8''%C3%84%201001.pdf" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("wanted", "part"), [("bytes=0-9", slice(0, 10)), ("bytes=1000-", slice(1000, None)), ("bytes=-7", slice(-7, None))]
)
async def test_a_broken_download_resumes(api: Api, wanted: str, part: slice) -> None:
    _, printed, _ = await ready_order(api)
    async with api.browser() as client:
        answer = await client.get(api.link(printed), headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (206, PRINT[part])
        assert answer.headers["content-range"].endswith(f"/{len(PRINT)}")
        old = await client.get(api.link(printed), headers={"Range": wanted, "If-Range": '"other"'})
        assert (old.status_code, old.content) == (200, PRINT)


async def test_a_range_behind_the_end_is_refused(api: Api) -> None:
    _, printed, _ = await ready_order(api)
    async with api.browser() as client:
        answer = await client.get(api.link(printed), headers={"Range": f"bytes={len(PRINT)}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(PRINT)}")


async def test_head_is_answered_from_the_row(api: Api) -> None:
    making = Making()
    file = stored_file(making.job().job_id, "print", b"never stored")
    making.ready("1", file)
    await api.project(making)
    async with api.browser() as client:
        answer = await client.head(api.link(file))
    assert (answer.status_code, answer.headers["content-length"]) == (200, "12")
    assert answer.headers["etag"] == f'"{file.sha256}"'


async def test_a_print_file_redirects_to_a_short_lived_link_where_the_store_has_a_public_address(
    stack: Stack, api: Api
) -> None:
    _, printed, thumbnail = await ready_order(api)
    settings: ApiSettings = api_settings(
        stack, api.settings.postgres_dsn.get_secret_value(), api.settings.bucket,
        s3_public_endpoint=api.settings.s3_endpoint,
    )  # fmt: skip
    public = api.configured(settings, type(api.store)(settings))
    async with public.browser() as client:
        answer = await client.get(api.link(printed))
        assert answer.status_code == 302
        assert answer.headers["cache-control"] == "no-store"
        target = answer.headers["location"]
        assert int(parse_qs(urlsplit(target).query)["X-Amz-Expires"][0]) <= 900
        assert (await client.get(api.link(thumbnail))).status_code == 200
    async with httpx.AsyncClient(trust_env=False) as outside:
        fetched = await outside.get(target)
        assert (fetched.status_code, fetched.content) == (200, PRINT)
        assert "attachment" in fetched.headers["content-disposition"]
    await public.services.store.close()


async def test_a_cleared_file_says_so_to_people_and_machines(api: Api) -> None:
    making, printed, _ = await ready_order(api)
    artwork = tuple(one.model_copy(update={"files": ()}) for one in making.jobs["1"].artwork)
    making.job(status="cleared", artwork=artwork)
    await api.project(making)
    async with api.browser() as client:
        machine = await client.get(api.link(printed))
        assert (machine.status_code, machine.json()["code"]) == (410, "file_cleared")
        person = await client.get(api.link(printed), headers={"Accept": "text/html"})
        assert person.status_code == 410
        assert "retention period" in person.text
        assert (await client.head(api.link(printed))).status_code == 410


async def test_a_superseded_file_stays_readable(api: Api) -> None:
    making, printed, _ = await ready_order(api)
    artwork = tuple(one.model_copy(update={"current": False}) for one in making.jobs["1"].artwork)
    making.job(status="pending", artwork_version=2, artwork=artwork)
    await api.project(making)
    async with api.browser() as client:
        assert (await client.get(api.link(printed))).status_code == 200


async def test_an_object_that_is_gone_before_its_snapshot_has_come_is_gone(api: Api) -> None:
    making = Making()
    file = stored_file(making.job().job_id, "thumbnail", b"not in the bucket")
    making.ready("1", file)
    await api.project(making)
    async with api.browser() as client:
        assert (await client.get(api.link(file))).status_code == 410


class TestInTheShopsOwnStorage:
    """Links to files that were delivered: signed for the shop's bucket, or streamed from it."""

    async def delivered(self, api: Api, **changes: Any) -> StoredFile:
        """A print file in the shop's own bucket alone."""
        info = api.stack.info
        form = {
            "endpoint": info.s3_endpoint, "bucket": api.settings.bucket, "access_key": info.s3_access_key,
            "secret_key": info.s3_secret_key, **changes,
        }  # fmt: skip
        async with await api.client() as client:
            saved = await client.put("/v1/settings/storage", json=form, headers={"If-Match": '"0"'})
            assert saved.status_code == 200
        making = Making()
        file = stored_file(making.job().job_id, "print", PRINT)
        place = DeliveredTo(endpoint=form["endpoint"], bucket=form["bucket"], key="merchant/1001.pdf")
        await api.store.put_bytes(place.key, PRINT, file.media_type)
        making.ready("1", file.model_copy(update={"delivered": place}))
        making.job(status="cleared", artwork=making.jobs["1"].artwork)
        await api.project(making)
        return file

    async def test_a_link_is_signed_for_the_shops_bucket_also_when_the_order_is_cleared(self, api: Api) -> None:
        file = await self.delivered(api)
        async with api.browser() as client:
            answer = await client.get(api.link(file))
        assert answer.status_code == 302
        assert urlsplit(answer.headers["location"]).path == f"/{api.settings.bucket}/merchant/1001.pdf"
        async with httpx.AsyncClient(trust_env=False) as outside:
            assert (await outside.get(answer.headers["location"])).content == PRINT

    async def test_what_browsers_do_not_reach_is_streamed_also_in_parts(self, api: Api) -> None:
        file = await self.delivered(api, browsable=False)
        async with api.browser() as client:
            whole = await client.get(api.link(file))
            part = await client.get(api.link(file), headers={"Range": "bytes=5-9"})
        assert (whole.status_code, whole.content) == (200, PRINT)
        assert (part.status_code, part.content) == (206, PRINT[5:10])

    async def test_a_link_goes_on_when_the_shop_returns_to_the_hosted_bucket(self, api: Api) -> None:
        file = await self.delivered(api)
        async with await api.client() as client:
            back = await client.delete("/v1/settings/storage", headers={"If-Match": '"1"'})
            assert back.status_code == 200
        async with api.browser() as client:
            assert (await client.get(api.link(file))).status_code == 302

    async def test_a_file_that_the_merchant_has_deleted_is_gone(self, api: Api) -> None:
        file = await self.delivered(api, browsable=False)
        await api.store.delete_batch(["merchant/1001.pdf"])
        async with api.browser() as client:
            answer = await client.get(api.link(file))
        assert (answer.status_code, answer.json()["code"]) == (410, "file_removed")

    async def test_a_storage_that_cannot_be_read_is_told_without_its_address(self, api: Api) -> None:
        file = await self.delivered(api, browsable=False)
        await api.pool.execute("UPDATE catalog SET body = jsonb_set(body, '{access_key}', '\"wrong\"')")
        async with api.browser() as client:
            answer = await client.get(api.link(file))
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_refused")
        assert api.settings.s3_endpoint not in answer.text

    async def test_a_bucket_that_the_setting_has_forgotten_is_gone(self, api: Api) -> None:
        file = await self.delivered(api)
        await api.pool.execute("UPDATE catalog SET deleted = true WHERE kind = 'storage'")
        async with api.browser() as client:
            answer = await client.get(api.link(file))
        assert (answer.status_code, answer.json()["code"]) == (410, "storage_removed")


async def test_forged_and_foreign_tokens_are_unknown(api: Api) -> None:
    _, printed, _ = await ready_order(api)
    token = api.services.signer.token("aurora-prints.myshopify.com", printed.file_id)
    changed = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    async with api.browser() as client:
        for path in (f"/files/{changed}/x.pdf", "/files/abc/x", "/files/%00/x", f"/files/{token[:-3]}/x"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "file_unknown")
        # The file of one shop under a token of another shop: signed by us, but there is no such row.
        assert (await client.get(api.link(printed, OTHER_SHOP))).status_code == 404


async def test_the_name_in_a_link_is_for_the_reader_only(api: Api) -> None:
    _, _, thumbnail = await ready_order(api)
    async with api.browser() as client:
        link = api.link(thumbnail).rpartition("/")[0]
        assert (await client.get(f"{link}/anything.else")).content == PIXEL


async def test_a_link_that_is_faster_than_the_projector_waits_for_it(api: Api) -> None:
    making = Making()
    file = stored_file(making.job().job_id, "thumbnail", PIXEL)
    await api.store.put_bytes(file.key, PIXEL, "image/png")
    making.ready("1", file)

    async def project_late() -> None:
        await asyncio.sleep(0.7)
        await api.project(making)

    async with api.browser() as client:
        answer: tuple[Any, None] = await asyncio.gather(client.get(api.link(file)), project_late())
    assert answer[0].status_code == 200


async def test_a_link_signed_with_an_older_key_still_opens(api: Api, stack: Stack) -> None:
    import base64

    _, _, thumbnail = await ready_order(api)
    old = api.settings.file_link_keys.get_secret_value()
    new = "k2:" + base64.b64encode(b"2" * 32).decode()
    settings = api_settings(
        stack, api.settings.postgres_dsn.get_secret_value(), api.settings.bucket, file_link_keys=f"{new},{old}"
    )
    rotated = api.configured(settings)
    async with rotated.browser() as client:
        assert (await client.get(api.link(thumbnail))).status_code == 200
        assert rotated.link(thumbnail) != api.link(thumbnail)
        assert (await client.get(rotated.link(thumbnail))).status_code == 200
    assert PUBLIC_URL in api.link(thumbnail)
