"""Errors of an object store, by what is to be done about them."""

from collections.abc import Generator
from contextlib import contextmanager

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from printworks_common.errors import GroundMissingError, PoisonError, PrintworksError, TransientError


class ObjectMissingError(PoisonError):
    """There is no object of this key (or no such version)."""

    def __init__(self) -> None:
        super().__init__("The object is not in the bucket.", code="object_missing")


class ObjectExistsError(PoisonError):
    """A conditional put found an object of this key."""

    def __init__(self) -> None:
        super().__init__("An object of this key is there already.", code="object_exists")


MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})
"""MethodNotAllowed is the answer to reading a delete marker."""

EXISTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})

DAMAGED = frozenset({
    "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody", "InvalidDigest",
})  # fmt: skip

REFUSED = frozenset({
    "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed", "NotSignedUp",
})  # fmt: skip

_REJECTED = frozenset({
    "EntityTooLarge", "EntityTooSmall", "KeyTooLongError", "InvalidArgument", "InvalidObjectName", "InvalidRange",
    "MetadataTooLarge", "InvalidRequest", "XMinioInvalidObjectName", "InvalidPart", "NoSuchUpload",
})  # fmt: skip


@contextmanager
def store_errors() -> Generator[None, None, None]:
    """Around calls of the client.

    Raises ObjectMissingError, ObjectExistsError, TransientError (`store_damaged`), PoisonError (`store_rejected`), and
    GroundMissingError: `store_unreachable`, `store_refused` (credentials or rights), `bucket_missing`.
    """
    try:
        yield
    except S3Error as error:
        raise of_code(error.code or "", error.response.status) from error
    except ServerError as error:
        raise of_code("", error.status_code) from error
    except InvalidResponseError as error:
        raise of_code("", error._code) from error
    except (MinioException, HTTPError, ConnectionError, TimeoutError) as error:
        raise unreachable() from error


def of_code(code: str, status: int) -> PrintworksError:
    """The error for a code of S3 (with the HTTP status, where a store gives no code we know)."""
    if code in MISSING or (not code and status == 404):
        return ObjectMissingError()
    if code in EXISTS or (not code and status == 412):
        return ObjectExistsError()
    if code == "NoSuchBucket":
        return missing_bucket()
    if code in REFUSED or status in {401, 403}:
        return GroundMissingError("The store refuses our credentials or rights.", code="store_refused")
    return _of_request(code, status)


def _of_request(code: str, status: int) -> PrintworksError:
    if code in DAMAGED:
        return damaged("The store received other bytes than were sent.")
    if code in _REJECTED or (400 <= status < 500 and status not in {408, 429} and code != "RequestTimeout"):
        return PoisonError("The store does not accept this request.", code="store_rejected")
    return unreachable()


def missing_bucket() -> GroundMissingError:
    return GroundMissingError("The bucket does not exist.", code="bucket_missing")


def unreachable() -> GroundMissingError:
    return GroundMissingError("The object store does not answer.", code="store_unreachable")


def damaged(sentence: str) -> TransientError:
    return TransientError(sentence, code="store_damaged")
