"""Whether a store holds the bytes that were sent: proven by what it says of the object, else by reading it back.

Size and recorded digest alone prove nothing, because the digest is what we sent along. A checksum that the store has
computed does, and so does an ETag that is an MD5. Where neither is to be had (a store that encrypts with keys of its
own gives other ETags), the object is read back.
"""

import base64
from collections.abc import Mapping

from minio import Minio
from minio.datatypes import Object

from printworks_common.storage.digests import CHUNK_BYTES, Digest, Digester, etag_contradicts, is_etag
from printworks_common.storage.errors import damaged
from printworks_common.storage.model import META

_STORE_ENCRYPTS = ("x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-customer-algorithm")

CHECKSUM_HEADER = "x-amz-checksum-sha256"
CHECKSUM_MODE: dict[str, str | list[str] | tuple[str]] = {"x-amz-checksum-mode": "ENABLED"}


def checksum(sha256: str) -> str:
    """The value of `x-amz-checksum-sha256`."""
    return base64.b64encode(bytes.fromhex(sha256)).decode("ascii")


def stat(client: Minio, bucket: str, key: str) -> Object:
    """HEAD, with the checksum that the store keeps, if it keeps one."""
    return client.stat_object(bucket, key, extra_headers=dict(CHECKSUM_MODE))


def verify(client: Minio, bucket: str, key: str, stored: Object, digest: Digest) -> None:
    """Raises TransientError `store_damaged` when the object is not what `digest` is of. Without an ETag in `digest`
    (it depends on how an object was uploaded), or without a proof from the store, it is read back."""
    headers = _lower(stored)
    if stored.size != digest.bytes or headers.get(f"{META}sha256", digest.sha256) != digest.sha256:
        raise _damaged()
    proven = _proven(headers, stored.etag or "", digest)
    if proven is None:
        proven = _read_back(client, bucket, key, digest.bytes) == (digest.bytes, digest.sha256)
    if not proven:
        raise _damaged()


def _proven(headers: Mapping[str, str], etag: str, digest: Digest) -> bool | None:
    """What the store's own figures say; None when they say nothing."""
    computed = headers.get(CHECKSUM_HEADER, "")
    if computed and "-" not in computed:  # with a dash: a checksum of the checksums of parts
        return computed == checksum(digest.sha256)
    if any(name in headers for name in _STORE_ENCRYPTS) or not digest.etag or not is_etag(etag):
        return None
    if ("-" in digest.etag) != ("-" in etag):
        return None
    return not etag_contradicts(digest.etag, etag)


def _read_back(client: Minio, bucket: str, key: str, size: int) -> tuple[int, str]:
    """Length and digest of an object, of which no more is read than tells that it is longer than `size`."""
    response = client.get_object(bucket, key)
    try:
        digester = Digester()
        left = size + 1
        while left and (piece := response.read(min(CHUNK_BYTES, left))):
            left -= len(piece)
            digester.update(piece)
    finally:
        response.close()
        response.release_conn()
    digest = digester.digest()
    return digest.bytes, digest.sha256


def _lower(stored: Object) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (stored.metadata or {}).items()}


def _damaged() -> Exception:
    return damaged("The store holds other bytes than were sent.")
