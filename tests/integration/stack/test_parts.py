"""Each part of the stack does its work, and keeps its data when it is killed."""

import asyncio
import io
from datetime import timedelta

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from printworks_local.stack import Part, Stack
from printworks_local.stack.s3 import S3Client


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, key=b"key")
    finally:
        await producer.stop()


async def consume_first(bootstrap: str, topic: str, group: str | None) -> bytes | None:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        record = await asyncio.wait_for(consumer.getone(), 20)
        if group:
            await consumer.commit()
        return record.value
    finally:
        await consumer.stop()


async def test_kafka_carries_a_record_to_a_consumer_group(kafka_bootstrap: str, topic_prefix: str) -> None:
    topic = topic_prefix + "orders"
    await create_topic(kafka_bootstrap, topic)
    await produce(kafka_bootstrap, topic, b"paid")
    assert await consume_first(kafka_bootstrap, topic, topic_prefix + "group") == b"paid"


async def test_each_test_gets_an_empty_database_of_its_own(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        tables = await connection.fetchval(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        )
        assert tables == 0
        await connection.execute("CREATE TABLE orders (id bigint PRIMARY KEY)")
        await connection.execute("INSERT INTO orders VALUES (9007199254740993)")
        assert await connection.fetchval("SELECT id FROM orders") == 9007199254740993
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert await connection.fetchval("SHOW timezone") == "UTC"
    finally:
        await connection.close()


def test_postgres_refuses_a_wrong_password(stack: Stack) -> None:
    head, _, tail = stack.info.postgres_dsn.partition("@")
    wrong = head.rpartition(":")[0] + ":wrong@" + tail

    async def connect() -> None:
        await asyncpg.connect(wrong)

    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(connect())


async def test_s3_stores_and_serves_an_object(stack: Stack, bucket: str) -> None:
    client = S3Client.of(stack.info)
    try:
        data = bytes(range(256)) * 40
        client.minio.put_object(bucket, "orders/2026-01-01/a.bin", io.BytesIO(data), len(data))
        response = client.minio.get_object(bucket, "orders/2026-01-01/a.bin")
        assert response.read() == data
        response.close()
        url = client.minio.presigned_get_object(bucket, "orders/2026-01-01/a.bin", timedelta(minutes=1))
        assert url.startswith(stack.info.s3_endpoint)
    finally:
        client.close()


async def test_data_survives_a_kill_of_every_part(
    controlled_stack: Stack, database: str, bucket: str, topic_prefix: str
) -> None:
    stack = controlled_stack
    topic = topic_prefix + "kept"
    await create_topic(stack.info.kafka_bootstrap, topic)
    await produce(stack.info.kafka_bootstrap, topic, b"kept")
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE TABLE kept (text text)")
    await connection.execute("INSERT INTO kept VALUES ('kept')")
    client = S3Client.of(stack.info)
    try:
        client.minio.put_object(bucket, "kept", io.BytesIO(b"kept"), 4)
        for part in Part:
            await stack.kill(part)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.fetchval("SELECT 1")
        seconds = await asyncio.gather(*(stack.start(part) for part in Part))
        print("ready again after", dict(zip(Part, (round(value, 1) for value in seconds), strict=True)))
        assert max(seconds) < 20

        assert client.minio.get_object(bucket, "kept").read() == b"kept"
        client.minio.put_object(bucket, "after", io.BytesIO(b"after"), 5)
    finally:
        connection.terminate()
        client.close()
    again = await asyncpg.connect(database)
    try:
        assert await again.fetchval("SELECT text FROM kept") == "kept"
    finally:
        await again.close()
    assert await consume_first(stack.info.kafka_bootstrap, topic, None) == b"kept"
    await produce(stack.info.kafka_bootstrap, topic, b"after")
