"""One object from one bucket into another, in parts, without a file in between. Blocking; runs in a thread.

At most one part is in memory. What is sent is compared with the digest that the file has had since it was made before
the upload is completed, so other bytes never appear under the key.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from minio import Minio
from minio.datatypes import Part
from minio.error import S3Error

from printworks_common.errors import PoisonError
from printworks_common.storage.digests import PART_BYTES, Digest, Digester
from printworks_common.storage.errors import EXISTS
from printworks_common.storage.transfer import Headers, described_headers

ReadPart = Callable[[str, int, int], bytes]
"""Key, offset and length to the bytes there."""


class SourceGoneError(PoisonError):
    """What is to be copied cannot be read there, or is not what was made."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The file to be copied {why}.", code="source_gone")


class AbandonedError(PoisonError):
    """Nobody waits for this copy any more."""

    def __init__(self) -> None:
        super().__init__("The copy was given up.", code="abandoned")


@dataclass(frozen=True)
class Content:
    """What is to be copied: where it is read, and what it has to be."""

    read: ReadPart
    key: str
    bytes: int
    sha256: str
    crc32: int
    media_type: str


@dataclass(frozen=True)
class Upload:
    """How the upload is watched: `begun` is told the id of a multipart upload before its first part is sent, `given_up`
    ends it between two parts."""

    begun: Callable[[str], None]
    given_up: threading.Event


def send(client: Minio, bucket: str, key: str, content: Content, upload: Upload) -> Digest:
    """Copy. Returns the digest of what was sent, with the ETag that the target should have.

    An object that is there is not replaced, where the store honours conditions: it raises the client's error for that.
    Raises SourceGoneError, AbandonedError; after any error no part of the upload is left, if the store lets us.
    """
    digester = Digester()
    if content.bytes <= PART_BYTES:
        body = b"".join(_parts(content, digester, upload))
        digest = _checked(digester, content)
        _put(client, bucket, key, body, described_headers(digest, content.media_type, {}))
        return digest
    headers = described_headers(Digest(content.bytes, content.sha256, content.crc32, ""), content.media_type, {})
    begun = client._create_multipart_upload(bucket, key, headers)
    try:
        upload.begun(begun)
        parts: list[Part] = []
        for piece in _parts(content, digester, upload):
            number = len(parts) + 1
            parts.append(Part(number, client._upload_part(bucket, key, piece, None, begun, number)))
        digest = _checked(digester, content)
        client._complete_multipart_upload(bucket, key, begun, parts)
    except BaseException:
        with suppress(Exception):
            client._abort_multipart_upload(bucket, key, begun)
        raise
    return digest


def _parts(content: Content, digester: Digester, upload: Upload) -> Iterator[bytes]:
    for offset in range(0, max(content.bytes, 1), PART_BYTES):
        if upload.given_up.is_set():
            raise AbandonedError
        wanted = min(PART_BYTES, content.bytes - offset)
        try:
            piece = content.read(content.key, offset, wanted) if wanted else b""
        except PoisonError as error:
            raise SourceGoneError(f"cannot be read: {error.code}") from error
        if len(piece) != wanted:
            raise SourceGoneError("is shorter than it was made")
        digester.update(piece)
        yield piece


def _checked(digester: Digester, content: Content) -> Digest:
    digest = digester.digest()
    if (digest.bytes, digest.sha256) != (content.bytes, content.sha256):
        raise SourceGoneError("has other bytes than were rendered")
    return digest


def _put(client: Minio, bucket: str, key: str, body: bytes, headers: Headers) -> None:
    try:
        client._put_object(bucket, key, body, {**headers, "If-None-Match": "*"})
    except S3Error as error:
        # A store that does not know the condition says so; the caller has looked whether the key is free.
        if error.code in EXISTS or error.response.status != 501:
            raise
        client._put_object(bucket, key, body, headers)
