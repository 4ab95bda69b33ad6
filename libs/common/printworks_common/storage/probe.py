"""What a store honours, found out at the start of a service: the service adapts, or says what it cannot do without.

The probe keeps one small object, `probes/features`. On a store that honours everything it is written once, ever: what
is tried afterwards is refused by the store.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

from minio import Minio
from minio.error import MinioException, S3Error

from printworks_common.errors import GroundMissingError
from printworks_common.storage.errors import DAMAGED, EXISTS, MISSING, missing_bucket
from printworks_common.storage.model import META
from printworks_common.storage.verify import CHECKSUM_HEADER, checksum

PROBE_KEY = "probes/features"
_CONTENT = b"Printworks looks at this object to find out what the store honours.\n"
_SHA256 = hashlib.sha256(_CONTENT).hexdigest()
_OTHER_SHA256 = hashlib.sha256(b"").hexdigest()

Versioning = Literal["on", "suspended", "off", "unknown"]


@dataclass(frozen=True)
class Capabilities:
    """What a store honours. The default is what every S3 store does."""

    conditional_puts: bool = False
    """`If-None-Match: *` keeps an object from being replaced. Without it we look first, and two writers can race."""
    checksums: bool = False
    """A put with a wrong SHA-256 is refused. Without it ETags prove a put, or the object is read back."""
    versioning: Versioning = "unknown"
    """`on`, `suspended`: a deleted object leaves a marker and its versions. `unknown`: the store does not tell us."""
    lists_versions: bool = True
    """Deleting goes by the list of versions, whatever `versioning` says: it may be switched on at any time."""
    lists_uploads: bool = True
    """Uploads that were never finished are listed by a prefix of their keys. MinIO knows whole keys alone: there all of
    the bucket are listed, and the wanted ones picked."""


USUAL = Capabilities(conditional_puts=True)
"""Assumed as long as nothing was probed: every store of today, but for a few, honours conditions."""


def probe(client: Minio, bucket: str) -> Capabilities:
    """Ask the store. Raises GroundMissingError `store_unfit` when it does not give back what is put, and the client's
    errors."""
    if not client.bucket_exists(bucket):
        raise missing_bucket()
    _put_if_missing(client, bucket)
    _read(client, bucket)
    return Capabilities(
        conditional_puts=_refuses(client, bucket, "If-None-Match", "*", EXISTS),
        checksums=_refuses(client, bucket, CHECKSUM_HEADER, checksum(_OTHER_SHA256), DAMAGED),
        versioning=_versioning(client, bucket),
        lists_versions=_lists_versions(client, bucket),
        lists_uploads=_lists_uploads(client, bucket),
    )


def _put_if_missing(client: Minio, bucket: str) -> None:
    try:
        client.stat_object(bucket, PROBE_KEY)
    except S3Error as error:
        if error.code not in MISSING:
            raise
        _put(client, bucket)


def _put(client: Minio, bucket: str, **headers: str) -> None:
    client._put_object(bucket, PROBE_KEY, _CONTENT, {"Content-Type": "text/plain", f"{META}sha256": _SHA256, **headers})


def _read(client: Minio, bucket: str) -> None:
    response = client.get_object(bucket, PROBE_KEY)
    try:
        content = response.read()
    finally:
        response.close()
        response.release_conn()
    if content != _CONTENT:
        raise _unfit("it gives back other bytes than were put")
    if response.headers.get(f"{META}sha256") != _SHA256:
        raise _unfit("it does not keep what is recorded with an object (x-amz-meta-)")


def _refuses(client: Minio, bucket: str, header: str, value: str, codes: frozenset[str]) -> bool:
    """Whether a put that must not succeed is refused for the right reason. It changes nothing where it succeeds."""
    try:
        _put(client, bucket, **{header: value})
    except S3Error as error:
        if error.code in codes:
            return True
        if error.response.status in {400, 501}:  # the header is not known there
            return False
        raise
    return False


def _versioning(client: Minio, bucket: str) -> Versioning:
    try:
        status = client.get_bucket_versioning(bucket).status
    except (S3Error, MinioException):  # not implemented, or not for these credentials
        return "unknown"
    match status:
        case "Enabled":
            return "on"
        case "Suspended":
            return "suspended"
        case _:
            return "off"


def _lists_versions(client: Minio, bucket: str) -> bool:
    try:
        list(client.list_objects(bucket, prefix=PROBE_KEY, include_version=True))
    except S3Error as error:
        # Not allowed to list is another matter: those that delete are told so when they try.
        return error.response.status not in {400, 405, 501}
    return True


def _lists_uploads(client: Minio, bucket: str) -> bool:
    try:
        begun = client._create_multipart_upload(bucket, PROBE_KEY, {})
        try:
            found = client._list_multipart_uploads(bucket, prefix=PROBE_KEY.rpartition("/")[0])
        finally:
            client._abort_multipart_upload(bucket, PROBE_KEY, begun)
    except S3Error:
        # Not allowed: those that clear are told so when they try.
        return True
    return any(one.upload_id == begun for one in found.uploads)


def _unfit(why: str) -> GroundMissingError:
    return GroundMissingError(f"The store cannot be used: {why}.", code="store_unfit")
