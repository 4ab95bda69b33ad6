"""A shop's catalog: templates, mappings, assets, storage, retention period and holds, published with growing versions.

What may stand in an entry is checked by whoever saves it (`check_body` here, and the modules of the other kinds).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from printworks_common import ids
from printworks_common.clock import Clock
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.events.envelope import encode
from printworks_common.failures import Reason
from printworks_common.mapping import Mapping
from printworks_common.outbox import enqueue
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from printworks_common.templates import Template, TemplateInvalidError, read_template
from printworks_common.tracing import current_traceparent
from pydantic import ValidationError

from printworks_jobs_api.commands import SOURCE
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, faults_of, not_found

SQL = load_queries("printworks_jobs_api", "sql/catalog.sql")

IfMatch: TypeAlias = "int | Literal['*'] | None"
"""What a change says of the version it was made of: its number, `*` for any, None for nothing."""


@dataclass(frozen=True)
class Entry:
    """One thing of the catalog. A deleted one keeps the body that it had."""

    entry_id: str
    version: int
    body: dict[str, Any]
    changed_at: datetime
    deleted: bool = False


@dataclass(frozen=True)
class Saved:
    """`created` says whether the entry is new, `changed` whether there is a new version at all."""

    entry: Entry
    created: bool
    changed: bool


def check_body(kind: CatalogKind, entry_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """A template or mapping as it is stored. Raises ProblemError 422 `template_invalid`, `mapping_invalid`, with what
    is wrong place by place."""
    if kind is CatalogKind.TEMPLATE:
        own_id = checked_template(body).id
        if own_id != entry_id:
            sentence = f"The template's own id must be {entry_id}, as in its address."
            raise ProblemError(422, Reason.TEMPLATE_INVALID, sentence, errors=[{"name": "id", "detail": sentence}])
        return body
    try:
        return Mapping.model_validate(body).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        raise ProblemError(
            422, "mapping_invalid", "The product mapping has errors.", errors=faults_of(error)
        ) from error


def checked_template(body: dict[str, Any]) -> Template:
    """Raises ProblemError 422 `template_invalid` with what is wrong place by place."""
    try:
        return read_template(body)
    except TemplateInvalidError as error:
        cause = error.__cause__
        faults = faults_of(cause) if isinstance(cause, ValidationError) else []
        raise ProblemError(422, error.code, str(error), errors=faults) from error


def check_match(if_match: IfMatch, stored: int, *, exists: bool) -> None:
    """Raises ProblemError 412 `version_conflict` when the stored version is another one than the client knows, and 428
    `precondition_required` when a client would change what is there without saying what it knows."""
    if if_match is None:
        if exists:
            raise ProblemError(
                428, "precondition_required", "Send If-Match with the ETag of what you change, or * for any version."
            )
        return
    fits = exists if if_match == "*" else if_match == stored
    if not fits:
        raise ProblemError(
            412, "version_conflict", "Somebody has changed this meanwhile. Read it again and repeat your change."
        )


class Catalog:
    """The entries of all kinds. Every method reads and writes one shop."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def entries(
        self, shop: str, kind: CatalogKind, *, after: str = "", limit: int, deleted: bool = False
    ) -> tuple[Sequence[Entry], str | None]:
        """Entries by id (or those that were deleted), and the id after which the next page begins."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["list_entries"], shop, kind, after, limit + 1, deleted)
        entries = [Entry(**row) for row in rows[:limit]]
        return entries, entries[-1].entry_id if len(rows) > limit else None

    async def entry(self, shop: str, kind: CatalogKind, entry_id: str) -> Entry:
        """Raises ProblemError 404 for one that does not exist, was deleted, or belongs to another shop."""
        found = await self.find(shop, kind, entry_id)
        if found is None or found.deleted:
            raise not_found(kind.value)
        return found

    async def find(self, shop: str, kind: CatalogKind, entry_id: str) -> Entry | None:
        """The entry, also when it was deleted; None when there never was one."""
        with ground_errors():
            row = await self._pool.fetchrow(SQL["find_entry"], shop, kind, entry_id)
        return None if row is None or row["version"] == 0 else Entry(**row)

    async def save(
        self, principal: Principal, kind: CatalogKind, entry_id: str, body: dict[str, Any], *, if_match: IfMatch
    ) -> Saved:
        """Check, store and publish a template or mapping; see `put`."""
        body = check_body(kind, entry_id, body)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                return await self.put(connection, principal, kind, entry_id, body, if_match=if_match)

    async def put(
        self,
        connection: Connection,
        principal: Principal,
        kind: CatalogKind,
        entry_id: str,
        body: dict[str, Any],
        *,
        if_match: IfMatch,
    ) -> Saved:
        """Store and publish inside a transaction. The same body again makes no new version and needs no If-Match.

        Raises ProblemError 412, 428 as `check_match` does.
        """
        stored = await self.lock(connection, principal, kind, entry_id)
        if if_match is not None or stored.deleted or stored.body != body:
            check_match(if_match, 0 if stored.deleted else stored.version, exists=not stored.deleted)
        if not stored.deleted and stored.body == body:
            return Saved(stored, created=False, changed=False)
        saved = await self.write(connection, principal, kind, entry_id, stored.version + 1, body)
        return Saved(saved, created=stored.deleted, changed=True)

    async def delete(self, principal: Principal, kind: CatalogKind, entry_id: str, *, if_match: IfMatch) -> None:
        """Publish that the entry is gone. A template that a mapping names stays: ProblemError 409 `template_in_use`."""
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                stored = await self.lock(connection, principal, kind, entry_id)
                if stored.deleted:
                    raise not_found(kind.value)
                check_match("*" if if_match is None else if_match, stored.version, exists=True)
                if kind is CatalogKind.TEMPLATE:
                    await self._check_unused(connection, principal.shop, entry_id)
                await self.write(connection, principal, kind, entry_id, stored.version + 1, None)

    async def lock(self, connection: Connection, principal: Principal, kind: CatalogKind, entry_id: str) -> Entry:
        """The entry under its row's lock; one that never was comes as deleted, of version 0."""
        now = self._clock.now()
        await connection.execute(SQL["reserve_entry"], principal.shop, kind, entry_id, now, principal.actor)
        [row] = await connection.fetch(SQL["lock_entry"], principal.shop, kind, entry_id)
        return Entry(**row)

    async def write(
        self,
        connection: Connection,
        principal: Principal,
        kind: CatalogKind,
        entry_id: str,
        version: int,
        body: dict[str, Any] | None,
    ) -> Entry:
        """Store and publish a version of an entry whose row is locked. body None: it is deleted."""
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
            SQL["save_entry"], principal.shop, kind, entry_id, version, body is None, body, now, principal.actor
        )
        record = encode(
            event,
            event_id=ids.event_id(event.type_name, event.key(), version),
            source=SOURCE,
            time=now,
            traceparent=current_traceparent(),
        )
        await enqueue(connection, [record])
        return Entry(entry_id, version, event.body, now, deleted=event.deleted)

    async def templates(self, shop: str) -> list[Entry]:
        """All templates of the shop: to find what they name."""
        with ground_errors():
            return [Entry(**row) for row in await self._pool.fetch(SQL["all_entries"], shop, CatalogKind.TEMPLATE)]

    async def _check_unused(self, connection: Connection, shop: str, template_id: str) -> None:
        users = [row["entry_id"] for row in await connection.fetch(SQL["mappings_of_template"], shop, template_id)]
        if users:
            raise ProblemError(
                409,
                "template_in_use",
                "Product mappings name this template. Map these products to another template first.",
                mappings=users,
            )
