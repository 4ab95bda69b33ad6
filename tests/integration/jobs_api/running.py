"""The two processes of jobs-api, started as a deployment starts them: commands, environment, signals."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer
from printworks_common import ids
from printworks_common.events.envelope import encode
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.storage import ObjectStore
from printworks_local.stack import StackInfo

from tests.integration.jobs_api.parts import Making

START_SECONDS = 30.0


class NotStartedError(AssertionError):
    """The process ended, or did not say that it has started."""


@dataclass
class Process:
    """A running role; `port` serves it and its health."""

    process: asyncio.subprocess.Process
    port: int = 0
    lines: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        async with asyncio.timeout(30):
            return await self.process.wait()

    async def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        self.process.kill()
        await self.process.wait()


def environment(info: StackInfo, dsn: str, bucket: str, public_url: str) -> dict[str, str]:
    """Settings of both roles."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {
        "PRINTWORKS_KAFKA_BOOTSTRAP": info.kafka_bootstrap,
        "PRINTWORKS_POSTGRES_DSN": dsn,
        "PRINTWORKS_S3_ENDPOINT": info.s3_endpoint,
        "PRINTWORKS_S3_ACCESS_KEY": info.s3_access_key,
        "PRINTWORKS_S3_SECRET_KEY": info.s3_secret_key,
        "PRINTWORKS_BUCKET": bucket,
        "PRINTWORKS_PUBLIC_URL": public_url,
        "PRINTWORKS_FILE_LINK_KEYS": "k1:" + base64.b64encode(b"1" * 32).decode(),
        "PRINTWORKS_SESSION_KEY": base64.b64encode(b"s" * 32).decode(),
        "PRINTWORKS_HTTP_HOST": "127.0.0.1",
        "PRINTWORKS_REQUESTS_PER_SECOND": "10000",
        "PRINTWORKS_REQUESTS_BURST": "100000",
        "PRINTWORKS_HTTP_PORT": "0",
        "PRINTWORKS_LOG_FORMAT": "json",
    }


async def start(role: str, env: Mapping[str, str], *, port: int = 0) -> Process:
    """Start a role and wait until it has. Raises NotStartedError with what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "printworks_jobs_api", role,
        env=dict(env) | {"PRINTWORKS_HTTP_PORT": str(port)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    running = Process(process)
    started = asyncio.Event()
    reading = asyncio.create_task(_read(running, started))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({reading, waiting}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not started.is_set():
        await running.kill()
        raise NotStartedError("\n".join(running.lines[-30:]))
    return running


async def command(env: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Run a command to its end: exit code and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "printworks_jobs_api", *arguments,
        env=dict(env), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def _read(running: Process, started: asyncio.Event) -> None:
    stream = running.process.stdout
    if stream is None:
        raise NotStartedError("the process has no output")
    async for raw in stream:
        line = raw.decode(errors="replace").rstrip()
        running.lines.append(line)
        with suppress(ValueError):
            said: Any = json.loads(line)
            if said.get("event") == "started":
                running.port = said["port"]
                started.set()


@dataclass
class Running:
    """jobs-api as processes, with a producer that stands in the coordinator's place."""

    env: dict[str, str]
    api: Process
    projector: Process
    producer: KafkaProducer
    store: ObjectStore
    kafka_bootstrap: str

    async def key(self, shop: str, scopes: str = "all") -> str:
        code, output = await command(self.env, "keys", "create", "--shop", shop, "--scopes", scopes, "--json")
        assert code == 0, output
        return str(json.loads(output)["api_key"])

    async def publish(self, making: Making) -> None:
        """Send the order's next snapshot, as the coordinator would."""
        snapshot = making.snapshot()
        event = ids.event_id(snapshot.type_name, snapshot.key(), snapshot.version)
        await self.producer.send(encode(snapshot, event_id=event, source="test", time=snapshot.occurred_at))


@asynccontextmanager
async def reading(running: Running, topic: str) -> AsyncGenerator[Any]:
    """What is published on a topic from now on."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=running.kafka_bootstrap, auto_offset_reset="latest")
    await consumer.start()
    await consumer.seek_to_end()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def next_of(consumer: Any, shop: str) -> Any:
    """The next record of a shop; the broker is shared."""
    async with asyncio.timeout(30):
        while True:
            record = await consumer.getone()
            if record.key.decode().startswith(f"{shop}/"):
                return record
