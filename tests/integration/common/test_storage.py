"""The object store on a real S3 server: what is put is what is read, or an error says what to do."""

import asyncio
import hashlib
import secrets
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.settings import StorageSettings
from printworks_common.storage import ObjectExistsError, ObjectMissingError, ObjectStore, probe
from printworks_common.storage import store as store_module
from printworks_common.storage.digests import PART_BYTES
from printworks_common.storage.probe import PROBE_KEY

from tests.s3_recorder import recorded

LARGE = PART_BYTES * 2 + 12_345


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def changed(settings: StorageSettings, **changes: object) -> StorageSettings:
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    return StorageSettings.model_validate(values | changes)


def probe_content() -> bytes:
    return probe._CONTENT


@pytest.fixture
async def prefix(objects: ObjectStore) -> AsyncGenerator[str]:
    """A prefix of this test alone, cleared afterwards."""
    mine = f"tests/{secrets.token_hex(6)}/"
    yield mine
    await objects.delete_prefix(mine)


async def test_a_file_comes_back_as_it_was_with_its_digests(objects: ObjectStore, prefix: str, tmp_path: Path) -> None:
    content = secrets.token_bytes(100_000)
    (tmp_path / "in").write_bytes(content)
    stored = await objects.put_file(f"{prefix}a", tmp_path / "in", "image/png", {"role": "preview"})
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.crc32 == zlib.crc32(content)
    assert (stored.bytes, stored.media_type, stored.metadata) == (100_000, "image/png", {"role": "preview"})
    assert await objects.head(f"{prefix}a") == stored
    got = await objects.get_file(f"{prefix}a", tmp_path / "out", sha256=stored.sha256)
    assert (tmp_path / "out").read_bytes() == content
    assert got.sha256 == stored.sha256


async def test_a_large_file_goes_in_parts_and_comes_back_whole(
    objects: ObjectStore, prefix: str, tmp_path: Path
) -> None:
    with (tmp_path / "in").open("wb") as file:
        for _ in range(LARGE // 1_000_000):
            file.write(secrets.token_bytes(1_000_000))
        file.write(b"x" * (LARGE % 1_000_000))
    stored = await objects.put_file(f"{prefix}large", tmp_path / "in", "application/pdf")
    assert stored.bytes == LARGE
    assert stored.etag.endswith("-3")
    await objects.get_file(f"{prefix}large", tmp_path / "out", sha256=stored.sha256)
    assert (tmp_path / "out").stat().st_size == LARGE


async def test_an_empty_object_is_an_object(objects: ObjectStore, prefix: str) -> None:
    stored = await objects.put_bytes(f"{prefix}empty", b"", "text/plain")
    assert stored.bytes == 0
    assert await objects.get_bytes(f"{prefix}empty") == b""


async def test_a_missing_object_is_missing_whatever_is_asked_of_it(
    objects: ObjectStore, prefix: str, tmp_path: Path
) -> None:
    missing = f"{prefix}not-there"
    for ask in (
        lambda: objects.head(missing),
        lambda: objects.get_bytes(missing),
        lambda: objects.get_file(missing, tmp_path / "out"),
        lambda: objects.copy(missing, f"{prefix}target"),
        lambda: anext(objects.stream(missing)),
    ):
        with pytest.raises(ObjectMissingError):
            await ask()
    assert files_in(tmp_path) == []


async def test_bytes_that_are_not_the_expected_ones_are_not_handed_out(
    objects: ObjectStore, prefix: str, tmp_path: Path
) -> None:
    await objects.put_bytes(f"{prefix}a", b"content", "text/plain")
    with pytest.raises(TransientError) as caught:
        await objects.get_file(f"{prefix}a", tmp_path / "out", sha256="0" * 64)
    assert caught.value.code == "store_damaged"
    assert files_in(tmp_path) == []


async def test_a_conditional_put_leaves_what_is_there(objects: ObjectStore, prefix: str) -> None:
    await objects.put_bytes(f"{prefix}a", b"first", "text/plain", if_absent=True)
    with pytest.raises(ObjectExistsError):
        await objects.put_bytes(f"{prefix}a", b"second", "text/plain", if_absent=True)
    assert await objects.get_bytes(f"{prefix}a") == b"first"


async def test_a_stream_gives_the_whole_or_the_asked_part(objects: ObjectStore, prefix: str) -> None:
    content = secrets.token_bytes(700_000)
    await objects.put_bytes(f"{prefix}a", content, "image/png")
    assert b"".join([piece async for piece in objects.stream(f"{prefix}a")]) == content
    part = b"".join([piece async for piece in objects.stream(f"{prefix}a", (1000, 1999))])
    assert part == content[1000:2000]
    assert b"".join([piece async for piece in objects.stream(f"{prefix}a", (0, 0))]) == content[:1]


async def test_readers_that_go_away_leave_no_thread_and_no_connection_behind(
    storage_settings: StorageSettings, objects: ObjectStore, prefix: str
) -> None:
    await objects.put_bytes(f"{prefix}a", secrets.token_bytes(2_000_000), "image/png")
    narrow = ObjectStore(storage_settings, threads=2)
    for _ in range(6):
        stream = narrow.stream(f"{prefix}a")
        await anext(stream)
        await stream.aclose()
    async with asyncio.timeout(10):
        assert len(await narrow.get_bytes(f"{prefix}a")) == 2_000_000
    await narrow.close()


async def test_a_listing_goes_over_pages_and_a_batch_deletes_them_all(objects: ObjectStore, prefix: str) -> None:
    keys = [f"{prefix}{number:04}" for number in range(1050)]
    gate = asyncio.Semaphore(32)

    async def put(key: str) -> None:
        async with gate:
            await objects.put_bytes(key, b"x", "text/plain")

    await asyncio.gather(*(put(key) for key in keys))
    assert [one.key async for one in objects.list(prefix)] == keys
    assert await objects.delete_batch([*keys, f"{prefix}never-there"]) == []
    assert [one.key async for one in objects.list(prefix)] == []


async def test_clearing_a_prefix_takes_everything_under_it_and_nothing_beside_it(
    objects: ObjectStore, prefix: str
) -> None:
    for name in ("order/1/a", "order/1/inputs/b", "order/10/c"):
        await objects.put_bytes(f"{prefix}{name}", b"1234", "text/plain")
    cleared = await objects.delete_prefix(f"{prefix}order/1/")
    assert (cleared.objects, cleared.bytes) == (2, 8)
    assert [one.key async for one in objects.list(prefix)] == [f"{prefix}order/10/c"]
    assert (await objects.delete_prefix(f"{prefix}order/1/")).objects == 0


@pytest.mark.parametrize("prefix_of_too_much", ["", "orders", "orders/", "orders/2026-01-01/shop"])
async def test_a_prefix_that_would_take_too_much_is_refused(objects: ObjectStore, prefix_of_too_much: str) -> None:
    with pytest.raises(ValueError, match="two levels"):
        await objects.delete_prefix(prefix_of_too_much)


async def test_a_copy_has_the_digests_of_its_source(objects: ObjectStore, prefix: str) -> None:
    source = await objects.put_bytes(f"{prefix}source", b"sticker", "image/svg+xml", {"kind": "sticker"})
    copied = await objects.copy(f"{prefix}source", f"{prefix}target")
    assert (copied.sha256, copied.bytes, copied.media_type) == (source.sha256, 7, "image/svg+xml")
    assert await objects.get_bytes(f"{prefix}target") == b"sticker"


async def test_a_presigned_link_downloads_under_its_name_and_nothing_else(objects: ObjectStore, prefix: str) -> None:
    await objects.put_bytes(f"{prefix}a", b"content", "application/octet-stream")
    link = await objects.presign_get(f"{prefix}a", 'bödy "1".pdf', "application/pdf", 60)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(link)
        assert (answer.status_code, answer.content) == (200, b"content")
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"].startswith('attachment; filename="b_dy _1_.pdf"')
        assert (await client.put(link, content=b"other")).status_code == 403
        assert (await client.get(link.replace(f"{prefix}a".rsplit("/", 1)[0], "other"))).status_code in {403, 404}
    with pytest.raises(ValueError, match="900"):
        await objects.presign_get(f"{prefix}a", "a", "image/png", 901)


async def test_uploads_that_were_never_finished_are_cleared(objects: ObjectStore, prefix: str) -> None:
    await objects.open()
    headers: dict[str, str | list[str] | tuple[str]] = {}
    client, bucket = objects._client, objects._bucket
    upload = await asyncio.to_thread(client._create_multipart_upload, bucket, f"{prefix}begun", headers)
    await asyncio.to_thread(client._upload_part, bucket, f"{prefix}begun", b"x" * 100, None, upload, 1)
    assert await objects.abort_uploads(f"{prefix}other/") == 0
    assert await objects.abort_uploads(prefix) == 1
    assert await objects.abort_uploads(prefix) == 0


async def test_an_upload_that_fails_in_the_middle_leaves_no_parts(
    objects: ObjectStore, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await objects.open()
    (tmp_path / "in").write_bytes(b"x" * LARGE)
    original: Callable[..., str] = objects._client._upload_part

    def cut(*arguments: object) -> str:
        if arguments[-1] == 2:
            raise ConnectionResetError("cut")
        return original(*arguments)

    monkeypatch.setattr(objects._client, "_upload_part", cut)
    with pytest.raises(GroundMissingError):
        await objects.put_file(f"{prefix}large", tmp_path / "in", "image/png")
    assert await objects.abort_uploads(prefix) == 0
    with pytest.raises(ObjectMissingError):
        await objects.head(f"{prefix}large")


async def test_a_store_that_is_away_or_refuses_us_is_ground_missing(storage_settings: StorageSettings) -> None:
    for change, code in (
        ({"s3_endpoint": "http://127.0.0.1:9"}, "store_unreachable"),
        ({"s3_secret_key": "wrong"}, "store_refused"),
        ({"bucket": f"none-{secrets.token_hex(6)}"}, "bucket_missing"),
    ):
        store = ObjectStore(changed(storage_settings, **change))
        with pytest.raises(GroundMissingError) as caught:
            await store.probe()
        assert caught.value.code == code
        assert not await store.answers()
        await store.close()


async def test_the_bucket_answers(objects: ObjectStore) -> None:
    await objects.probe()
    assert await objects.answers()


async def test_a_store_that_listens_and_says_nothing_does_not_answer(
    storage_settings: StorageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "ANSWER_SECONDS", 0.2)
    asked, enough = asyncio.Event(), asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await enough.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        store = ObjectStore(changed(storage_settings, s3_endpoint=f"http://127.0.0.1:{port}"))
        assert not await store.answers()
        assert asked.is_set()
        enough.set()
        await store.close()


async def test_a_store_is_asked_what_it_honours_and_a_second_time_nothing_is_written(
    storage_settings: StorageSettings, objects: ObjectStore
) -> None:
    await objects.open()
    async with recorded(storage_settings.s3_endpoint) as door:
        again = ObjectStore(changed(storage_settings, s3_endpoint=door.url))
        can = await again.open()
        await again.close()
    assert can.conditional_puts
    assert can.checksums
    assert can.lists_versions
    assert can.versioning in {"off", "on", "suspended"}
    assert len([request for request in door.requests if request.method == "PUT"]) == 2  # both are refused


async def test_a_store_that_honours_neither_conditions_nor_checksums_is_adapted_to(
    storage_settings: StorageSettings, objects: ObjectStore, prefix: str
) -> None:
    await objects.open()
    async with recorded(storage_settings.s3_endpoint) as door:
        # It takes what it should refuse: both puts of the probe succeed.
        door.instead = lambda request: (
            (200, "") if request.path.endswith(PROBE_KEY) and "PUT" in request.method else None
        )
        simple = ObjectStore(changed(storage_settings, s3_endpoint=door.url))
        can = await simple.open()
        assert (can.conditional_puts, can.checksums) == (False, False)
        await simple.put_bytes(f"{prefix}a", b"first", "text/plain", if_absent=True)
        with pytest.raises(ObjectExistsError):
            await simple.put_bytes(f"{prefix}a", b"second", "text/plain", if_absent=True)
        await simple.close()
    assert await objects.get_bytes(f"{prefix}a") == b"first"


async def test_a_store_without_versions_is_cleared_by_its_plain_listing(
    storage_settings: StorageSettings, objects: ObjectStore, prefix: str
) -> None:
    async with recorded(storage_settings.s3_endpoint) as door:
        door.instead = lambda request: (501, "NotImplemented") if "versions" in request.query else None
        simple = ObjectStore(changed(storage_settings, s3_endpoint=door.url))
        assert not (await simple.open()).lists_versions
        await simple.put_bytes(f"{prefix}order/a", b"1234", "text/plain")
        assert (await simple.delete_prefix(f"{prefix}order/")).objects == 1
        await simple.close()
    with pytest.raises(ObjectMissingError):
        await objects.head(f"{prefix}order/a")


async def test_a_store_that_loses_what_is_recorded_with_an_object_is_refused_with_the_reason(
    storage_settings: StorageSettings, objects: ObjectStore
) -> None:
    await objects.open()
    await objects.delete_batch([PROBE_KEY])
    headers: dict[str, str | list[str] | tuple[str]] = {"Content-Type": "text/plain"}
    await asyncio.to_thread(objects._client._put_object, objects._bucket, PROBE_KEY, probe_content(), headers)
    with pytest.raises(GroundMissingError, match="x-amz-meta-") as caught:
        await objects.open()
    assert caught.value.code == "store_unfit"
    await objects.delete_batch([PROBE_KEY])


async def test_in_a_versioned_bucket_all_versions_go(
    storage_settings: StorageSettings, new_bucket: Callable[[], Awaitable[str]]
) -> None:
    versioned = ObjectStore(changed(storage_settings, bucket=await new_bucket()))
    await asyncio.to_thread(versioned._client.set_bucket_versioning, versioned._bucket, VersioningConfig(ENABLED))
    assert (await versioned.open()).versioning == "on"
    for content in (b"one", b"two"):
        await versioned.put_bytes("orders/2026-01-01/a", content, "text/plain")
    await versioned.delete_batch(["orders/2026-01-01/a"])
    assert len([one async for one in versioned.list_versions("orders/")]) == 3
    await versioned.delete_prefix("orders/2026-01-01/")
    assert [one async for one in versioned.list_versions("orders/")] == []
    await versioned.close()
