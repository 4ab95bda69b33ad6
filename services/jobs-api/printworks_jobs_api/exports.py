"""Exports of artwork: asked for with a selection, prepared in the background, downloaded as manifest and ZIP parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID, uuid4

from printworks_common.clock import Clock
from printworks_common.events.artwork import PRODUCTION_ROLES
from printworks_common.file_names import MAX_TEMPLATE, NameTemplate
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from pydantic import Field, StringConstraints, field_validator

from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found
from printworks_jobs_api.selection import Selection
from printworks_jobs_api.shops import ShopBook
from printworks_jobs_api.zipping import end_records

SQL = load_queries("printworks_jobs_api", "sql/exports.sql")

DEFAULT_NAMES = "{order}/{sku}-{name}.{ext}"
MAX_PREPARING = 5
"""Exports of a shop that are prepared at the same time."""


class Include(StrEnum):
    """Kinds of files. `print` is everything that the printer needs."""

    PRINT = "print"
    PREVIEW = "preview"
    THUMBNAIL = "thumbnail"


class ExportIn(Selection):
    """Which print jobs, which of their files, and how the files are named."""

    include: list[Include] = Field(default=[Include.PRINT], min_length=1, max_length=len(Include))
    names: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEMPLATE)] = Field(
        default=DEFAULT_NAMES, description="Template of the paths in the archives."
    )

    @field_validator("names")
    @classmethod
    def _good_names(cls, template: str) -> str:
        NameTemplate(template)
        return template

    @property
    def roles(self) -> list[str]:
        """Roles of the files that are wanted."""
        found = {one.value for one in self.include}
        return sorted(found | PRODUCTION_ROLES if Include.PRINT in self.include else found)


@dataclass(frozen=True)
class Part:
    """A ZIP archive of an export: `content_bytes` of files with their headers, then a directory, then the end."""

    part: int
    files: int
    content_bytes: int
    directory_bytes: int
    fingerprint: str | None

    @property
    def size(self) -> int:
        return self.content_bytes + self.directory_bytes + len(self.ending)

    @property
    def ending(self) -> bytes:
        return end_records(self.files, self.directory_bytes, self.content_bytes)

    @property
    def etag(self) -> str:
        return f'"zip1-{self.fingerprint}"'


@dataclass(frozen=True)
class Export:
    """`row` has the columns of `exports`. There are parts once it is ready."""

    row: Any
    parts: Sequence[Part]

    @property
    def export_id(self) -> UUID:
        return self.row["export_id"]

    @property
    def ready(self) -> bool:
        return self.row["status"] == "ready"


class Exports:
    def __init__(self, pool: Pool, clock: Clock, shops: ShopBook, *, kept_days: int) -> None:
        self._pool = pool
        self._shops = shops
        self._clock = clock
        self._kept = timedelta(days=kept_days)

    async def create(self, connection: Connection, principal: Principal, wanted: ExportIn) -> Export:
        """Ask for an export, inside a transaction; it is prepared afterwards.

        Raises ProblemError 409 `too_many_exports` while others of the shop are prepared.
        """
        now = self._clock.now()
        await connection.execute(SQL["lock_shop"], principal.shop)
        if await connection.fetchval(SQL["count_preparing"], principal.shop) >= MAX_PREPARING:
            raise ProblemError(
                409, "too_many_exports", f"{MAX_PREPARING} exports are being prepared. Wait for one, or delete it."
            )
        clauses = wanted.clauses(principal.shop, await self._shops.facts(principal.shop, on=connection), now)
        matched = await connection.fetchval(clauses.into(SQL["count_jobs"], "jobs"), *clauses.values)
        export_id = uuid4()
        await connection.execute(
            SQL["create_export"],
            principal.shop, export_id, wanted.model_dump(mode="json"), principal.actor, now, now + self._kept, matched,
        )  # fmt: skip
        row = await connection.fetchrow(SQL["find_export"], principal.shop, export_id)
        return Export(row, ())

    async def exports(
        self, shop: str, *, after: tuple[datetime, UUID] | None = None, limit: int
    ) -> tuple[list[Export], bool]:
        """A page of exports without their parts, the newest first, and whether there are more."""
        moment, export_id = after or (None, None)
        with ground_errors():
            rows = await self._pool.fetch(SQL["list_exports"], shop, moment, export_id, limit + 1)
        return [Export(row, ()) for row in rows[:limit]], len(rows) > limit

    async def export(self, shop: str, export_id: UUID) -> Export:
        """Raises ProblemError 404."""
        with ground_errors():
            row = await self._pool.fetchrow(SQL["find_export"], shop, export_id)
            if row is None:
                raise not_found("export")
            parts = await self._pool.fetch(SQL["parts_of_export"], shop, export_id) if row["status"] == "ready" else ()
        return Export(row, [Part(**part) for part in parts])

    async def ready_export(self, shop: str, export_id: UUID) -> Export:
        """Raises ProblemError 404, 409 `export_not_ready`, `export_failed`."""
        export = await self.export(shop, export_id)
        if export.row["status"] == "failed":
            raise ProblemError(409, "export_failed", "This export could not be prepared. Make a new one.")
        if not export.ready:
            raise ProblemError(
                409, "export_not_ready", "This export is being prepared. Ask again in a moment.",
                headers={"Retry-After": "2"},
            )  # fmt: skip
        return export

    async def drop(self, shop: str, export_id: UUID) -> None:
        """Stop preparing, and forget the export. Downloads that are under way end broken. Raises ProblemError 404."""
        with ground_errors():
            if await self._pool.fetchval(SQL["drop_export"], shop, export_id) is None:
                raise not_found("export")

    async def forget_old(self, pool: Pool) -> None:
        """Drop exports whose time is over, of all shops that `pool` sees."""
        with ground_errors():
            await pool.execute(SQL["forget_exports"], self._clock.now())
