"""What a merchant's storage answers, as a reason that the merchant can act on.

What the reasons are told apart by: codes of Amazon S3 ("Error responses" of its API reference), and those that MinIO,
Backblaze B2, Cloudflare R2 and Ceph add for quotas and full disks.
"""

from collections.abc import Generator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, MaxRetryError, SSLError

from printworks_common.errors import PoisonError, PrintworksError, TransientError
from printworks_common.failures import Reason
from printworks_common.storage.errors import DAMAGED, EXISTS, MISSING, ObjectExistsError, ObjectMissingError

_FULL = frozenset({
    "QuotaExceeded", "QuotaExceededException", "StorageQuotaExceeded", "ServiceQuotaExceeded", "InsufficientCapacity",
    "InsufficientStorage", "StorageCapExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "StorageFull",
})  # fmt: skip

_SETTING_WRONG = frozenset({
    "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "Redirect", "InvalidBucketName",
    "IllegalLocationConstraintException", "InvalidRegion", "InvalidURI", "KeyTooLongError", "InvalidObjectName",
    "XMinioInvalidObjectName", "ParentIsFile", "XMinioParentIsObject", "XMinioObjectExistsAsDirectory",
})  # fmt: skip

_MAY_PASS = frozenset({
    "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "OperationAborted", "Throttling",
    "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "Busy", "NoSuchUpload", "InvalidPart",
    "XMinioServerNotInitialized", "XMinioReadQuorum", "XMinioWriteQuorum",
})  # fmt: skip


@contextmanager
def merchant_errors() -> Generator[None, None, None]:
    """Around calls of the client of a merchant's bucket.

    Raises ObjectMissingError, ObjectExistsError; TransientError `storage_unreachable`, `storage_damaged`; PoisonError
    `storage_refused`, `storage_bucket_missing`, `storage_setting_wrong`, `storage_full`, `storage_address_refused`.
    The text names what the store said, and neither endpoint nor key.
    """
    try:
        yield
    except S3Error as error:
        raise reason_for(error.code or "", error.response.status) from error
    except ServerError as error:
        raise reason_for("", error.status_code) from error
    except InvalidResponseError as error:
        raise reason_for("", error._code) from error
    except MaxRetryError as error:
        raise _unreachable(_cause(error)) from error
    except ParseError as error:
        raise PoisonError("The store answered what cannot be read.", code=Reason.STORAGE_REFUSED) from error
    except (MinioException, HTTPError, ConnectionError, TimeoutError) as error:
        raise _unreachable(type(error).__name__) from error


def reason_for(code: str, status: int) -> PrintworksError:
    """The error for a code of S3, or for the HTTP status where the store gives no code."""
    said = f"The store answered {code or 'without a code'} ({status})."
    if code == "NoSuchBucket":
        return PoisonError(said, code=Reason.STORAGE_BUCKET_MISSING)
    if code in MISSING or (not code and status == 404):
        return ObjectMissingError()
    if code in EXISTS or (not code and status == 412):
        return ObjectExistsError()
    if code in _FULL or status == 507:
        return PoisonError(said, code=Reason.STORAGE_FULL)
    if code in _SETTING_WRONG or 300 <= status < 400:
        return PoisonError(said, code=Reason.STORAGE_SETTING_WRONG)
    if code in DAMAGED:
        return TransientError(said, code=Reason.STORAGE_DAMAGED)
    if code in _MAY_PASS or status in {408, 425, 429} or status >= 500:
        return TransientError(said, code=Reason.STORAGE_UNREACHABLE)
    return PoisonError(said, code=Reason.STORAGE_REFUSED)


def _cause(error: MaxRetryError) -> str:
    """What stood in the way, without the address that urllib3 puts into its text."""
    reason = error.reason
    if isinstance(reason, SSLError):
        return "its certificate cannot be checked"
    return type(reason or error).__name__


def _unreachable(why: str) -> TransientError:
    return TransientError(f"The store cannot be reached: {why}.", code=Reason.STORAGE_UNREACHABLE)
