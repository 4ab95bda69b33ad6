"""Objects in a bucket: the only place that speaks S3."""

from printworks_common.storage.errors import ObjectExistsError, ObjectMissingError
from printworks_common.storage.guarded import guarded_pool
from printworks_common.storage.model import Cleared, DeleteFailure, ListedObject, StoredObject
from printworks_common.storage.store import ObjectStore

__all__ = [
    "Cleared",
    "DeleteFailure",
    "ListedObject",
    "ObjectExistsError",
    "ObjectMissingError",
    "ObjectStore",
    "StoredObject",
    "guarded_pool",
]
