"""Migrations on a real database."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from printworks_common.migrations import MigrationError, migrate
from printworks_common.postgres import Connection

TABLE = "CREATE TABLE things (id int);"
INDEX = "CREATE INDEX CONCURRENTLY IF NOT EXISTS things_by_id ON things (id);"


def migration(directory: Path, name: str, up: str, *, transaction: bool = True) -> None:
    begin = "-- migrate:up" if transaction else "-- migrate:up transaction:false"
    (directory / name).write_text(f"{begin}\n{up}\n\n-- migrate:down\n")


async def test_migrations_make_the_schema_and_run_once(database: str, tmp_path: Path) -> None:
    migration(tmp_path, "20260101000000_pre_start.sql", "CREATE TABLE things (id int);")
    await migrate(database, "service", tmp_path)
    await migrate(database, "service", tmp_path)
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM service.things") == 0
    assert await connection.fetchval("SELECT count(*) FROM service.schema_migrations") == 1
    await connection.close()


async def test_several_migrations_at_once_wait_for_each_other(database: str, tmp_path: Path) -> None:
    migration(tmp_path, "20260101000000_pre_start.sql", "SELECT pg_sleep(0.3); CREATE TABLE things (id int);")
    await asyncio.gather(*(migrate(database, "service", tmp_path) for _ in range(3)))
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM service.schema_migrations") == 1
    await connection.close()


async def test_two_services_migrate_their_schemas_in_one_database(database: str, tmp_path: Path) -> None:
    migration(tmp_path, "20260101000000_pre_start.sql", "CREATE TABLE things (id int);")
    await asyncio.gather(migrate(database, "one", tmp_path), migrate(database, "two", tmp_path))
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM one.things") == 0
    assert await connection.fetchval("SELECT count(*) FROM two.things") == 0
    await connection.close()


async def test_before_new_code_only_the_post_files_at_the_end_wait(database: str, tmp_path: Path) -> None:
    migration(tmp_path, "20260101000000_pre_a.sql", "CREATE TABLE a (id int, old int);")
    migration(tmp_path, "20260102000000_post_a.sql", "ALTER TABLE a DROP COLUMN old;")
    migration(tmp_path, "20260103000000_pre_b.sql", "CREATE TABLE b (id int, old int);")
    migration(tmp_path, "20260104000000_post_b.sql", "ALTER TABLE b DROP COLUMN old;")
    connection = await asyncpg.connect(database)
    columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'service' AND column_name = 'old'"
    await migrate(database, "service", tmp_path, phase="pre")
    assert await connection.fetchval(columns) == 1
    await migrate(database, "service", tmp_path)
    assert await connection.fetchval(columns) == 0
    await connection.close()


async def test_a_migration_that_fails_says_why_without_the_password(database: str, tmp_path: Path) -> None:
    migration(tmp_path, "20260101000000_pre_bad.sql", "CREATE TABLE;")
    with pytest.raises(MigrationError, match="syntax error") as caught:
        await migrate(database, "service", tmp_path)
    assert database not in str(caught.value)
    assert database.split(":")[2].split("@", maxsplit=1)[0] not in str(caught.value)


async def test_a_badly_named_migration_is_refused(database: str, tmp_path: Path) -> None:
    migration(tmp_path, "0001_start.sql", "SELECT 1;")
    with pytest.raises(MigrationError, match="must be named"):
        await migrate(database, "service", tmp_path)


async def test_an_index_made_while_rows_are_written_and_a_migration_that_waits_do_not_block_each_other(
    database: str, tmp_path: Path
) -> None:
    with_index, other = tmp_path / "one", tmp_path / "two"
    with_index.mkdir()
    other.mkdir()
    migration(with_index, "20260101000000_pre_start.sql", TABLE)
    await migrate(database, "one", with_index)
    migration(with_index, "20260102000000_pre_index.sql", INDEX, transaction=False)
    migration(other, "20260101000000_pre_start.sql", TABLE)
    writer = await asyncpg.connect(database)
    # The index waits for this writer, and the other service's migration for the index.
    async with asyncio.timeout(60), asyncio.TaskGroup() as group, writer.transaction():
        await writer.execute("INSERT INTO one.things VALUES (1)")
        group.create_task(migrate(database, "one", with_index))
        await asyncio.sleep(1)
        group.create_task(migrate(database, "two", other))
        await asyncio.sleep(1)
    assert await _valid(writer, "one.things_by_id")
    assert await writer.fetchval("SELECT count(*) FROM two.things") == 0
    await writer.close()


async def test_an_index_that_was_left_half_made_is_made_anew(database: str, tmp_path: Path) -> None:
    migration(tmp_path, "20260101000000_pre_start.sql", TABLE)
    await migrate(database, "service", tmp_path)
    connection = await asyncpg.connect(database)
    await connection.execute("INSERT INTO service.things VALUES (1), (1)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("CREATE UNIQUE INDEX CONCURRENTLY things_by_id ON service.things (id)")
    assert not await _valid(connection, "service.things_by_id")
    migration(tmp_path, "20260102000000_pre_index.sql", INDEX, transaction=False)
    await migrate(database, "service", tmp_path)
    assert await _valid(connection, "service.things_by_id")
    await connection.close()


async def _valid(connection: Connection, index: str) -> bool:
    valid = await connection.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = $1::text::regclass", index)
    assert isinstance(valid, bool)
    return valid
