"""PostgreSQL: it answers, the schema is the one of this code, the role may use it, clocks agree."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import asyncpg

from printworks_common.clock import Clock
from printworks_common.doctor.findings import Finding, Findings, good, note, said, wrong
from printworks_common.errors import PrintworksError
from printworks_common.postgres import CONNECT_SECONDS, Connection, ground_errors
from printworks_common.settings import PostgresSettings

PART = "postgres"

OLDEST_VERSION = 14
CLOCK_SECONDS = 60.0


async def look(settings: PostgresSettings, schema: str, migrations: Path, clock: Clock) -> Findings:
    """Findings about the database and the schema of the role; `migrations` holds the files of this code."""
    try:
        with ground_errors():
            connection = await asyncpg.connect(settings.postgres_dsn.get_secret_value(), timeout=CONNECT_SECONDS)
    except PrintworksError as error:
        yield said(PART, error)
        return
    except (asyncpg.PostgresError, ValueError) as error:
        yield wrong(PART, f"the database refuses the connection: {type(error).__name__}")
        return
    try:
        yield _version(connection)
        yield _clock(await connection.fetchval("SELECT now()"), clock.now())
        for finding in await _schema(connection, schema, _names(migrations)):
            yield finding
    except asyncpg.PostgresError as error:
        yield wrong(PART, f"the database refuses a question: {type(error).__name__}")
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


def _names(migrations: Path) -> list[str]:
    return sorted(file.name for file in migrations.glob("*.sql"))


def _version(connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    version = connection.get_server_version()
    said_version = f"PostgreSQL {version.major}.{version.minor} answers"
    if version.major < OLDEST_VERSION:
        return wrong(PART, f"{said_version}; {OLDEST_VERSION} is the oldest that is supported")
    return good(PART, said_version)


def _clock(theirs: datetime, ours: datetime) -> Finding:
    apart = abs((theirs - ours).total_seconds())
    if apart > CLOCK_SECONDS:
        return wrong(PART, f"the database's clock and ours are {apart:.0f} s apart; retention deletes nothing then")
    return good(PART, "the clocks agree")


async def _schema(connection: Connection, schema: str, files: Sequence[str]) -> list[Finding]:
    usable = await connection.fetchval(
        "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1", schema
    )
    if usable is None:
        return [wrong(PART, f"there is no schema {schema}; run `migrate`")]
    if not usable:
        return [wrong(PART, f"the role may not use the schema {schema}")]
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.schema_migrations"):
        return [wrong(PART, f"the schema {schema} was never migrated; run `migrate`")]
    rows = await connection.fetch(f"SELECT version FROM {schema}.schema_migrations")  # noqa: S608 (a name of ours)
    return migration_findings(schema, {row["version"] for row in rows}, files)


def migration_findings(schema: str, applied: set[str], files: Sequence[str]) -> list[Finding]:
    """What there is to say about migrations. Pure. `applied` holds the 14 digits, `files` the names."""
    known = {name.split("_", 1)[0]: name for name in files}
    before = [name for version, name in known.items() if version not in applied and "_pre_" in name]
    after = [name for version, name in known.items() if version not in applied and "_post_" in name]
    newer = sorted(applied - set(known))
    findings: list[Finding] = []
    if before:
        findings.append(wrong(PART, f"the schema {schema} lacks {', '.join(before)}; run `migrate --phase pre`"))
    if after:
        findings.append(note(PART, f"{', '.join(after)} may follow when no old code runs: `migrate --phase post`"))
    if newer:
        findings.append(note(PART, f"the schema {schema} is newer than this code by {', '.join(newer)}: a rollback?"))
    return findings or [good(PART, f"the schema {schema} is that of this code ({len(applied)} migrations)")]
