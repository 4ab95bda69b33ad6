"""Preparing an export: print jobs become lines of the manifest and places in archives, some hundred at a time.

Each step is one transaction that goes on where the last one ended, so that a process may die at any moment and another
one takes over. Memory does not depend on how much is exported.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.failures import explain
from printworks_common.file_names import NameTemplate, collision_key, with_mark
from printworks_common.logs import get_logger
from printworks_common.postgres import Connection, Pool, ground_errors

from printworks_jobs_api.export_places import Places, place_of
from printworks_jobs_api.exports import SQL, ExportIn
from printworks_jobs_api.naming import name_values
from printworks_jobs_api.shops import ShopBook
from printworks_jobs_api.tenancy import acting_for
from printworks_jobs_api.zipping import ZipEntry, central_header, local_header

STEP_JOBS = 200
LEASE = timedelta(minutes=2)
MAX_PART_FILES = 20_000

_NO_PLACE = (None,) * 10
"""Columns of a line that is about no file."""
_FACTS = ("width_px", "height_px", "width_mm", "height_mm", "dpi", "colour_space", "bleed_mm", "pages", "area")

_WITHOUT_FILES = {
    "pending": ("not_finished", "The print job is not finished yet."),
    "cancelled": ("cancelled", "The print job is cancelled."),
    "cleared": ("files_cleared", "The files were cleared at the end of their retention period, or erased."),
    "ready": ("no_such_files", "The print job has no files of the kinds that were asked for."),
}

_log = get_logger(__name__)


@dataclass
class _OpenPart:
    """The archive that files are added to."""

    part: int = 1
    files: int = 0
    content_bytes: int = 0
    directory_bytes: int = 0


@dataclass
class _Step:
    """What a step adds to an export."""

    position: int
    parts: list[_OpenPart]
    taken: set[str] = field(default_factory=set[str])
    lines: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    files: int = 0
    bytes: int = 0
    without_files: int = 0


class Planner:
    def __init__(
        self, pool: Pool, requests: Pool, clock: Clock, places: Places, shops: ShopBook, *, part_bytes: int
    ) -> None:
        """A file that would make an archive longer than `part_bytes` begins the next one. `pool` sees the exports of
        all shops, of which one is chosen to go on with."""
        self._pool = pool
        self._requests = requests
        self._clock = clock
        self._places = places
        self._shops = shops
        self._part_bytes = part_bytes

    async def step(self) -> bool:
        """Go on with the export that waits longest; false when there is none."""
        now = self._clock.now()
        with ground_errors():
            export = await self._pool.fetchrow(SQL["lease_export"], now, now + LEASE)
        if export is None:
            return False
        with acting_for(export["shop"]):
            await self._try_to_go_on(export)
        return True

    async def _try_to_go_on(self, export: Any) -> None:
        try:
            await self._go_on(export)
        except (GroundMissingError, TransientError):
            raise
        except Exception as error:
            # A fault of ours must not be tried for ever: the export fails, where its owner sees it.
            _log.error("export_failed", export_id=str(export["export_id"]), exc_info=error)
            with ground_errors():
                await self._requests.execute(SQL["finish_export"], export["shop"], export["export_id"], "failed", None)

    async def _go_on(self, export: Any) -> None:
        shop, export_id = export["shop"], export["export_id"]
        wanted = ExportIn.model_validate(export["wanted"])
        clauses = wanted.clauses(shop, await self._shops.facts(shop), export["created_at"])
        if export["after_job"] is not None:
            clauses.add("(created_at, job_id) > ({}, {})", export["after_created"], export["after_job"])
        query = clauses.into(SQL["jobs_to_export"], "jobs", limit=STEP_JOBS)
        with ground_errors():
            jobs = await self._requests.fetch(query, *clauses.values)
            files = await self._requests.fetch(
                SQL["files_to_export"], shop, [job["job_id"] for job in jobs], wanted.roles
            )
        checksums = await self._checksums(shop, files)
        with ground_errors():
            async with self._requests.acquire() as connection, connection.transaction():
                if await connection.fetchrow(SQL["lock_export"], shop, export_id, export["after_job"]) is None:
                    return
                if jobs:
                    await self._add(connection, export, wanted, jobs, files, checksums)
                if len(jobs) < STEP_JOBS:
                    await connection.execute(SQL["finish_parts"], shop, export_id)
                    await connection.execute(SQL["finish_export"], shop, export_id, "ready", self._clock.now())

    async def _checksums(self, shop: str, files: Sequence[Any]) -> dict[Any, int]:
        """CRC-32 of files. Those that a render did not tell are asked of the store, or read."""
        known = {file["file_id"]: int(file["facts"].get("crc32") or 0) for file in files}
        async with self._places.session(shop) as session:
            for file in files:
                if known[file["file_id"]] == 0 and file["bytes"] > 0:
                    bucket, key = await session.open(place_of(file))
                    crc32 = (await bucket.head(key)).crc32
                    if crc32 == 0:
                        async for piece in bucket.stream(key):
                            crc32 = zlib.crc32(piece, crc32)
                    known[file["file_id"]] = crc32
        return known

    async def _add(
        self,
        connection: Connection,
        export: Any,
        wanted: ExportIn,
        jobs: Sequence[Any],
        files: Sequence[Any],
        checksums: Mapping[Any, int],
    ) -> None:
        shop, export_id = export["shop"], export["export_id"]
        part = await connection.fetchrow(SQL["last_part"], shop, export_id)
        step = _Step(
            position=await connection.fetchval(SQL["last_position"], shop, export_id),
            parts=[_OpenPart() if part is None else _OpenPart(**part)],
        )
        names = NameTemplate(wanted.names)
        of_jobs: dict[Any, list[Any]] = {}
        for file in files:
            of_jobs.setdefault(file["job_id"], []).append(file)
        planned = [
            (job, [(file, names.render(name_values(dict(job), dict(file)))) for file in of_jobs.get(job["job_id"], ())])
            for job in jobs
        ]
        # A name that is taken gets marks: all of them are asked for at once.
        possible = {
            collision_key(path) for _job, named in planned for file, plain in named for path in _paths(plain, file)
        }
        rows = await connection.fetch(SQL["taken_paths"], shop, export_id, list(possible))
        step.taken = {row["path_key"] for row in rows}
        for job, named in planned:
            if not named:
                self._add_job(step, export, job)
            for file, path in named:
                self._add_file(step, export, job, file, path, checksums[file["file_id"]])
        await connection.executemany(SQL["save_line"], step.lines)
        for one in step.parts:
            if one.files:
                await connection.execute(
                    SQL["save_part"], shop, export_id, one.part, one.files, one.content_bytes, one.directory_bytes
                )
        last = jobs[-1]
        await connection.execute(
            SQL["advance_export"],
            shop, export_id, last["created_at"], last["job_id"], len(jobs), step.without_files, step.files, step.bytes,
        )  # fmt: skip

    def _add_job(self, step: _Step, export: Any, job: Any) -> None:
        if job["reason_code"]:
            code, sentence = job["reason_code"], explain(job["reason_code"]).sentence
        else:
            code, sentence = _WITHOUT_FILES.get(job["status"], ("no_files", "The print job has no files."))
        line = {"type": "job", **_job_facts(job), "step": job["step"], "reason_code": code, "reason": sentence}
        step.position += 1
        step.without_files += 1
        step.lines.append((export["shop"], export["export_id"], step.position, line, *_NO_PLACE))

    def _add_file(self, step: _Step, export: Any, job: Any, file: Any, plain: str, crc32: int) -> None:
        path = next(one for one in _paths(plain, file) if collision_key(one) not in step.taken)
        step.taken.add(collision_key(path))
        entry = ZipEntry(path, file["bytes"], crc32)
        length = len(local_header(entry)) + entry.bytes
        part = step.parts[-1]
        if part.files and (part.files >= MAX_PART_FILES or part.content_bytes + length > self._part_bytes):
            part = _OpenPart(part=part.part + 1)
            step.parts.append(part)
        line = {
            "type": "file",
            "path": path,
            "part": part.part,
            "sha256": file["sha256"],
            "crc32": f"{crc32:08x}",
            "bytes": file["bytes"],
            "media_type": file["media_type"],
            "role": file["role"],
            "file_id": str(file["file_id"]),
            "artwork_version": file["artwork_version"],
            **{name: file["facts"].get(name) for name in _FACTS},
            **_job_facts(job),
        }
        step.position += 1
        step.files += 1
        step.bytes += file["bytes"]
        step.lines.append((
            export["shop"], export["export_id"], step.position, line, path, collision_key(path), file["file_id"],
            part.part, part.content_bytes, part.directory_bytes, file["bytes"], crc32, file["sha256"], place_of(file),
        ))  # fmt: skip
        part.directory_bytes += len(central_header(entry, part.content_bytes))
        part.content_bytes += length
        part.files += 1


def _paths(plain: str, file: Any) -> list[str]:
    """Names for a file, the first of which is free counts: its own, with a piece of its digest, with its whole id."""
    return [plain, with_mark(plain, file["sha256"][:8]), with_mark(plain, file["file_id"].hex)]


def _job_facts(job: Any) -> dict[str, Any]:
    return {
        "job_id": str(job["job_id"]),
        "order_id": str(job["order_id"]),
        "order_name": job["order_name"],
        "line_item_id": str(job["line_item_id"]),
        "sku": job["sku"],
        "product_title": job["product_title"],
        "variant_title": job["variant_title"],
        "quantity": job["quantity"],
        "status": job["status"],
    }
