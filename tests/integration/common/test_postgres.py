"""Pool, errors, migrations and named queries on a real database."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.postgres import MigrationError, Pool, answers, close_pool, ground_errors, migrate, open_pool
from printworks_common.settings import PostgresSettings


def migration(directory: Path, name: str, up: str) -> None:
    (directory / name).write_text(f"-- migrate:up\n{up}\n\n-- migrate:down\n")


async def test_json_is_read_and_written_as_values(pool: Pool) -> None:
    assert await pool.fetchval("SELECT $1::jsonb", {"a": [1, None]}) == {"a": [1, None]}


async def test_a_server_that_is_not_there_is_ground_missing() -> None:
    settings = PostgresSettings.model_validate({"postgres_dsn": "postgresql://nobody:x@127.0.0.1:9/none"})
    with pytest.raises(GroundMissingError) as caught:
        await open_pool(settings, schema="service")
    assert caught.value.code == "database_unreachable"


async def test_a_session_cut_by_the_server_is_ground_missing(pool: Pool) -> None:
    with pytest.raises(GroundMissingError), ground_errors():
        await pool.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with ground_errors():
        assert await pool.fetchval("SELECT 1") == 1


async def test_a_missing_table_means_that_the_migration_has_not_run(pool: Pool) -> None:
    with pytest.raises(GroundMissingError) as caught, ground_errors():
        await pool.execute("SELECT * FROM not_there")
    assert caught.value.code == "database_schema_missing"


async def test_a_closed_pool_is_ground_missing_and_not_ready(postgres_settings: PostgresSettings) -> None:
    pool = await open_pool(postgres_settings, schema="service")
    assert await answers(pool)
    await close_pool(pool)
    assert not await answers(pool)
    with pytest.raises(GroundMissingError), ground_errors():
        await pool.fetchval("SELECT 1")


async def test_a_deadlock_may_pass(pool: Pool) -> None:
    await pool.execute("CREATE TABLE rows (id int PRIMARY KEY); INSERT INTO rows VALUES (1), (2)")

    async def lock(first: int, second: int) -> None:
        with ground_errors():
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT 1 FROM rows WHERE id = $1 FOR UPDATE", first)
                await asyncio.sleep(0.2)
                await connection.execute("SELECT 1 FROM rows WHERE id = $1 FOR UPDATE", second)

    results = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [TransientError]


async def test_an_error_of_our_own_statement_passes_unchanged(pool: Pool) -> None:
    with pytest.raises(asyncpg.PostgresSyntaxError), ground_errors():
        await pool.execute("SELEC 1")


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
