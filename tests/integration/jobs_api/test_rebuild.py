"""`rebuild`: the read model is made anew from the topic, and nobody who asks the API meanwhile notices."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from printworks_common import ids
from printworks_common.clock import SystemClock
from printworks_common.errors import GroundMissingError
from printworks_common.events.control import PrivacyRequested
from printworks_common.events.envelope import encode
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import PostgresSettings
from printworks_jobs_api.privacy import Privacy
from printworks_jobs_api.rebuild import Rebuilt, Wanted, rebuild
from printworks_jobs_api.settings import SCHEMA
from printworks_jobs_api.shadow import SHADOW, RebuildError
from pydantic import SecretStr

from tests.integration.jobs_api.conftest import Running
from tests.integration.jobs_api.parts import Api, Making, stored_file
from tests.integration.jobs_api.running import command
from tests.integration.jobs_api.test_processes import client
from tests.records import record_of

NO_CHANGE_OF = {"orders": {"occurred_at"}, "jobs": set[str](), "files": set[str]()}
"""Columns that a snapshot which is published again has otherwise."""


async def rows(pool: Pool, shop: str, *, without: str = "") -> dict[str, list[dict[str, Any]]]:
    """What the read model has of a shop."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, left_out in NO_CHANGE_OF.items():
        records = await pool.fetch(f"SELECT * FROM {table} WHERE shop = $1 ORDER BY 1, 2", shop)
        found[table] = [{k: v for k, v in dict(one).items() if k not in {*left_out, without}} for one in records]
    return found


async def newest_change(pool: Pool, shop: str) -> int:
    return await pool.fetchval("SELECT coalesce(max(seq), 0) FROM changes WHERE shop = $1", shop)


@dataclass
class Topic:
    """The topic of print jobs, with this test's orders; `again` is what `republish` does."""

    producer: KafkaProducer
    newest: dict[str, OrderSnapshot] = field(default_factory=dict[str, OrderSnapshot])

    async def publish(self, snapshot: OrderSnapshot) -> None:
        self.newest[snapshot.key()] = snapshot
        event = ids.event_id(snapshot.type_name, snapshot.key(), snapshot.version)
        await self.producer.send(encode(snapshot, event_id=event, source="test", time=snapshot.occurred_at))

    async def again(self) -> None:
        for snapshot in list(self.newest.values()):
            await self.publish(snapshot)


@pytest_asyncio.fixture(loop_scope="session")
async def topic(api: Api) -> Any:
    await ensure_topics(api.settings, GROUPS)
    producer = KafkaProducer(api.settings)
    await producer.start()
    yield Topic(producer)
    await producer.stop()


async def told(api: Api, topic: Topic, shop: str, orders: int = 3) -> list[Making]:
    """Orders of a shop in each state, on the topic and in the read model, one with files that are gone."""
    makings = [Making(shop=shop, order_id=str(100 + number), name=f"#{number}") for number in range(orders)]
    for number, making in enumerate(makings):
        job = making.job().job_id
        await _both(api, topic, making)
        files = [stored_file(job, role, b"%d" % number) for role in ("print", "thumbnail")]
        if number % 3:
            making.ready("1", *files)
        else:
            making.failed()
        await _both(api, topic, making)
    job = makings[1].jobs["1"]
    makings[1].job("1", artwork=tuple(one.model_copy(update={"files": ()}) for one in job.artwork), status="cleared")
    await _both(api, topic, makings[1])
    return makings


async def _both(api: Api, topic: Topic, making: Making) -> None:
    snapshot = making.snapshot()
    await topic.publish(snapshot)
    await api.projector.apply(snapshot)


async def again(api: Api, **wanted: Any) -> Rebuilt:
    wanted.setdefault("told", lambda _step, _done: None)
    told = wanted.pop("told")
    return await rebuild(api.pool, api.settings, Wanted(**wanted), told=told)


async def test_what_was_lost_and_altered_is_there_again(api: Api, topic: Topic) -> None:
    shop = "rebuilt-lost.myshopify.com"
    makings = await told(api, topic, shop, orders=9)
    before, last = await rows(api.pool, shop), await newest_change(api.pool, shop)
    altered, lost = makings[3].jobs["1"].job_id, makings[4].jobs["1"].job_id
    await api.pool.execute("UPDATE jobs SET status = 'ready', customer_name = 'Wrong' WHERE job_id = $1", altered)
    await api.pool.execute("DELETE FROM jobs WHERE job_id = $1", lost)
    await api.pool.execute("DELETE FROM orders WHERE shop = $1 AND order_id = 105", shop)
    await api.pool.execute("UPDATE files SET sha256 = 'x', bytes = 1 WHERE job_id = $1", lost)
    done = await again(api, orders=9)
    assert done.swapped
    assert await rows(api.pool, shop) == before
    assert await newest_change(api.pool, shop) == last


async def test_all_is_made_from_nothing_and_cursors_stay_good(api: Api, topic: Topic) -> None:
    shop = "rebuilt-nothing.myshopify.com"
    await told(api, topic, shop, orders=4)
    before, last = await rows(api.pool, shop, without="change_seq"), await newest_change(api.pool, shop)
    gone = [file for file in before["files"] if file["state"] == "cleared"]
    await api.pool.execute("TRUNCATE orders, jobs, files, changes, change_counters")
    await again(api)
    after = await rows(api.pool, shop, without="change_seq")
    assert (after["orders"], after["jobs"]) == (before["orders"], before["jobs"])
    # Nobody but the lost table knew of files that are gone.
    assert after["files"] == [file for file in before["files"] if file not in gone]
    async with await api.client(shop) as asking:
        changes = (await asking.get(f"/v1/changes?after={last}")).json()["items"]
    assert sorted(one["job_id"] for one in changes) == sorted(str(job["job_id"]) for job in before["jobs"])


async def test_what_is_otherwise_than_it_was_told_is_told_again(api: Api, topic: Topic) -> None:
    shop = "rebuilt-older.myshopify.com"
    [making, *_] = await told(api, topic, shop)
    last = await newest_change(api.pool, shop)
    # The read model has seen what the restored database of the coordinator does not know.
    making.ready("1")
    await api.projector.apply(making.snapshot())
    await again(api)
    async with await api.client(shop) as asking:
        [ready, failed] = (await asking.get(f"/v1/changes?after={last}")).json()["items"]
        assert (ready["status"], failed["status"]) == ("ready", "failed")
        [job] = (await asking.get("/v1/print-jobs?q=%230")).json()["items"]
        assert job["status"] == "failed"


async def test_orders_that_were_not_published_again_are_not_lost(api: Api, topic: Topic) -> None:
    shop = "rebuilt-part.myshopify.com"
    await told(api, topic, shop)
    unpublished = Making(shop=shop, order_id="999")
    unpublished.job()
    await api.project(unpublished)
    before = await rows(api.pool, shop)
    with pytest.raises(RebuildError, match=r"rebuilt-part\.myshopify\.com/999") as refused:
        await again(api)
    assert refused.value.code == "orders_missing"
    with pytest.raises(RebuildError, match="are wanted"):
        await again(api, orders=10**9)
    assert await rows(api.pool, shop) == before
    assert (await again(api, drop_missing=True)).resumed
    assert [row["order_id"] for row in (await rows(api.pool, shop))["orders"]] == [100, 101, 102]


async def test_broken_off_it_goes_on_where_it_was(api: Api, topic: Topic) -> None:
    shop = "rebuilt-broken.myshopify.com"
    await told(api, topic, shop, orders=4)
    before = await rows(api.pool, shop)

    def break_off(step: str, _done: Rebuilt) -> None:
        if step == "filling":
            raise GroundMissingError("away", code="broker_unreachable")

    with pytest.raises(GroundMissingError):
        await again(api, told=break_off)
    assert await rows(api.pool, shop) == before
    positions = await api.pool.fetch(f"SELECT * FROM {SHADOW}.positions")
    assert positions
    await api.pool.execute("DELETE FROM orders WHERE shop = $1", shop)
    done = await again(api)
    assert (done.resumed, done.swapped) == (True, True)
    assert await rows(api.pool, shop) == before


async def described(pool: Pool) -> list[Any]:
    """Everything that a table has besides its rows."""
    queries = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = $1",
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = $1::regnamespace",
        "SELECT tablename, policyname, roles, cmd, qual, with_check FROM pg_policies WHERE schemaname = $1",
        "SELECT relname, relrowsecurity, relforcerowsecurity, relacl::text[] FROM pg_class "
        "WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'v')",
        "SELECT viewname, definition FROM pg_views WHERE schemaname = $1",
        "SELECT attrelid::regclass::text, attname FROM pg_attribute "
        "WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $1::regnamespace) AND attstattarget >= 0",
    )
    found = [sorted(tuple(row) for row in await pool.fetch(query, SCHEMA)) for query in queries[:2]]
    return found + [sorted(map(str, await pool.fetch(query, SCHEMA))) for query in queries[2:]]


async def test_the_new_tables_are_in_all_as_the_old_ones(api: Api, topic: Topic) -> None:
    await told(api, topic, "rebuilt-shape.myshopify.com")
    before = await described(api.pool)
    await again(api)
    assert await described(api.pool) == before
    assert await api.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", SHADOW) == []


async def test_a_reader_is_waited_for(api: Api, topic: Topic) -> None:
    shop = "rebuilt-read.myshopify.com"
    await told(api, topic, shop)
    before = await rows(api.pool, shop)
    async with api.pool.acquire() as reader:
        reading = reader.transaction()
        await reading.start()
        await reader.fetch("SELECT * FROM jobs")
        filled = asyncio.Event()
        running = asyncio.create_task(again(api, told=lambda step, _done: step == "indexes" and filled.set()))
        async with asyncio.timeout(60):
            await filled.wait()
        # Others are answered while the swap waits for this one.
        for _ in range(10):
            await asyncio.wait_for(api.pool.fetch("SELECT * FROM jobs LIMIT 1"), 5)
            await asyncio.sleep(0.05)
        assert not running.done()
        await reading.rollback()
        await asyncio.wait_for(running, 60)
    assert await rows(api.pool, shop) == before


async def test_a_reader_who_is_between_a_view_and_its_table_is_let_through(api: Api, topic: Topic) -> None:
    shop = "rebuilt-view.myshopify.com"
    await told(api, topic, shop)
    async with api.pool.acquire() as reader, reader.transaction():
        # A query on the view holds it before it asks for the table; a comment holds it without going on.
        await reader.execute("COMMENT ON VIEW searched_jobs IS 'read'")
        running = asyncio.create_task(again(api))
        async with asyncio.timeout(60):
            while not await api.pool.fetchval(_WAITED_FOR):  # noqa: ASYNC110 - the condition is in the database
                await asyncio.sleep(0.02)
        for _ in range(30):
            await asyncio.wait_for(reader.fetch("SELECT * FROM jobs LIMIT 1"), 0.8)
            await asyncio.sleep(0.05)
        assert not running.done()
    await asyncio.wait_for(running, 60)


_WAITED_FOR = """
SELECT true FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'
    AND relation IN ('searched_jobs'::regclass, 'jobs'::regclass) LIMIT 1
"""


class Asking:
    """Clients that never stop asking, and what they were answered."""

    def __init__(self, asks: Sequence[Callable[[], Awaitable[httpx.Response]]]) -> None:
        self._asks = asks
        self.statuses: list[int] = []
        self._stop = asyncio.Event()

    async def __aenter__(self) -> "Asking":
        self._tasks = [asyncio.create_task(self._go_on(ask)) for ask in self._asks]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def _go_on(self, ask: Callable[[], Awaitable[httpx.Response]]) -> None:
        while not self._stop.is_set():
            self.statuses.append((await ask()).status_code)


async def test_no_request_fails_while_it_runs(running: Running) -> None:
    shop = "rebuilt-asked.myshopify.com"
    topic = Topic(running.producer)
    makings = [Making(shop=shop, order_id=str(number), name=f"#{number}") for number in range(30)]
    dsn = running.env["PRINTWORKS_POSTGRES_DSN"]
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(dsn), postgres_pool_size=2), schema=SCHEMA)
    try:
        async with client(running, shop) as api:
            for making in makings:
                making.failed()
                await topic.publish(making.snapshot())
            await _until(lambda: _count(api, 30))
            before = await rows(pool, shop, without="change_seq")
            await pool.execute("UPDATE jobs SET status = 'ready', product_title = 'Wrong' WHERE shop = $1", shop)
            await pool.execute("DELETE FROM orders WHERE shop = $1 AND order_id < 10", shop)
            await topic.again()
            job = makings[-1].jobs["1"].job_id
            asks = [
                lambda: api.get("/v1/print-jobs?q=muller"),
                lambda: api.get(f"/v1/print-jobs/{job}"),
                lambda: api.get("/v1/orders/29"),
                lambda: api.get("/v1/changes?after=0"),
                lambda: api.get("/v1/summary"),
                lambda: api.post(f"/v1/print-jobs/{job}/rerender"),
            ]
            async with Asking(asks) as asking:
                code, output = await command(running.env, "rebuild", "--orders", "30")
                assert code == 0, output
                asked_until_then = len(asking.statuses)
                await _until(lambda: _is_true(len(asking.statuses) > asked_until_then + 20))
            assert set(asking.statuses) <= {200, 202}, asking.statuses
            # Orders that were lost whole the projector has taken in again by itself: it has told them anew.
            assert await rows(pool, shop, without="change_seq") == before
            makings[0].ready("1")
            await topic.publish(makings[0].snapshot())
            await _until(lambda: _has_status(api, makings[0], "ready"))
    finally:
        await close_pool(pool)


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():  # noqa: ASYNC110 - the condition is in other processes
            await asyncio.sleep(0.05)


async def _count(api: httpx.AsyncClient, jobs: int) -> bool:
    return len((await api.get("/v1/print-jobs?limit=100")).json()["items"]) == jobs


async def _has_status(api: httpx.AsyncClient, making: Making, status: str) -> bool:
    return (await api.get(f"/v1/print-jobs/{making.jobs['1'].job_id}")).json()["status"] == status


async def _is_true(value: bool) -> bool:
    return value


async def erase(api: Api, topic: Topic, shop: str, kind: str, *order_ids: str) -> None:
    """As the projector does it when Shopify asks."""
    request = PrivacyRequested.model_validate(
        {"shop": shop, "kind": kind, "request_id": kind, "order_ids": order_ids, "requested_at": SystemClock().now()}
    )
    privacy = Privacy(api.pool, api.services.catalog, topic.producer, SystemClock())
    await privacy.requested(record_of(request))


async def named(api: Api, shop: str) -> list[int]:
    """Orders of a shop that have a customer's name, in the read model and in the set beside it."""
    there = await api.pool.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{SHADOW}.orders")
    found = [
        await api.pool.fetch(
            f"SELECT order_id FROM {schema}.orders WHERE shop = $1 AND customer_name IS NOT NULL ORDER BY 1", shop
        )
        for schema in ([SCHEMA, SHADOW] if there else [SCHEMA])
    ]
    return sorted({row["order_id"] for rows in found for row in rows})


async def test_an_erased_customer_does_not_come_back(api: Api, topic: Topic) -> None:
    shop = "rebuilt-erased.myshopify.com"
    makings = await told(api, topic, shop)
    await erase(api, topic, shop, "erase_customer", "100")
    at = SystemClock().now()
    erased = makings[0].snapshot().model_copy(update={"erased_at": at, "customer_name": None})
    await topic.publish(erased)
    done = await again(api)
    assert done.swapped
    assert await named(api, shop) == [101, 102]
    assert await api.pool.fetchval("SELECT version FROM orders WHERE shop = $1 AND order_id = 100", shop) == 3


async def test_an_erasure_while_it_is_filled_reaches_the_set_too(api: Api, topic: Topic) -> None:
    shop = "rebuilt-erased-meanwhile.myshopify.com"
    await told(api, topic, shop)

    def stop(step: str, _done: Rebuilt) -> None:
        if step == "indexes":
            raise RebuildError("broken off", code="test")

    with pytest.raises(RebuildError):
        await again(api, told=stop)
    assert await named(api, shop) == [100, 101, 102]
    await erase(api, topic, shop, "erase_customer", "101")
    assert await named(api, shop) == [100, 102]
    await erase(api, topic, shop, "erase_shop")
    assert await named(api, shop) == []
    assert (await again(api, drop_missing=True)).swapped
    assert await named(api, shop) == []
