"""The outbox relay: in order per key, at once, one relay per shard, nothing lost when a session or the broker goes."""

import asyncio
import secrets
import statistics
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from printworks_common.errors import GroundMissingError, PoisonError
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.inbox import first_time, forget_before
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.outbox import SHARDS, OutboxRelay, enqueue, shard_of
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import KafkaSettings, PostgresSettings


class Broker:
    """Stands where Kafka stands: keeps what it acknowledged, with the time; can be away, or refuse a value."""

    def __init__(self) -> None:
        self.records: list[OutgoingRecord] = []
        self.arrived: dict[bytes, float] = {}
        self.away = False
        self.refuses: bytes | None = None
        self.calls = 0

    async def send_many(self, records: Sequence[OutgoingRecord]) -> None:
        self.calls += 1
        if self.away:
            raise GroundMissingError("away", code="broker_not_acknowledging")
        if any(record.value == self.refuses for record in records):
            raise PoisonError("too large", code="record_too_large")
        await asyncio.sleep(0)
        for record in records:
            self.arrived[record.value] = time.perf_counter()
        self.records.extend(records)

    def values(self, key: str | None = None) -> list[bytes]:
        return [record.value for record in self.records if key in {None, record.key}]


def record(key: str, value: int | str) -> OutgoingRecord:
    return OutgoingRecord("topic.v1", key, str(value).encode(), {"ce_id": f"{key}-{value}"})


@asynccontextmanager
async def relaying(relay: OutboxRelay) -> AsyncGenerator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(relay.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        async with asyncio.timeout(10):
            await task


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (the condition is about a server's state, which sets no event here)
            await asyncio.sleep(0.002)


async def write(pool: Pool, *records: OutgoingRecord) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await enqueue(connection, records)


async def waiting(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM outbox"))


async def test_a_committed_record_is_published_and_deleted_with_its_headers(pool: Pool) -> None:
    broker = Broker()
    async with relaying(OutboxRelay(pool, broker)):
        await write(pool, record("a", 1))
        await until(lambda: len(broker.records) == 1)
    assert broker.records[0] == record("a", 1)
    assert await waiting(pool) == 0


async def test_what_is_rolled_back_is_never_published(pool: Pool) -> None:
    broker = Broker()
    async with relaying(OutboxRelay(pool, broker)):
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await enqueue(connection, [record("a", "undone")])
            await transaction.rollback()
        await write(pool, record("a", "done"))
        await until(lambda: len(broker.records) == 1)
    assert broker.values() == [b"done"]


async def test_a_record_reaches_the_broker_within_milliseconds_of_its_commit(pool: Pool) -> None:
    broker = Broker()
    delays: list[float] = []
    async with relaying(OutboxRelay(pool, broker)):
        await write(pool, record("warm", "up"))
        await until(lambda: bool(broker.records))
        for number in range(50):
            await write(pool, record("a", number))
            committed = time.perf_counter()
            value = str(number).encode()
            await until(lambda value=value: value in broker.arrived)
            delays.append(broker.arrived[value] - committed)
    assert sorted(delays)[len(delays) // 2] < 0.02, delays


async def test_records_of_a_key_keep_their_order_under_load(pool: Pool) -> None:
    broker = Broker()
    async with relaying(OutboxRelay(pool, broker)):

        async def one_order(key: str) -> None:
            for number in range(40):
                await write(pool, record(key, number), record(f"{key}/other", number))

        await asyncio.gather(*(one_order(f"k{index}") for index in range(8)))
        await until(lambda: len(broker.records) == 8 * 40 * 2)
    for index in range(8):
        assert broker.values(f"k{index}") == [str(number).encode() for number in range(40)]
    assert await waiting(pool) == 0


async def test_a_lower_id_that_is_committed_later_is_not_overlooked(pool: Pool) -> None:
    broker = Broker()
    async with relaying(OutboxRelay(pool, broker)):
        async with pool.acquire() as slow, slow.transaction():
            await enqueue(slow, [record("slow", "low id")])
            await write(pool, record("quick", "high id"))
            await until(lambda: broker.values() == [b"high id"])
        await until(lambda: len(broker.records) == 2)
    assert broker.values() == [b"high id", b"low id"]


async def test_two_relays_share_the_shards_and_one_takes_over_from_the_other(
    pool: Pool, postgres_settings: PostgresSettings
) -> None:
    first_broker, second_broker = Broker(), Broker()
    other_pool = await open_pool(postgres_settings, schema="service")
    first, second = OutboxRelay(pool, first_broker), OutboxRelay(other_pool, second_broker)
    async with relaying(second):
        async with relaying(first):
            await until(lambda: len(first.held) + len(second.held) == SHARDS)
            assert not first.held & second.held
            await write(pool, *(record(f"k{index}", index) for index in range(50)))
            await until(lambda: len(first_broker.records) + len(second_broker.records) == 50)
        await until(lambda: len(second.held) == SHARDS)
        await write(pool, record("after", "hand-over"))
        await until(lambda: b"hand-over" in second_broker.values())
    await close_pool(other_pool)


async def test_a_relay_that_loses_its_session_steps_down_and_comes_back(pool: Pool, database: str) -> None:
    broker = Broker()
    relay = OutboxRelay(pool, broker)
    async with relaying(relay):
        await until(lambda: len(relay.held) == SHARDS)
        administrator = await asyncpg.connect(database)
        await administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        await administrator.close()
        await write(pool, record("a", "after"))
        await until(lambda: broker.values() == [b"after"])
    assert await waiting(pool) == 0


async def test_a_session_that_says_nothing_loses_its_locks_after_seconds(pool: Pool) -> None:
    broker = Broker()
    relay = OutboxRelay(pool, broker)
    async with relaying(relay):
        await write(pool, record("a", 1))
        await until(lambda: broker.values() == [b"1"])
        await asyncio.sleep(0.2)
        # The process hangs: nothing of it runs for longer than the server waits for its session.
        time.sleep(6.0)  # noqa: ASYNC251
        await until(lambda: len(relay.held) < SHARDS)
        await until(lambda: len(relay.held) == SHARDS)


async def test_while_the_broker_is_away_records_wait_and_then_go_out_in_order(pool: Pool) -> None:
    broker = Broker()
    broker.away = True
    relay = OutboxRelay(pool, broker)
    async with relaying(relay):
        for number in range(5):
            await write(pool, record("a", number))
        await until(lambda: broker.calls >= 2)
        assert await waiting(pool) == 5
        assert len(relay.held) == SHARDS
        broker.away = False
        await until(lambda: len(broker.records) == 5)
    assert broker.values("a") == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_record_the_broker_refuses_is_set_aside_and_holds_up_no_other(pool: Pool) -> None:
    broker = Broker()
    broker.refuses = b"bad"
    async with relaying(OutboxRelay(pool, broker)):
        await write(pool, record("a", "before"), record("a", "bad"), record("a", "after"))
        await until(lambda: b"after" in broker.values())
    assert broker.values() == [b"before", b"after"]
    assert await pool.fetchval("SELECT refused FROM outbox") == "record_too_large"


async def test_what_waits_at_the_stop_is_still_published(pool: Pool) -> None:
    broker = Broker()
    stopping = asyncio.Event()
    await write(pool, record("a", 1))
    relay = OutboxRelay(pool, broker)
    task = asyncio.create_task(relay.run(stopping))
    await until(lambda: len(relay.held) == SHARDS)
    await write(pool, record("a", 2))
    stopping.set()
    await task
    assert broker.values() == [b"1", b"2"]


async def test_a_record_that_no_broker_takes_is_refused_in_the_transaction_itself(pool: Pool) -> None:
    with pytest.raises(PoisonError, match="larger than a topic may take"):
        await write(pool, OutgoingRecord("topic.v1", "a", b"x" * 9_000_000))
    assert await waiting(pool) == 0


def test_a_key_has_one_shard_for_ever() -> None:
    assert shard_of("kept.myshopify.com/1001") == 5
    assert {shard_of(f"shop/{number}") for number in range(200)} == set(range(SHARDS))


async def test_the_inbox_tells_a_repeat_from_a_first_time_until_it_is_forgotten(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await first_time(connection, "event-1")
        assert not await first_time(connection, "event-1")
        assert await forget_before(connection, await connection.fetchval("SELECT now() + interval '1 s'")) == 1
        assert await first_time(connection, "event-1")


async def test_of_two_transactions_with_the_same_event_only_one_is_first(pool: Pool) -> None:
    async def handle() -> bool:
        async with pool.acquire() as connection, connection.transaction():
            new = await first_time(connection, "event-1")
            await asyncio.sleep(0.05)
            return new

    assert sorted(await asyncio.gather(handle(), handle())) == [False, True]


@pytest.fixture
async def topic(kafka_bootstrap: str) -> AsyncGenerator[str]:
    """A topic of this test alone on the real broker."""
    name = f"outbox-{secrets.token_hex(6)}"
    administrator = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await administrator.start()
    await administrator.create_topics([NewTopic(name, num_partitions=3, replication_factor=1)])
    yield name
    await administrator.delete_topics([name])
    await administrator.close()


async def test_a_record_reaches_kafka_within_milliseconds_with_key_headers_and_value(
    pool: Pool, kafka_bootstrap: str, topic: str
) -> None:
    producer = KafkaProducer(KafkaSettings.model_validate({"kafka_bootstrap": kafka_bootstrap}))
    await producer.start()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka_bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    delays: list[float] = []
    try:
        async with relaying(OutboxRelay(pool, producer)):
            for number in range(60):
                await write(pool, OutgoingRecord(topic, f"shop/{number % 5}", str(number).encode(), {"ce_id": "e"}))
                committed = time.perf_counter()
                async with asyncio.timeout(10):
                    got = await consumer.getone()
                delays.append(time.perf_counter() - committed)
                assert got.key == f"shop/{number % 5}".encode()
                assert got.value == str(number).encode()
                assert got.headers == (("ce_id", b"e"),)
    finally:
        await consumer.stop()
        await producer.stop()
    # The first ones wait for metadata. Generous beside the few milliseconds of a quiet machine: others share it.
    assert statistics.median(delays[10:]) < 0.05, delays
