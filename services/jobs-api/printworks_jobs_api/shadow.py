"""A second set of the read model's tables, beside the one that is shown, and how it takes that one's place.

The set lies in a schema of its own, so that every statement of the read model works on it by its search path alone, and
tables, constraints and indexes have their names already when they are moved.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from printworks_common.errors import PrintworksError
from printworks_common.postgres import Connection, Pool, load_queries

from printworks_jobs_api.settings import SCHEMA

SQL = load_queries("printworks_jobs_api", "sql/rebuild.sql")

SHADOW = f"{SCHEMA}_rebuild"
TABLES = ("orders", "jobs", "files")
"""What snapshots say. The sequence of changes is no part of it: clients hold numbers of it."""

ALL_TABLES_SECONDS = 3600.0
"""Time limit of statements that go over whole tables."""
_ATTEMPTS = 100
_ATTEMPT = "200ms"
_PAUSE_SECONDS = 0.2

_KEYS = ("p", "u")
_OF_ORDER = frozenset({"jobs_of_order", "files_of_order"})
"""What a snapshot no longer lists is looked for by its order: filling needs these from the beginning."""
_OTHERS = ("f",)


class RebuildError(PrintworksError):
    """The rebuild cannot go on, or its result must not be shown; the sentence says why and what to do."""


async def use(connection: Connection) -> None:
    """Let the transaction work on the set: its names come first, all others are the live ones."""
    await connection.execute(f"SET LOCAL search_path = {SHADOW}, {SCHEMA}, public")


@asynccontextmanager
async def on_the_set(connection: Connection) -> AsyncGenerator[None]:
    """Let a part of a transaction work on the set."""
    before = await connection.fetchval("SELECT current_setting('search_path')")
    await use(connection)
    yield
    await connection.execute("SELECT set_config('search_path', $1, true)", before)


class Shadow:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, *, anew: bool) -> bool:
        """Make the set, empty, with its keys alone. True: one that was left behind is there and is gone on with."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval("SELECT true FROM pg_namespace WHERE nspname = $1", SHADOW):
                await connection.execute(f"CREATE SCHEMA {SHADOW}")
            elif not anew and await self._is_usable(connection):
                return True
            await self._drop(connection)
            for table in TABLES:
                await connection.execute(
                    f"CREATE TABLE {SHADOW}.{table} (LIKE {SCHEMA}.{table} INCLUDING ALL EXCLUDING INDEXES)"
                )
                await self._copy_constraints(connection, table, _KEYS)
                await self._copy_indexes(connection, table, _OF_ORDER)
                for column in await connection.fetch(SQL["statistics"], SCHEMA, table):
                    sampled = f"ALTER COLUMN {column['attname']} SET STATISTICS {column['attstattarget']}"
                    await connection.execute(f"ALTER TABLE {SHADOW}.{table} {sampled}")
            await connection.execute(f"CREATE TABLE {SHADOW}.positions (part int PRIMARY KEY, next_offset bigint)")
        return False

    async def positions(self) -> dict[int, int]:
        """Offsets of the topic's partitions from which to go on."""
        rows = await self._pool.fetch(SQL["positions"].format(shadow=SHADOW))
        return {row["part"]: row["next_offset"] for row in rows}

    async def orders(self) -> int:
        return await self._pool.fetchval(SQL["count_orders"].format(shadow=SHADOW), timeout=ALL_TABLES_SECONDS)

    async def finish(self) -> None:
        """Give the set what the live one has besides rows and keys: indexes, references, policies, rights."""
        async with self._pool.acquire() as connection:
            for table in TABLES:
                await self._copy_indexes(connection, table)
            for table in TABLES:
                async with connection.transaction():
                    await self._copy_constraints(connection, table, _OTHERS)
                    await _copy_protection(connection, table)
                await self._on(connection, f"ANALYZE {table}")

    async def swap(self, connection: Connection) -> None:
        """Inside a transaction that keeps writers out: put the set in the live one's place.

        Readers are never made to wait behind a lock that is itself waiting for long: it is asked for again and again,
        for a moment each. Raises RebuildError `tables_in_use` when it is not to be had, `tables_changed` when a
        migration has changed the live tables since.
        """
        if not await self._same_shape(connection):
            raise RebuildError(
                "A migration has changed the tables meanwhile. Run the command again with --anew.",
                code="tables_changed",
            )
        views = await connection.fetch(SQL["views"], SCHEMA, list(TABLES))
        await self._lock_out_readers(connection, [view["name"] for view in views])
        rights = {view["name"]: await connection.fetch(SQL["grants"], SCHEMA, view["name"]) for view in views}
        for view in views:
            await connection.execute(f"DROP VIEW {SCHEMA}.{view['name']}")
        await connection.execute(f"DROP TABLE {', '.join(f'{SCHEMA}.{table}' for table in reversed(TABLES))}")
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {SHADOW}.{table} SET SCHEMA {SCHEMA}")
        for view in views:
            await connection.execute(f"CREATE VIEW {SCHEMA}.{view['name']} AS {view['definition']}")
            await _grant(connection, f"{SCHEMA}.{view['name']}", rights[view["name"]])
        await connection.execute(f"DROP TABLE {SHADOW}.positions")

    async def _lock_out_readers(self, connection: Connection, views: Sequence[str]) -> None:
        # A query on a view holds the view when it comes to the view's table: whoever has the table alone would be
        # waited for by the one, and wait for the other.
        names = ", ".join(f"{SCHEMA}.{name}" for name in (*views, *TABLES))
        for _ in range(_ATTEMPTS):
            try:
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL lock_timeout = '{_ATTEMPT}'")
                    await connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
                    await connection.execute("SET LOCAL lock_timeout = 0")
            except asyncpg.LockNotAvailableError:
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
        raise RebuildError(
            "Something has been reading the tables all the time, a backup perhaps. Nothing was changed; run the "
            "command again later, it goes on from here.",
            code="tables_in_use",
        )

    async def _is_usable(self, connection: Connection) -> bool:
        found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", SHADOW)
        if {row["tablename"] for row in found} != {*TABLES, "positions"}:
            return False
        return await self._same_shape(connection)

    async def _same_shape(self, connection: Connection) -> bool:
        for table in TABLES:
            shapes = [await connection.fetch(SQL["shape"], schema, table) for schema in (SCHEMA, SHADOW)]
            if [tuple(row) for row in shapes[0]] != [tuple(row) for row in shapes[1]]:
                return False
        return True

    async def _drop(self, connection: Connection) -> None:
        names = ", ".join(f"{SHADOW}.{table}" for table in (*reversed(TABLES), "positions"))
        await connection.execute(f"DROP TABLE IF EXISTS {names}")

    async def _copy_constraints(self, connection: Connection, table: str, kinds: Sequence[str]) -> None:
        # Definitions name other tables as they are seen, so the copy refers to the set that is seen when it is made.
        present = {row["conname"] for row in await connection.fetch(SQL["constraints"], SHADOW, table, list(kinds))}
        for one in await connection.fetch(SQL["constraints"], SCHEMA, table, list(kinds)):
            if one["conname"] not in present:
                await self._on(connection, f"ALTER TABLE {table} ADD CONSTRAINT {one['conname']} {one['definition']}")

    async def _copy_indexes(self, connection: Connection, table: str, names: Collection[str] = ()) -> None:
        """Of these names, or all. Each is there for good when it is made: a next attempt does not make it again."""
        present = {row["relname"] for row in await connection.fetch(SQL["indexes"], SHADOW, table)}
        for index in await connection.fetch(SQL["indexes"], SCHEMA, table):
            name, definition = index["relname"], str(index["definition"])
            if name not in present and (not names or name in names):
                await self._on(connection, definition.replace(f" ON {SCHEMA}.{table} ", f" ON {table} "))

    async def _on(self, connection: Connection, statement: str) -> None:
        async with connection.transaction(), on_the_set(connection):
            await connection.execute(statement, timeout=ALL_TABLES_SECONDS)


async def _copy_protection(connection: Connection, table: str) -> None:
    """Row-level security with its policies, and the rights of other roles."""
    name = f"{SHADOW}.{table}"
    present = {row["policyname"] for row in await connection.fetch(SQL["policies"], SHADOW, table)}
    for policy in await connection.fetch(SQL["policies"], SCHEMA, table):
        if policy["policyname"] not in present:
            await connection.execute(_policy(name, policy))
    security = await connection.fetchrow(SQL["security"], SCHEMA, table)
    if security is not None and security["relrowsecurity"]:
        await connection.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    if security is not None and security["relforcerowsecurity"]:
        await connection.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    await _grant(connection, name, await connection.fetch(SQL["grants"], SCHEMA, table))


async def _grant(connection: Connection, name: str, rights: Sequence[Any]) -> None:
    for right in rights:
        await connection.execute(f"GRANT {right['privilege_type']} ON {name} TO {right['grantee']}")


def _policy(table: str, policy: Any) -> str:
    statement = (
        f'CREATE POLICY "{policy["policyname"]}" ON {table} AS {policy["permissive"]} FOR {policy["cmd"]} '
        f"TO {', '.join(policy['roles'])}"
    )
    if policy["qual"] is not None:
        statement += f" USING ({policy['qual']})"
    if policy["with_check"] is not None:
        statement += f" WITH CHECK ({policy['with_check']})"
    return statement
