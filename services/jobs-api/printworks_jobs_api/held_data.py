"""What is held of a customer's orders, as one ZIP archive: for a merchant whom Shopify asks on the customer's behalf.

Nothing is prepared or kept: rows are read and objects streamed when somebody downloads. Beside the files of each order
lies the coordinator's own document of it, which has all that came from the shop: properties, design, sources.
"""

import json
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.storage import ObjectStore

from printworks_jobs_api.filters import without_nul
from printworks_jobs_api.problems import ProblemError, not_found
from printworks_jobs_api.zipping import ZipEntry, central_header, end_records, local_header

SQL = load_queries("printworks_jobs_api", "sql/privacy.sql")


class HeldData:
    def __init__(self, pool: Pool, store: ObjectStore) -> None:
        self._pool = pool
        self._store = store

    async def orders(self, shop: str, request_id: str) -> list[Any]:
        """The orders of a data request that are here. Raises ProblemError 404, 409 `export_not_ready` for one that the
        coordinator has not answered yet."""
        with ground_errors():
            request = await self._pool.fetchrow(SQL["exportable"], shop, without_nul(request_id))
            if request is None:
                raise not_found("data request")
            if not request["written"]:
                raise ProblemError(
                    409, "export_not_ready", "The export is being put together. Ask again in a minute.",
                    headers={"Retry-After": "60"},
                )  # fmt: skip
            return await self._pool.fetch(SQL["held_orders"], shop, request["order_ids"])

    async def archive(self, shop: str, orders: list[Any]) -> AsyncGenerator[bytes]:
        """The bytes of the archive: for each order what the read model has, and all objects below its prefix."""
        directory, at, files = b"", 0, 0
        async for entry, content in self._entries(shop, orders):
            header = local_header(entry)
            yield header
            async with aclosing(content) as pieces:
                async for piece in pieces:
                    yield piece
            directory += central_header(entry, at)
            at += len(header) + entry.bytes
            files += 1
        yield directory
        yield end_records(files, len(directory), at)

    async def _entries(self, shop: str, orders: list[Any]) -> AsyncGenerator[tuple[ZipEntry, AsyncGenerator[bytes]]]:
        for order in orders:
            folder = f"orders/{order['order_id']}"
            with ground_errors():
                jobs = await self._pool.fetch(SQL["held_jobs"], shop, order["order_id"])
            held = _json({**order, "print_jobs": [dict(job) for job in jobs]})
            yield ZipEntry(f"{folder}/order.json", len(held), zlib.crc32(held)), _whole(held)
            prefix = f"orders/{order['order_date'].isoformat()}/{shop}/{order['order_id']}/"
            async for one in self._store.list(prefix):
                crc32 = (await self._store.head(one.key)).crc32 or await self._crc32(one.key)
                name = f"{folder}/files/{one.key.removeprefix(prefix)}"
                yield ZipEntry(name, one.bytes, crc32), self._store.stream(one.key)

    async def _crc32(self, key: str) -> int:
        """Of an object that was written without."""
        crc32 = 0
        async with aclosing(self._store.stream(key)) as pieces:
            async for piece in pieces:
                crc32 = zlib.crc32(piece, crc32)
        return crc32


async def _whole(content: bytes) -> AsyncGenerator[bytes]:
    yield content


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1, default=_text).encode()


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
