"""Many files for an export, and downloads of it that break and go on: for a test and for the benchmark.

Files share a few objects of the store, so that gigabytes are exported of a few megabytes on disk.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from printworks_common import ids
from printworks_common.events.print_jobs import ArtworkVersion, JobSnapshot, OrderSnapshot
from printworks_common.events.rendering import StoredFile
from printworks_common.storage import ObjectStore
from printworks_common.storage.model import StoredObject

OBJECTS = 16
JOBS_PER_ORDER = 10
FIRST_ORDER = 7_000_000_000_000


async def put_objects(store: ObjectStore, shop: str, length: int) -> list[StoredObject]:
    """Objects of random bytes, as many as files share."""
    contents = [random.Random(number).randbytes(length) for number in range(OBJECTS)]
    return [
        await store.put_bytes(f"orders/2026-11-20/{shop}/shared/{number}", content, "application/pdf")
        for number, content in enumerate(contents)
    ]


def orders_with_files(shop: str, objects: Sequence[StoredObject], files: int) -> Iterator[OrderSnapshot]:
    """Orders of ready print jobs with one print file each."""
    begin = datetime(2026, 11, 20, tzinfo=UTC)
    for number, lines in enumerate(_groups(files)):
        order_id = str(FIRST_ORDER + number)
        at = begin + timedelta(seconds=number)
        yield OrderSnapshot(
            shop=shop,
            order_id=order_id,
            order_gid=ids.gid("Order", order_id),
            order_name=f"#{1001 + number}",
            version=1,
            created_at=at,
            order_date=at.date(),
            jobs=tuple(_job(shop, order_id, line, objects[line % len(objects)], at) for line in lines),
            occurred_at=at,
        )


def _groups(files: int) -> Iterator[range]:
    for first in range(0, files, JOBS_PER_ORDER):
        yield range(first, min(files, first + JOBS_PER_ORDER))


def _job(shop: str, order_id: str, line: int, stored: StoredObject, at: datetime) -> JobSnapshot:
    job_id = ids.job_id(shop, order_id, str(line + 1))
    name = f"{line + 1}-print.pdf"
    file = StoredFile(
        file_id=ids.file_id(job_id, 1, name, stored.sha256),
        role="print",
        name=name,
        format="pdf",
        media_type="application/pdf",
        bytes=stored.bytes,
        sha256=stored.sha256,
        crc32=stored.crc32,
        key=stored.key,
    )
    return JobSnapshot(
        job_id=job_id,
        line_item_id=str(line + 1),
        version=1,
        status="ready",
        product_title="Poster",
        sku="POSTER",
        quantity=1,
        artwork_version=1,
        artwork=(ArtworkVersion(artwork_version=1, current=True, files=(file,), completed_at=at),),
        queued_at=at,
        completed_at=at,
    )


@dataclass(frozen=True)
class Downloaded:
    """`requests` is 1 for a download that did not break."""

    sha256: str
    bytes: int
    requests: int


async def download(client: httpx.AsyncClient, url: str, *, cuts: Sequence[int] = ()) -> Downloaded:
    """Load a file, hanging up at the places `cuts` and going on with Range and If-Range. Nothing is kept.

    Raises AssertionError when an answer is not the part that was asked for.
    """
    digest = hashlib.sha256()
    at, requests, etag = 0, 0, ""
    for cut in [*sorted(cuts), None]:
        headers = {"Range": f"bytes={at}-", "If-Range": etag} if at else {}
        async with client.stream("GET", url, headers=headers) as answer:
            requests += 1
            if answer.status_code != (206 if at else 200):
                raise AssertionError(f"answered {answer.status_code}")
            etag = answer.headers["etag"]
            async for piece in answer.aiter_raw(256 * 1024):
                kept = piece if cut is None else piece[: cut - at]
                digest.update(kept)
                at += len(kept)
                if at == cut:
                    break
    return Downloaded(digest.hexdigest(), at, requests)


def peak_memory(pid: int) -> int:
    """Most memory that a process has had, in bytes (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError("the process does not tell its memory")
