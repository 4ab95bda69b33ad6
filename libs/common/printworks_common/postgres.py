"""Postgres: the pool, errors by what is to be done about them, and named queries."""

import asyncio
import json
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import resources
from types import CoroutineType, MappingProxyType, TracebackType
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.settings import PostgresSettings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
OnAcquire: TypeAlias = "Callable[[PoolConnectionProxy[asyncpg.Record]], CoroutineType[Any, Any, None]]"

CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 30.0

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
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
                "search_path": identifier(schema),
                "application_name": f"printworks-{schema}",
                "timezone": "UTC",
                # Without these a server keeps the locks of a client whose machine is gone for hours.
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
                "idle_in_transaction_session_timeout": "60000",
                **({} if role is None else {"role": identifier(role)}),
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


def identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError("a schema's name has lower-case letters, digits and underscores")
    return name
