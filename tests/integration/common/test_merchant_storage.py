"""A merchant's own bucket on a real S3 server, seen from the server's door: files are put, looked at and read."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from printworks_common.errors import PoisonError, PrintworksError, TransientError
from printworks_common.settings import StorageSettings
from printworks_common.storage import (
    Content,
    MerchantBucket,
    MerchantConnection,
    ObjectExistsError,
    ObjectMissingError,
    ObjectStore,
    SourceGoneError,
)
from printworks_common.storage.digests import PART_BYTES
from printworks_common.storage.guarded import adds_or_reads
from pydantic import SecretStr

from tests.s3_recorder import Request, S3Recorder, recorded

LARGE = PART_BYTES * 2 + 12_345


class Place:
    """A merchant's bucket behind the recording door."""

    def __init__(self, settings: StorageSettings, bucket: str, door: S3Recorder) -> None:
        self.settings = settings
        self.bucket = bucket
        self.door = door
        self.opened: list[MerchantBucket] = []

    def connection(self, **changes: object) -> MerchantConnection:
        values: dict[str, object] = {
            "s3_endpoint": self.door.url,
            "s3_region": "us-east-1",
            "bucket": self.bucket,
            "addressing": "path",
            "s3_access_key": self.settings.s3_access_key,
            "s3_secret_key": self.settings.s3_secret_key,
        }
        return MerchantConnection(**(values | changes))  # pyright: ignore[reportArgumentType]

    def open(self, **changes: object) -> MerchantBucket:
        opened = MerchantBucket(self.connection(**changes), allow_private_addresses=True, retries=0)
        self.opened.append(opened)
        return opened


@pytest.fixture
async def place(storage_settings: StorageSettings, new_bucket: Callable[[], Awaitable[str]]) -> AsyncGenerator[Place]:
    async with recorded(storage_settings.s3_endpoint) as door:
        opened = Place(storage_settings, await new_bucket(), door)
        yield opened
        await asyncio.gather(*(one.close() for one in opened.opened))


@pytest.fixture
async def prefix(objects: ObjectStore) -> AsyncGenerator[str]:
    mine = f"tests/{secrets.token_hex(6)}/"
    yield mine
    await objects.delete_prefix(mine)


async def hosted(objects: ObjectStore, key: str, content: bytes, media_type: str = "application/pdf") -> Content:
    """A file in the hosted bucket, to be copied."""
    stored = await objects.put_bytes(key, content, media_type)
    return Content(objects.read_part, key, stored.bytes, stored.sha256, stored.crc32, media_type)


def never(upload_id: str) -> None:
    raise AssertionError(f"no multipart upload was to be begun, but {upload_id} was")


async def test_a_file_arrives_at_its_key_with_type_and_digests(place: Place, objects: ObjectStore, prefix: str) -> None:
    content = await hosted(objects, f"{prefix}a", b"%PDF-1.7 small")
    merchant = place.open()
    stored = await merchant.deliver(content, "1001/PW-PHOTO.pdf", begun=never)
    assert (stored.bytes, stored.sha256, stored.media_type) == (14, content.sha256, "application/pdf")
    assert await merchant.get_bytes("1001/PW-PHOTO.pdf") == b"%PDF-1.7 small"


async def test_a_large_file_goes_in_parts_without_lying_in_between(
    place: Place, objects: ObjectStore, prefix: str, tmp_path: Path
) -> None:
    data = secrets.token_bytes(1_000_003)
    (tmp_path / "in").write_bytes((data * (LARGE // len(data) + 1))[:LARGE])
    stored = await objects.put_file(f"{prefix}large", tmp_path / "in", "image/tiff")
    content = Content(objects.read_part, f"{prefix}large", stored.bytes, stored.sha256, stored.crc32, "image/tiff")
    begun: list[str] = []
    merchant = place.open()
    delivered = await merchant.deliver(content, "large.tif", begun=begun.append)
    assert len(begun) == 1
    assert delivered.bytes == LARGE
    got = await merchant.get_file("large.tif", tmp_path / "out", sha256=stored.sha256)
    assert got.sha256 == stored.sha256
    assert [request.query for request in place.door.requests if request.method == "PUT"] == [
        frozenset({"partNumber", "uploadId"})
    ] * 3


async def test_an_empty_file_arrives_too(place: Place, objects: ObjectStore, prefix: str) -> None:
    content = await hosted(objects, f"{prefix}empty", b"", "text/csv")
    assert (await place.open().deliver(content, "empty.csv", begun=never)).bytes == 0


async def test_the_same_file_again_is_left_as_it_is(place: Place, objects: ObjectStore, prefix: str) -> None:
    content = await hosted(objects, f"{prefix}a", b"content")
    merchant = place.open()
    first = await merchant.deliver(content, "a.pdf", begun=never)
    await objects.delete_batch([f"{prefix}a"])
    again = await merchant.deliver(content, "a.pdf", begun=never)
    assert again == first
    assert [request.method for request in place.door.requests].count("PUT") == 1


async def test_a_file_that_is_there_is_never_replaced(place: Place, objects: ObjectStore, prefix: str) -> None:
    merchant = place.open()
    await merchant.deliver(await hosted(objects, f"{prefix}a", b"theirs"), "a.pdf", begun=never)
    with pytest.raises(ObjectExistsError):
        await merchant.deliver(await hosted(objects, f"{prefix}b", b"ours"), "a.pdf", begun=never)
    assert await merchant.get_bytes("a.pdf") == b"theirs"


async def test_two_at_once_do_not_replace_each_others_file(place: Place, objects: ObjectStore, prefix: str) -> None:
    # Both look before either puts: the condition of the put decides.
    contents = [await hosted(objects, f"{prefix}{name}", name.encode()) for name in ("one", "two")]
    blind = {"a.pdf"}

    def first_looks_see_nothing(request: Request) -> tuple[int, str] | None:
        if request.method == "HEAD" and len(blind) < 3:
            blind.add(str(len(blind)))
            return 404, ""
        return None

    place.door.instead = first_looks_see_nothing
    results = await asyncio.gather(
        *(place.open().deliver(content, "a.pdf", begun=never) for content in contents), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["ObjectExistsError", "StoredObject"]


async def test_a_store_that_knows_no_conditions_gets_the_file_without_one(
    place: Place, objects: ObjectStore, prefix: str
) -> None:
    refused: list[Request] = []

    def unknown(request: Request) -> tuple[int, str] | None:
        if request.method == "PUT" and not refused:
            refused.append(request)
            return 501, "NotImplemented"
        return None

    place.door.instead = unknown
    stored = await place.open().deliver(await hosted(objects, f"{prefix}a", b"x"), "a.pdf", begun=never)
    assert (len(refused), stored.bytes) == (1, 1)


async def test_only_puts_heads_and_reads_reach_the_merchants_store_and_one_end_of_an_upload_of_ours(
    place: Place, objects: ObjectStore, prefix: str, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(b"x" * LARGE)
    stored = await objects.put_file(f"{prefix}large", tmp_path / "in", "image/tiff")
    shorter = Content(objects.read_part, f"{prefix}large", LARGE - 1, stored.sha256, stored.crc32, "image/tiff")
    merchant = place.open()
    await merchant.deliver(await hosted(objects, f"{prefix}a", b"content"), "orders/a.pdf", begun=never)
    with pytest.raises(SourceGoneError):
        await merchant.deliver(shorter, "orders/broken.tif", begun=lambda _: None)
    await merchant.check("orders/printworks-test.txt")
    assert b"".join([piece async for piece in merchant.stream("orders/a.pdf")]) == b"content"
    with pytest.raises(ObjectMissingError):
        await merchant.head("orders/broken.tif")
    assert not [request for request in place.door.requests if request.deletes]
    assert [request.query for request in place.door.requests if request.method == "DELETE"] == [{"uploadId"}]
    assert place.door.methods() == {"PUT", "HEAD", "GET", "POST", "DELETE"}


def test_the_class_has_no_way_to_delete_and_its_connections_let_none_through() -> None:
    names = {name for name in dir(MerchantBucket) if not name.startswith("_")}
    assert names == {
        "abandon", "check", "close", "deliver", "get_bytes", "get_file", "head", "presign_get", "presigns", "read_part",
        "stream",
    }  # fmt: skip
    place = "https://s3.example.com/bucket"
    refused = [
        ("DELETE", f"{place}/a"), ("DELETE", f"{place}/a?versionId=1"), ("DELETE", place), ("POST", f"{place}?delete="),
        ("DELETE", f"{place}/a?uploadId=1&versionId=2"), ("PUT", f"{place}?lifecycle="), ("PUT", f"{place}/a?acl="),
        ("PUT", f"{place}?policy"), ("GET", f"{place}?list-type=2"), ("GET", f"{place}?uploads="),
        ("POST", f"{place}/a"), ("POST", f"{place}/a?restore="), ("PATCH", f"{place}/a"),
    ]  # fmt: skip
    assert [one for one in refused if adds_or_reads(*one)] == []


async def test_a_deletion_is_stopped_before_it_leaves_the_process(place: Place) -> None:
    merchant = place.open()
    with pytest.raises(PoisonError):
        await merchant._run(lambda: merchant._client.remove_object(place.bucket, "a.pdf"))
    with pytest.raises(PoisonError):
        await merchant._run(lambda: list(merchant._client.list_objects(place.bucket)))
    assert place.door.requests == []


@pytest.mark.parametrize(
    ("status", "code", "reason", "may_pass"),
    [
        (403, "AccessDenied", "storage_refused", False),
        (403, "InvalidAccessKeyId", "storage_refused", False),
        (403, "SignatureDoesNotMatch", "storage_refused", False),
        (404, "NoSuchBucket", "storage_bucket_missing", False),
        (400, "AuthorizationHeaderMalformed", "storage_setting_wrong", False),
        (301, "PermanentRedirect", "storage_setting_wrong", False),
        (409, "XMinioAdminBucketQuotaExceeded", "storage_full", False),
        (507, "", "storage_full", False),
        (400, "BadDigest", "storage_damaged", True),
        (503, "SlowDown", "storage_unreachable", True),
        (500, "InternalError", "storage_unreachable", True),
        (400, "SomethingNew", "storage_refused", False),
    ],
)
async def test_what_the_store_answers_becomes_a_reason(
    place: Place, objects: ObjectStore, prefix: str, status: int, code: str, reason: str, may_pass: bool
) -> None:
    place.door.instead = lambda request: (status, code) if request.method == "PUT" else None
    with pytest.raises(PrintworksError) as caught:
        await place.open().deliver(await hosted(objects, f"{prefix}a", b"x"), "a.pdf", begun=never)
    assert (caught.value.code, isinstance(caught.value, TransientError)) == (reason, may_pass)
    assert place.door.url not in str(caught.value)


async def test_without_the_right_to_list_a_missing_key_looks_forbidden_and_is_put_all_the_same(
    place: Place, objects: ObjectStore, prefix: str
) -> None:
    there: set[str] = set()

    def like_amazon(request: Request) -> tuple[int, str] | None:
        if request.method == "PUT":
            there.add(request.path)
        return (403, "AccessDenied") if request.method == "HEAD" and request.path not in there else None

    place.door.instead = like_amazon
    assert (await place.open().deliver(await hosted(objects, f"{prefix}a", b"x"), "a.pdf", begun=never)).bytes == 1


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("http://127.0.0.1:9", "storage_unreachable"),
        ("http://no-such-host.invalid", "storage_unreachable"),
        ("http://169.254.169.254", "storage_address_refused"),
        ("http://[::ffff:169.254.169.254]", "storage_address_refused"),
        ("ftp://s3.example.com", "storage_address_refused"),
    ],
)
async def test_an_endpoint_that_does_not_answer_and_one_that_is_not_allowed_are_told_apart(
    place: Place, objects: ObjectStore, prefix: str, endpoint: str, reason: str
) -> None:
    with pytest.raises(PrintworksError) as caught:
        await place.open(s3_endpoint=endpoint).check()
    assert caught.value.code == reason


@pytest.mark.parametrize(
    "endpoint",
    ["https://127.0.0.1", "https://10.0.0.1", "https://[::1]", "https://2130706433", "https://localhost", "https://db"],
)
async def test_without_the_operators_leave_a_private_address_is_refused(place: Place, endpoint: str) -> None:
    async def use() -> None:
        merchant = MerchantBucket(place.connection(s3_endpoint=endpoint), retries=0)
        place.opened.append(merchant)
        await merchant.check()

    with pytest.raises(PoisonError) as caught:
        await use()
    assert caught.value.code == "storage_address_refused"


@pytest.mark.parametrize(
    "endpoint",
    ["http://s3.example.com", "https://s3.example.com:22", "https://user@s3.example.com", "https://s3.example.com/a",
     "https://s3.example.com?a=b", "https://s3.example.com:99999"],
)  # fmt: skip
async def test_an_endpoint_is_https_on_a_port_of_its_own_and_nothing_else(place: Place, endpoint: str) -> None:
    with pytest.raises(PoisonError) as caught:
        MerchantBucket(place.connection(s3_endpoint=endpoint))
    assert caught.value.code == "storage_address_refused"


async def test_a_name_that_no_bucket_can_have_is_a_wrong_setting(place: Place) -> None:
    with pytest.raises(PoisonError) as caught:
        await place.open(bucket="No").check()
    assert caught.value.code == "storage_setting_wrong"


async def test_bytes_that_are_not_the_rendered_ones_never_appear_under_the_key(
    place: Place, objects: ObjectStore, prefix: str
) -> None:
    content = await hosted(objects, f"{prefix}a", b"content")
    other = Content(content.read, content.key, content.bytes, "0" * 64, content.crc32, content.media_type)
    merchant = place.open()
    with pytest.raises(SourceGoneError):
        await merchant.deliver(other, "a.pdf", begun=never)
    gone = Content(content.read, f"{prefix}gone", content.bytes, content.sha256, content.crc32, content.media_type)
    with pytest.raises(SourceGoneError):
        await merchant.deliver(gone, "a.pdf", begun=never)
    with pytest.raises(ObjectMissingError):
        await merchant.head("a.pdf")


async def test_a_store_whose_etags_prove_nothing_is_read_back(
    place: Place, objects: ObjectStore, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printworks_common.storage.verify.is_etag", lambda _: False)
    merchant = place.open()
    await merchant.deliver(await hosted(objects, f"{prefix}a", b"content"), "a.pdf", begun=never)
    assert place.door.requests[-1].method == "GET"


async def test_a_copy_that_nobody_waits_for_ends_its_upload_before_the_next_part(
    place: Place, objects: ObjectStore, prefix: str
) -> None:
    reading, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(_key: str, offset: int, length: int) -> bytes:
        if offset:
            loop.call_soon_threadsafe(reading.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        return bytes(length)

    content = Content(slowly, "a", LARGE, hashlib.sha256(bytes(LARGE)).hexdigest(), 0, "image/tiff")
    merchant = place.open()
    delivery = asyncio.create_task(merchant.deliver(content, "large.tif", begun=lambda _: None))
    await reading.wait()
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
    go_on.set()
    await merchant.close()
    assert place.door.requests[-1].query == {"uploadId"}
    assert place.door.requests[-1].method == "DELETE"


async def test_an_upload_that_a_dead_process_has_left_is_ended(place: Place, objects: ObjectStore, prefix: str) -> None:
    merchant = place.open()
    upload = await asyncio.to_thread(merchant._client._create_multipart_upload, place.bucket, "left.tif", {})
    await merchant.abandon("left.tif", upload)
    await merchant.abandon("left.tif", upload)
    with pytest.raises(PrintworksError):
        await merchant._run(lambda: merchant._client._upload_part(place.bucket, "left.tif", b"x", None, upload, 1))


async def test_a_slow_line_takes_long_and_does_not_fail(
    place: Place, objects: ObjectStore, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than the system buffers, at 7 MB/s: two seconds, of which each piece of 256 KiB may take half a second.
    monkeypatch.setattr("printworks_common.storage.client.CONNECT_SECONDS", 0.5)
    place.door.bytes_per_second = 7_000_000
    content = await hosted(objects, f"{prefix}a", secrets.token_bytes(15_000_000))
    assert (await place.open().deliver(content, "a.pdf", begun=never)).bytes == 15_000_000


async def test_a_link_is_signed_for_the_merchants_bucket(place: Place, objects: ObjectStore, prefix: str) -> None:
    merchant = place.open()
    await merchant.deliver(await hosted(objects, f"{prefix}a", b"content"), "a b+c.pdf", begun=never)
    link = await merchant.presign_get("a b+c.pdf", "print.pdf", "application/pdf", 60)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(link)
    assert (answer.status_code, answer.content) == (200, b"content")
    assert not place.open(browsable=False).presigns


async def test_the_bucket_stands_in_the_host_name_where_the_setting_says_so(place: Place) -> None:
    path = await place.open().presign_get("a", "a", "text/plain", 60)
    virtual = await place.open(s3_endpoint="https://s3.example.com", addressing="virtual").presign_get(
        "a", "a", "text/plain", 60
    )
    assert path.startswith(f"{place.door.url}/{place.bucket}/a?")
    assert virtual.startswith(f"https://{place.bucket}.s3.example.com/a?")


async def test_no_secret_stands_in_the_representation(place: Place) -> None:
    assert "hunter2" not in repr(place.connection(s3_secret_key=SecretStr("hunter2")))
