"""Two barriers between shops, each of which holds alone: row-level security, so that a query that has forgotten its
WHERE gives no other shop's row away, and the shop in every query.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio
from printworks_common.clock import SystemClock
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.migrations import MigrationError
from printworks_common.postgres import close_pool, open_pool
from printworks_jobs_api.background import work
from printworks_jobs_api.projector import Projector
from printworks_jobs_api.rebuild import Wanted, rebuild
from printworks_jobs_api.settings import SCHEMA, ApiSettings
from printworks_jobs_api.tenancy import ROLE, acting_for, open_requests
from printworks_local.environment import with_user

from tests.faults.strangers import Shop, reached
from tests.integration.jobs_api.parts import OTHER_SHOP, SHOP, Api, Making, api_settings, migrated, stored_file

WITHOUT_ROWS_OF_SHOPS = {"outbox", "schema_migrations"}
"""Tables without a column `shop`: the first is written and never read by requests, the second is dbmate's."""


async def tables(api: Api, *, with_shop: bool) -> list[str]:
    rows = await api.pool.fetch(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' "
        "AND $1 = EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'shop') ORDER BY 1",
        with_shop,
    )
    return [row["relname"] for row in rows]


async def readable(api: Api, table: str) -> bool:
    return await api.pool.fetchval("SELECT has_table_privilege($1, $2, 'SELECT')", ROLE, table)


async def two_shops(api: Api) -> None:
    """Something of each shop in the tables of the read model, a key, a template, a hold and a command."""
    for shop in (SHOP, OTHER_SHOP):
        making = Making(shop=shop)
        making.ready("1", stored_file(making.job().job_id, "print", shop.encode()))
        await api.project(making)
        async with await api.client(shop) as client:
            await client.post(f"/v1/print-jobs/{making.jobs['1'].job_id}/rerender", headers={"Idempotency-Key": "k"})
            await client.post("/v1/holds", json={"reason": "because"})
            await client.post("/v1/exports", json={"filter": {}})


async def test_every_table_with_a_shop_has_its_policy(api: Api) -> None:
    policies = {
        row["tablename"]: row
        for row in await api.pool.fetch("SELECT * FROM pg_policies WHERE schemaname = current_schema()")
    }
    secured = {
        row["relname"]
        for row in await api.pool.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relrowsecurity"
        )
    }
    guarded = await tables(api, with_shop=True)
    assert guarded, "the schema has no tables"
    for table in guarded:
        assert table in secured, f"{table}: SELECT keep_to_the_shop('{table}') is missing in its migration"
        policy = policies[table]
        assert (policy["roles"], policy["cmd"], policy["permissive"]) == ([ROLE], "ALL", "PERMISSIVE")
        assert policy["qual"] == "(shop = current_setting('printworks.shop'::text, true))"
    assert set(await tables(api, with_shop=False)) <= WITHOUT_ROWS_OF_SHOPS


async def test_a_query_without_where_sees_the_rows_of_its_shop_alone(api: Api) -> None:
    await two_shops(api)
    seen: set[str] = set()
    sources = [table for table in await tables(api, with_shop=True) if await readable(api, table)]
    for table in (*sources, "searched_jobs", "searched_orders"):
        everybody = await api.pool.fetchval(f"SELECT count(*) FROM {table.removeprefix('searched_')}")
        with acting_for(SHOP):
            mine = await api.requests.fetch(f"SELECT shop FROM {table}")
        with acting_for(OTHER_SHOP):
            theirs = await api.requests.fetch(f"SELECT shop FROM {table}")
        assert {row["shop"] for row in mine} <= {SHOP}, table
        assert {row["shop"] for row in theirs} <= {OTHER_SHOP}, table
        assert len(mine) + len(theirs) == everybody, table
        if mine and theirs:
            seen.add(table)
    assert seen >= {
        "orders", "jobs", "files", "changes", "change_counters", "api_keys", "commands", "idempotency", "holds",
        "exports", "searched_jobs", "searched_orders",
    }  # fmt: skip


async def test_nothing_is_seen_or_written_while_no_shop_is_set(api: Api) -> None:
    await two_shops(api)
    for table in await tables(api, with_shop=True):
        if await readable(api, table):
            assert await api.requests.fetch(f"SELECT * FROM {table}") == [], table
    assert await api.requests.fetch("SELECT * FROM searched_jobs") == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await api.requests.execute(
            "INSERT INTO idempotency (shop, idempotency_key, fingerprint, created_at) VALUES ($1, 'x', '', now())", SHOP
        )


async def test_rows_of_another_shop_are_neither_changed_nor_made(api: Api) -> None:
    await two_shops(api)
    with acting_for(SHOP):
        assert await api.requests.execute("DELETE FROM holds") == "DELETE 1"
        assert await api.requests.execute("UPDATE api_keys SET revoked_at = now() WHERE shop = $1", OTHER_SHOP) == (
            "UPDATE 0"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await api.requests.execute("UPDATE exports SET shop = $1", OTHER_SHOP)
    assert await api.pool.fetchval("SELECT count(*) FROM holds") == 1


async def test_requests_have_no_more_rights_than_they_need(api: Api) -> None:
    role = await api.pool.fetchrow("SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = $1", ROLE)
    assert role is not None
    assert tuple(role) == (False, False, False)
    assert await api.requests.fetchval("SELECT current_user") == ROLE
    owned = "SELECT count(*) FROM pg_class WHERE pg_has_role($1, relowner, 'MEMBER') AND relkind = 'r'"
    assert await api.pool.fetchval(owned, ROLE) == 0
    with acting_for(SHOP):
        for forbidden in (
            "SELECT value FROM outbox",
            "DELETE FROM jobs",
            "UPDATE orders SET customer_name = 'x'",
            "TRUNCATE files",
            "ALTER TABLE jobs DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await api.requests.execute(forbidden)


@pytest_asyncio.fixture(loop_scope="session")
async def unguarded(api: Api) -> AsyncGenerator[Api]:
    """Requests work with the rights of the tables' owner, whom no policy binds."""
    requests = await open_pool(api.settings, schema=SCHEMA)
    without = replace(api, requests=requests)
    yield without.configured(api.settings)
    await close_pool(requests)


async def test_no_request_reaches_another_shops_things_though_the_database_lets_it(unguarded: Api) -> None:
    makings = [Making(shop=shop, order_id=order_id) for shop, order_id in ((SHOP, "50001"), (OTHER_SHOP, "50002"))]
    for making in makings:
        file = stored_file(making.job().job_id, "print", making.shop.encode())
        await unguarded.store.put_bytes(file.key, making.shop.encode(), media_type=file.media_type)
        making.ready("1", file)
        making.failed("2")
    await unguarded.project(*makings)
    assert {row["shop"] for row in await unguarded.requests.fetch("SELECT shop FROM jobs")} == {SHOP, OTHER_SHOP}
    ended = asyncio.Event()
    planner = asyncio.create_task(work("exports", unguarded.services.planner.step, ended))
    async with AsyncExitStack() as clients:
        shops = [
            Shop(one.shop, await clients.enter_async_context(await unguarded.client(one.shop)), {one.order_id})
            for one in makings
        ]
        assert [text async for text in reached(shops)] == []
    ended.set()
    await planner


async def test_a_connection_forgets_its_shop_when_it_is_given_back(api: Api) -> None:
    with acting_for(SHOP):
        assert await api.requests.fetchval("SELECT current_setting('printworks.shop')") == SHOP
    for _ in range(20):
        assert await api.requests.fetchval("SELECT current_setting('printworks.shop')") == ""


async def test_an_owner_without_rights_over_roles_is_told_what_an_administrator_has_to_do(
    api: Api, database: str
) -> None:
    owner = f"owner_{secrets.token_hex(4)}"
    name = database.rpartition("/")[2]
    administrator = await asyncpg.connect(database)
    await administrator.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'secret'")
    await administrator.execute(f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {name} TO {owner}")
    dsn = with_user(database, owner, "secret")
    try:
        with pytest.raises(MigrationError, match=f"GRANT jobs_api_requests TO {owner}"):
            await migrated(dsn)
        await administrator.execute(f"GRANT {ROLE} TO {owner}")
        await migrated(dsn)
        await _works(api_settings(api.stack, dsn, api.settings.bucket))
    finally:
        await administrator.execute(f"DROP OWNED BY {owner} CASCADE")
        await administrator.execute(f"DROP ROLE {owner}")
        await administrator.close()


async def _works(settings: ApiSettings) -> None:
    """Rows are told apart under an owner who is no superuser, also after they were made anew."""
    await ensure_topics(settings, GROUPS)
    pool, requests = await open_pool(settings, schema=SCHEMA), await open_requests(settings)
    try:
        for shop in (SHOP, OTHER_SHOP):
            making = Making(shop=shop)
            making.job()
            await Projector(pool, SystemClock()).apply(making.snapshot())
        for _ in range(2):
            with acting_for(SHOP):
                for source in ("orders", "jobs", "searched_jobs", "searched_orders"):
                    found = await requests.fetch(f"SELECT shop FROM {source}")
                    assert {row["shop"] for row in found} == {SHOP}, source
            assert await requests.fetch("SELECT * FROM searched_jobs") == []
            wanted = Wanted(since=datetime.now(UTC) + timedelta(hours=1), drop_missing=True)
            await rebuild(pool, settings, wanted, told=lambda _step, _done: None)
            making = Making(shop=SHOP)
            making.job()
            await Projector(pool, SystemClock()).apply(making.snapshot())
    finally:
        await close_pool(requests)
        await close_pool(pool)
