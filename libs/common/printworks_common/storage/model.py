"""What is known of objects in a bucket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

META = "x-amz-meta-"


@dataclass(frozen=True)
class StoredObject:
    """One object. `sha256` (hex) is empty and `crc32` 0 for objects that were not written by `ObjectStore`."""

    key: str
    bytes: int
    media_type: str
    sha256: str
    crc32: int
    etag: str
    version_id: str | None = None
    modified: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class ListedObject:
    """One entry of a listing. In a versioned bucket `deleted` marks a delete marker."""

    key: str
    bytes: int
    etag: str
    modified: datetime | None
    version_id: str | None = None
    deleted: bool = False


@dataclass(frozen=True)
class DeleteFailure:
    """An object that the store did not delete, and its code for why."""

    key: str
    version_id: str | None
    code: str


@dataclass(frozen=True)
class Cleared:
    """What was under a prefix and is deleted: objects (each version counts) and their bytes."""

    objects: int
    bytes: int
