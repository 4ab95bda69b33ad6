"""What the storage client relies on, held against the S3 server in use."""

import hashlib
import io
import statistics
import time
from collections.abc import Generator
from datetime import timedelta

import pytest
import urllib3
from minio import Minio
from minio.commonconfig import ENABLED, CopySource
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig
from printworks_local.stack import Stack
from printworks_local.stack.s3 import S3Client

MEBIBYTE = 1024 * 1024


@pytest.fixture
def minio(stack: Stack) -> Generator[Minio]:
    client = S3Client.of(stack.info)
    yield client.minio
    client.close()


@pytest.fixture
def http() -> Generator[urllib3.PoolManager]:
    pool = urllib3.PoolManager(retries=False)
    yield pool
    pool.clear()


def put(minio: Minio, bucket: str, name: str, data: bytes) -> None:
    minio.put_object(bucket, name, io.BytesIO(data), len(data))


def get(minio: Minio, bucket: str, name: str, offset: int = 0, length: int = 0) -> bytes:
    response = minio.get_object(bucket, name, offset=offset, length=length)
    try:
        return response.read()
    finally:
        response.close()
        response.release_conn()


def test_a_large_object_goes_up_in_parts_and_comes_down_whole(minio: Minio, bucket: str) -> None:
    data = bytes(range(256)) * (12 * MEBIBYTE // 256)
    minio.put_object(bucket, "large", io.BytesIO(data), len(data), part_size=5 * MEBIBYTE)
    assert hashlib.sha256(get(minio, bucket, "large")).digest() == hashlib.sha256(data).digest()
    assert minio.stat_object(bucket, "large").size == len(data)


def test_a_range_is_served_across_chunks(minio: Minio, bucket: str) -> None:
    data = bytes(range(251)) * (5 * MEBIBYTE // 251)
    put(minio, bucket, "ranged", data)
    start = 4 * MEBIBYTE - 10
    assert get(minio, bucket, "ranged", offset=start, length=20) == data[start : start + 20]


def test_metadata_and_content_type_are_kept(minio: Minio, bucket: str) -> None:
    minio.put_object(bucket, "m", io.BytesIO(b"x"), 1, content_type="application/pdf", metadata={"sha256": "ab12"})
    stat = minio.stat_object(bucket, "m")
    assert stat.content_type == "application/pdf"
    assert stat.metadata is not None
    assert stat.metadata["x-amz-meta-sha256"] == "ab12"


def test_a_conditional_put_never_replaces_an_object(minio: Minio, http: urllib3.PoolManager, bucket: str) -> None:
    url = minio.presigned_put_object(bucket, "once", timedelta(minutes=1))
    first = http.request("PUT", url, body=b"first", headers={"If-None-Match": "*"})
    second = http.request("PUT", url, body=b"second", headers={"If-None-Match": "*"})
    assert (first.status, second.status) == (200, 412)
    assert get(minio, bucket, "once") == b"first"


def test_a_presigned_link_serves_until_it_expires_and_only_its_object(
    minio: Minio, http: urllib3.PoolManager, bucket: str
) -> None:
    put(minio, bucket, "a", b"a")
    put(minio, bucket, "b", b"b")
    url = minio.presigned_get_object(
        bucket, "a", timedelta(seconds=1), response_headers={"response-content-disposition": "attachment"}
    )
    served = http.request("GET", url)
    assert (served.status, served.data) == (200, b"a")
    assert served.headers["content-disposition"] == "attachment"
    assert http.request("GET", url.replace("/a?", "/b?")).status == 403
    time.sleep(2.1)
    assert http.request("GET", url).status == 403


def test_nothing_is_served_without_a_signature(
    stack: Stack, minio: Minio, http: urllib3.PoolManager, bucket: str
) -> None:
    put(minio, bucket, "private", b"x")
    assert http.request("GET", f"{stack.info.s3_endpoint}/{bucket}/private").status == 403


def test_a_wrong_secret_is_refused(stack: Stack, bucket: str) -> None:
    client = S3Client(stack.info.s3_endpoint, stack.info.s3_access_key, "wrong-secret")
    try:
        with pytest.raises(S3Error) as refused:
            put(client.minio, bucket, "x", b"x")
        assert refused.value.code == "SignatureDoesNotMatch"
    finally:
        client.close()


def test_listing_goes_by_prefix_in_order_and_over_pages(minio: Minio, bucket: str) -> None:
    names = [f"orders/2026-01-{day:02}/{item:04}" for day in (1, 2) for item in range(600)]
    for name in names:
        put(minio, bucket, name, b"x")
    assert [item.object_name for item in minio.list_objects(bucket, "orders/", recursive=True)] == names
    assert [item.object_name for item in minio.list_objects(bucket, "orders/2026-01-02/", recursive=True)] == names[
        600:
    ]
    assert [item.object_name for item in minio.list_objects(bucket, "orders/")] == [
        "orders/2026-01-01/",
        "orders/2026-01-02/",
    ]


def test_many_objects_are_deleted_in_one_request_and_missing_ones_are_no_error(minio: Minio, bucket: str) -> None:
    for number in range(50):
        put(minio, bucket, f"d/{number}", b"x")
    targets = [DeleteObject(f"d/{number}") for number in range(60)]
    assert list(minio.remove_objects(bucket, targets)) == []
    assert list(minio.list_objects(bucket, "d/", recursive=True)) == []


def test_a_copy_is_made_by_the_server(minio: Minio, bucket: str) -> None:
    put(minio, bucket, "from", b"copied")
    minio.copy_object(bucket, "to", CopySource(bucket, "from"))
    assert get(minio, bucket, "to") == b"copied"


def test_versions_are_listed_and_deleted_one_by_one(minio: Minio, bucket: str) -> None:
    minio.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    put(minio, bucket, "v", b"one")
    put(minio, bucket, "v", b"two")
    minio.remove_object(bucket, "v")
    with pytest.raises(S3Error) as gone:
        get(minio, bucket, "v")
    assert gone.value.code == "NoSuchKey"
    versions = list(minio.list_objects(bucket, "v", include_version=True))
    assert [version.is_delete_marker for version in versions].count(False) == 2
    for version in versions:
        minio.remove_object(bucket, "v", version_id=version.version_id)
    assert list(minio.list_objects(bucket, "v", include_version=True)) == []


def test_a_small_put_takes_a_few_milliseconds(minio: Minio, bucket: str) -> None:
    durations: list[float] = []
    for number in range(100):
        began = time.perf_counter()
        put(minio, bucket, f"small/{number}", b"x" * 10_000)
        durations.append(time.perf_counter() - began)
    print(f"median of 100 puts of 10 kB: {statistics.median(durations) * 1000:.1f} ms")
    assert statistics.median(durations) < 0.05
