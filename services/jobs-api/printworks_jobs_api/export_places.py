"""Where the bytes of a file lie: in the hosted bucket, or in one of the shop's own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from printworks_common.storage import MerchantBucket, ObjectStore
from printworks_common.storage.bucket import Bucket

from printworks_jobs_api.own_storage import OwnStorages


def place_of(file: Any) -> dict[str, str]:
    """The place of a row of `files`: `key` alone in the hosted bucket, with `endpoint` and `bucket` in the shop's."""
    delivered = file["facts"].get("delivered")
    if delivered:
        return {name: delivered[name] for name in ("endpoint", "bucket", "key")}
    return {"key": file["object_key"]}


class Session:
    """Buckets that are open for a while, each once."""

    def __init__(self, shop: str, store: ObjectStore, storages: OwnStorages) -> None:
        self._shop = shop
        self._store = store
        self._storages = storages
        self._open: dict[tuple[str, str], MerchantBucket] = {}

    async def open(self, place: dict[str, str]) -> tuple[Bucket, str]:
        """The bucket and the key in it. Raises PoisonError for a bucket that the shop has removed from its settings."""
        if "bucket" not in place:
            return self._store, place["key"]
        where = (place["endpoint"], place["bucket"])
        if where not in self._open:
            self._open[where] = await self._storages.bucket(self._shop, *where)
        return self._open[where], place["key"]

    async def close(self) -> None:
        for bucket in self._open.values():
            await bucket.close()


class Places:
    def __init__(self, store: ObjectStore, storages: OwnStorages) -> None:
        self._store = store
        self._storages = storages

    @asynccontextmanager
    async def session(self, shop: str) -> AsyncGenerator[Session]:
        session = Session(shop, self._store, self._storages)
        try:
            yield session
        finally:
            await session.close()
