"""A schema of a service on a real database, a store on a real bucket, TLS of our own."""

import ssl
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
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


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server named pictures.example, and of a client that trusts its authority."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pictures.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pictures.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "cert.pem"))
