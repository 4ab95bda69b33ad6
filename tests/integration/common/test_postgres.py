"""Pool, errors and values on a real database."""

import asyncio

import asyncpg
import pytest
from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.postgres import Pool, answers, close_pool, ground_errors, open_pool
from printworks_common.settings import PostgresSettings


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
