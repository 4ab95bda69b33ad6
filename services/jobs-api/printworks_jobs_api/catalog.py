"""A shop's catalog: templates and product mappings, checked here and published as entries with growing versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from printworks_common import ids
from printworks_common.clock import Clock
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.events.envelope import encode
from printworks_common.mapping import Mapping
from printworks_common.outbox import enqueue
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from printworks_common.templates import TemplateInvalidError, read_template
from printworks_common.tracing import current_traceparent
from pydantic import ValidationError

from printworks_jobs_api.commands import SOURCE
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found

SQL = load_queries("printworks_jobs_api", "sql/catalog.sql")


@dataclass(frozen=True)
class Entry:
    entry_id: str
    version: int
    body: dict[str, Any]
    changed_at: Any


@dataclass(frozen=True)
class Saved:
    """`created` says whether the entry is new, `changed` whether there is a new version at all."""

    entry: Entry
    created: bool
    changed: bool


def check_body(kind: CatalogKind, entry_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body as it is stored. Raises TemplateInvalidError for a template with errors, ProblemError 422
    `mapping_invalid` for a mapping with errors."""
    if kind is CatalogKind.TEMPLATE:
        if read_template(body).id != entry_id:
            raise TemplateInvalidError(f"The template's own id must be {entry_id}, as in its address.")
        return body
    try:
        return Mapping.model_validate(body).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        faults = [
            {"name": ".".join(str(part) for part in one["loc"]), "detail": one["msg"]}
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise ProblemError(422, "mapping_invalid", "The product mapping has errors.", errors=faults) from error


class Catalog:
    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def entries(
        self, shop: str, kind: CatalogKind, *, after: str = "", limit: int
    ) -> tuple[Sequence[Entry], str | None]:
        """Entries by id, and the id after which the next page begins."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["list_entries"], shop, kind, after, limit + 1)
        entries = [Entry(**row) for row in rows[:limit]]
        return entries, entries[-1].entry_id if len(rows) > limit else None

    async def entry(self, shop: str, kind: CatalogKind, entry_id: str) -> Entry:
        with ground_errors():
            row = await self._pool.fetchrow(SQL["find_entry"], shop, kind, entry_id)
        if row is None:
            raise not_found(kind.value)
        return Entry(**row)

    async def save(
        self, principal: Principal, kind: CatalogKind, entry_id: str, body: dict[str, Any], *, if_match: int | None
    ) -> Saved:
        """Store and publish. The same body again makes no new version. Raises ProblemError 412 `version_conflict`
        when `if_match` is not the stored version."""
        body = check_body(kind, entry_id, body)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await self._lock(connection, principal, kind, entry_id)
                _check_match(if_match, 0 if row["deleted"] else row["version"])
                if not row["deleted"] and row["body"] == body:
                    stored = Entry(entry_id, row["version"], row["body"], row["changed_at"])
                    return Saved(stored, created=False, changed=False)
                saved = await self._write(connection, principal, kind, entry_id, row["version"] + 1, body)
                return Saved(saved, created=row["deleted"], changed=True)

    async def delete(self, principal: Principal, kind: CatalogKind, entry_id: str, *, if_match: int | None) -> None:
        """Publish that the entry is gone. A template that a mapping names stays: ProblemError 409 `template_in_use`."""
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await self._lock(connection, principal, kind, entry_id)
                if row["deleted"]:
                    raise not_found(kind.value)
                _check_match(if_match, row["version"])
                if kind is CatalogKind.TEMPLATE:
                    await self._check_unused(connection, principal.shop, entry_id)
                await self._write(connection, principal, kind, entry_id, row["version"] + 1, None)

    async def _lock(self, connection: Connection, principal: Principal, kind: CatalogKind, entry_id: str) -> Any:
        now = self._clock.now()
        await connection.execute(SQL["reserve_entry"], principal.shop, kind, entry_id, now, principal.actor)
        return await connection.fetchrow(SQL["lock_entry"], principal.shop, kind, entry_id)

    async def _check_unused(self, connection: Connection, shop: str, template_id: str) -> None:
        users = [row["entry_id"] for row in await connection.fetch(SQL["mappings_of_template"], shop, template_id)]
        if users:
            raise ProblemError(
                409,
                "template_in_use",
                "Product mappings name this template. Map these products to another template first.",
                mappings=users,
            )

    async def _write(
        self,
        connection: Connection,
        principal: Principal,
        kind: CatalogKind,
        entry_id: str,
        version: int,
        body: dict[str, Any] | None,
    ) -> Entry:
        now = self._clock.now()
        event = CatalogEntry(
            shop=principal.shop,
            kind=kind,
            entry_id=entry_id,
            version=version,
            deleted=body is None,
            body=body or {},
            changed_at=now,
        )
        await connection.execute(
            SQL["save_entry"], principal.shop, kind, entry_id, version, event.deleted, event.body, now, principal.actor
        )
        record = encode(
            event,
            event_id=ids.event_id(event.type_name, event.key(), version),
            source=SOURCE,
            time=now,
            traceparent=current_traceparent(),
        )
        await enqueue(connection, [record])
        return Entry(entry_id, version, event.body, now)


def _check_match(if_match: int | None, version: int) -> None:
    if if_match is not None and if_match != version:
        raise ProblemError(
            412, "version_conflict", "Somebody has changed this meanwhile. Read it again and repeat your change."
        )
