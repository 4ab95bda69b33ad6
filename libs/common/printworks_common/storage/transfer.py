"""Moving content in and out of a bucket, verified. Blocking; runs in the threads of a `Bucket`, which turns the
client's errors into ours."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, cast

from minio import Minio
from minio.datatypes import Object, Part
from minio.error import S3Error
from urllib3 import BaseHTTPResponse

from printworks_common.storage.digests import CHUNK_BYTES, PART_BYTES, Digest, Digester, of_file
from printworks_common.storage.errors import MISSING, ObjectExistsError, damaged
from printworks_common.storage.model import META, StoredObject
from printworks_common.storage.probe import Capabilities
from printworks_common.storage.verify import CHECKSUM_HEADER, checksum, stat, verify

READ_TRIES = 3

Headers = dict[str, str | list[str] | tuple[str]]


def put(
    client: Minio,
    bucket: str,
    key: str,
    source: BinaryIO,
    media_type: str,
    metadata: Mapping[str, str],
    *,
    if_absent: bool,
    can: Capabilities,
) -> StoredObject:
    """Hash, upload and verify; after a failure no part of an upload is left.

    Raises ObjectExistsError, TransientError `store_damaged`.
    """
    digest = of_file(source)
    source.seek(0)
    headers = described_headers(digest, media_type, metadata)
    if if_absent and (digest.bytes > PART_BYTES or not can.conditional_puts) and exists(client, bucket, key):
        # Completing a multipart upload has no portable condition: a racing writer of the same key may win.
        raise ObjectExistsError
    if digest.bytes <= PART_BYTES:
        if if_absent and can.conditional_puts:
            headers["If-None-Match"] = "*"
        if can.checksums:
            headers[CHECKSUM_HEADER] = checksum(digest.sha256)
        client._put_object(bucket, key, source.read(), headers)
    else:
        _put_parts(client, bucket, key, source, headers)
    stored = stat(client, bucket, key)
    verify(client, bucket, key, stored, digest)
    return described(stored, key)


def described_headers(digest: Digest, media_type: str, metadata: Mapping[str, str]) -> Headers:
    """What is recorded with an object."""
    return {
        "Content-Type": media_type,
        f"{META}sha256": digest.sha256,
        f"{META}crc32": f"{digest.crc32:08x}",
        **{f"{META}{name}": value for name, value in metadata.items()},
    }


def exists(client: Minio, bucket: str, key: str) -> bool:
    try:
        client.stat_object(bucket, key)
    except S3Error as error:
        if error.code in MISSING:
            return False
        raise
    return True


def _put_parts(client: Minio, bucket: str, key: str, source: BinaryIO, headers: Headers) -> None:
    upload = client._create_multipart_upload(bucket, key, headers)
    try:
        parts: list[Part] = []
        while piece := source.read(PART_BYTES):
            number = len(parts) + 1
            parts.append(Part(number, client._upload_part(bucket, key, piece, None, upload, number)))
        client._complete_multipart_upload(bucket, key, upload, parts)
    except BaseException:
        # If the store is away the parts stay until `abort_uploads`; the first error is the one to tell.
        with suppress(Exception):
            client._abort_multipart_upload(bucket, key, upload)
        raise


def get_file(client: Minio, bucket: str, key: str, path: Path, sha256: str | None) -> StoredObject:
    """Fetch into `path`, verified against `sha256` or what was recorded at the put. Nothing is left at `path` but the
    whole content."""
    part = path.with_name(f".{path.name}.part")
    for attempt in range(1, READ_TRIES + 1):
        try:
            stored = _read_into(client, bucket, key, part, sha256)
        except BaseException as error:
            part.unlink(missing_ok=True)
            if getattr(error, "code", None) == "store_damaged" and attempt < READ_TRIES:
                continue
            raise
        os.replace(part, path)
        return stored
    raise AssertionError("unreachable")


def _read_into(client: Minio, bucket: str, key: str, part: Path, sha256: str | None) -> StoredObject:
    response = client.get_object(bucket, key)
    try:
        digester = Digester()
        with part.open("wb") as file:
            for piece in response.stream(CHUNK_BYTES):
                digester.update(piece)
                file.write(piece)
    finally:
        _let_go(response)
    digest = digester.digest()
    expected = sha256 or response.headers.get(f"{META}sha256")
    if expected is not None and digest.sha256 != expected:
        raise damaged("The store sent other bytes than it was given.")
    return _of_headers(response.headers, key, digest.bytes, digest)


def get_bytes(client: Minio, bucket: str, key: str, limit: int) -> bytes:
    """The content, verified against what was recorded at the put. Raises ValueError if it is longer than `limit`."""
    response = client.get_object(bucket, key)
    try:
        content = response.read(limit + 1)
    finally:
        _let_go(response)
    if len(content) > limit:
        raise ValueError(f"an object to be read into memory has more than {limit} bytes")
    recorded = response.headers.get(f"{META}sha256")
    digester = Digester()
    digester.update(content)
    if recorded is not None and digester.digest().sha256 != recorded:
        raise damaged("The store sent other bytes than it was given.")
    return content


def read_part(client: Minio, bucket: str, key: str, offset: int, length: int) -> bytes:
    """A range of an object, in memory. A range of nothing is the empty content of an empty object."""
    response = client.get_object(bucket, key, offset=offset, length=length)
    try:
        return response.read(length)
    finally:
        _let_go(response)


def _let_go(response: BaseHTTPResponse) -> None:
    """Give the connection back; one that has not been read to its end is closed."""
    response.close()
    response.release_conn()


def described(stored: Object, key: str) -> StoredObject:
    """What a HEAD tells."""
    return _of_headers(cast("Mapping[str, str]", stored.metadata or {}), key, stored.size or 0, None)


def _of_headers(headers: Mapping[str, str], key: str, size: int, digest: Digest | None) -> StoredObject:
    lower = {name.lower(): value for name, value in headers.items()}
    metadata = {name.removeprefix(META): value for name, value in lower.items() if name.startswith(META)}
    sha256, crc32 = metadata.pop("sha256", ""), metadata.pop("crc32", "0")
    return StoredObject(
        key=key,
        bytes=size,
        media_type=lower.get("content-type", "application/octet-stream"),
        sha256=digest.sha256 if digest else sha256,
        crc32=digest.crc32 if digest else int(crc32, 16),
        etag=lower.get("etag", "").strip('"'),
        version_id=lower.get("x-amz-version-id"),
        modified=_http_date(lower.get("last-modified")),
        metadata=metadata,
    )


def _http_date(value: str | None) -> datetime | None:
    return None if value is None else parsedate_to_datetime(value)
