"""A schema of a service on a real database, and a store on a real bucket."""

from collections.abc import AsyncGenerator

import asyncpg
import pytest
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import PostgresSettings, StorageSettings
from printworks_common.storage import ObjectStore
from printworks_local.stack import StackInfo

OUTBOX = """
CREATE SCHEMA service;
CREATE TABLE service.outbox (
    id bigserial PRIMARY KEY,
    shard smallint NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    headers jsonb NOT NULL,
    value bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    refused text
);
CREATE INDEX outbox_to_relay ON service.outbox (shard, id) WHERE refused IS NULL;
CREATE TABLE service.inbox (source_id text PRIMARY KEY, seen_at timestamptz NOT NULL DEFAULT now());
"""


@pytest.fixture
def postgres_settings(database: str) -> PostgresSettings:
    return PostgresSettings.model_validate({"postgres_dsn": database})


@pytest.fixture
async def pool(database: str, postgres_settings: PostgresSettings) -> AsyncGenerator[Pool]:
    """A pool on schema `service` with outbox and inbox."""
    connection = await asyncpg.connect(database)
    await connection.execute(OUTBOX)
    await connection.close()
    opened = await open_pool(postgres_settings, schema="service")
    yield opened
    await close_pool(opened)


@pytest.fixture
def storage_settings(stack_info: StackInfo) -> StorageSettings:
    return StorageSettings.model_validate(
        {
            "s3_endpoint": stack_info.s3_endpoint,
            "s3_public_endpoint": stack_info.s3_endpoint,
            "s3_access_key": stack_info.s3_access_key,
            "s3_secret_key": stack_info.s3_secret_key,
            "bucket": stack_info.bucket,
        }
    )


@pytest.fixture
async def objects(storage_settings: StorageSettings) -> AsyncGenerator[ObjectStore]:
    store = ObjectStore(storage_settings)
    yield store
    await store.close()
