"""A person that is looked for everywhere: in every table, object, topic, log and answer of a running Printworks."""

import asyncio
import io
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from PIL import Image
from printworks_common.events.topics import TOPICS
from printworks_common.kafka.admin import plan
from printworks_common.kafka.groups import GROUPS
from printworks_local.pictures import PictureServer, photographs
from printworks_local.services import SCHEMAS
from printworks_local.stack.s3 import S3Client
from printworks_local.up import Printworks

KEPT_MS = "1000"
READ_MS = 2000


@dataclass(frozen=True)
class Canary:
    """`word` stands in the name, the text, the picture's address and, as a comment, in its bytes. It is short enough to
    be printed on a small print, and nothing else."""

    printworks: Printworks
    word: str = field(default_factory=lambda: f"bird{secrets.token_hex(3)}")

    def picture(self, pictures: PictureServer) -> str:
        """Put a picture of the canary on the picture server; returns its address."""
        buffer = io.BytesIO()
        with Image.open(photographs()[0]) as photo:
            small = photo.convert("RGB")
            small.thumbnail((900, 900))
            small.save(buffer, "JPEG", comment=self.word.encode())
        assert self._in(buffer.getvalue())
        return pictures.put(f"{self.word}.jpg", buffer.getvalue())

    async def in_database(self) -> set[str]:
        """Tables of all schemas that have it in any column; binary columns are looked into as well."""
        connection = await asyncpg.connect(self.printworks.postgres_dsn)
        try:
            found: set[str] = set()
            tables = await connection.fetch(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY ($1)", list(SCHEMAS)
            )
            assert {row["schemaname"] for row in tables} == set(SCHEMAS)
            for schema, table in tables:
                rows = await connection.fetchval(
                    f'SELECT count(*) FROM "{schema}"."{table}" t WHERE t::text ILIKE ANY ($1)',
                    [f"%{self.word}%", f"%{self.word.encode().hex()}%"],
                )
                if rows:
                    found.add(f"{schema}.{table}")
            return found
        finally:
            await connection.close()

    async def in_bucket(self) -> set[str]:
        """Keys of objects, all versions, that have it in their name or content."""
        return await asyncio.to_thread(self._look_into_the_bucket)

    async def in_topics(self) -> set[str]:
        """Topics, dead letters included, that hold a record with it."""
        bootstrap = self.printworks.info.kafka_bootstrap
        topics = [topic.name for topic in plan(GROUPS)]
        consumer = AIOKafkaConsumer(
            *topics, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
        )
        await consumer.start()
        try:
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(consumer.assignment())
            found: set[str] = set()
            while any([await consumer.position(one) < end for one, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=READ_MS)).values():
                    found |= {one.topic for one in records if self._in(one.value or b"", str(one.headers).encode())}
            return found
        finally:
            await consumer.stop()

    def in_logs(self) -> set[str]:
        logs = (self.printworks.directory / "logs").glob("*.log")
        return {path.name for path in logs if self._in(path.read_bytes())}

    def in_answers(self, answers: Collection[httpx.Response]) -> set[str]:
        """Paths that were answered with it."""
        return {one.request.url.path for one in answers if self._in(one.content)}

    def _look_into_the_bucket(self) -> set[str]:
        client = S3Client.of(self.printworks.info)
        try:
            bucket, found = self.printworks.info.bucket, set[str]()
            for one in client.minio.list_objects(bucket, recursive=True, include_version=True):
                name = one.object_name or ""
                if one.is_delete_marker:
                    continue
                answer = client.minio.get_object(bucket, name, version_id=one.version_id)
                try:
                    if self._in(name.encode(), answer.read()):
                        found.add(name)
                finally:
                    answer.close()
                    answer.release_conn()
            return found
        finally:
            client.close()

    def _in(self, *texts: bytes) -> bool:
        return any(self.word.encode() in text.lower() for text in texts)


async def let_topics_run_out(bootstrap: str, *, soon: bool) -> None:
    """Topics with personal data and all dead letters keep records for a second, or as long as they should."""
    personal = {str(spec.topic) for spec in TOPICS.values() if spec.personal_data}
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        await client.alter_configs(
            [
                ConfigResource(
                    ConfigResourceType.TOPIC,
                    topic.name,
                    configs={**topic.config, **({"retention.ms": KEPT_MS} if soon else {})},
                )
                for topic in plan(GROUPS)
                if topic.name in personal or topic.name.endswith(".dlq")
            ]
        )
    finally:
        await client.close()
