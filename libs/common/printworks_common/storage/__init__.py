"""Objects in a bucket: the only place that speaks S3.

`ObjectStore` is the hosted bucket, `MerchantBucket` a merchant's own.
"""

from printworks_common.storage.errors import ObjectExistsError, ObjectMissingError
from printworks_common.storage.merchant import MerchantBucket, MerchantConnection, check_endpoint
from printworks_common.storage.model import Cleared, DeleteFailure, ListedObject, StoredObject
from printworks_common.storage.relay import Content, SourceGoneError
from printworks_common.storage.store import ObjectStore

__all__ = [
    "Cleared",
    "Content",
    "DeleteFailure",
    "ListedObject",
    "MerchantBucket",
    "MerchantConnection",
    "ObjectExistsError",
    "ObjectMissingError",
    "ObjectStore",
    "SourceGoneError",
    "StoredObject",
    "check_endpoint",
]
