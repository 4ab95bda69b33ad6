"""The same parts as containers, for machines that have a container engine (testcontainers)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from testcontainers.core.container import DockerContainer

from printworks_local.stack import kafka, postgres, s3
from printworks_local.stack.base import Stack
from printworks_local.stack.kafka_distribution import version as kafka_version
from printworks_local.stack.model import Part, StackError, StackInfo, StackOptions, new_secret
from printworks_local.stack.ports import free_ports

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = f"apache/kafka:{kafka_version()}"
S3_IMAGE = "chrislusf/seaweedfs:4.48"
ACCESS_KEY = "printworks"
HOST = "127.0.0.1"
"""Ports are published under fixed numbers, so that a part comes back under the same address."""


@dataclass(frozen=True, slots=True)
class ContainerPart:
    """A container and how to know that it answers."""

    container: DockerContainer
    probe: Callable[[], Awaitable[None]]
    probe_errors: tuple[type[Exception], ...]

    async def wait_ready(self, name: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                async with asyncio.timeout(5):
                    await self.probe()
                return
            except (*self.probe_errors, TimeoutError) as error:
                if time.monotonic() > deadline:
                    output, errors = await asyncio.to_thread(self.container.get_logs)
                    tail = "\n".join((output + errors).decode(errors="replace").splitlines()[-40:])
                    raise StackError(
                        f"The container of {name} was not ready after {timeout:g} seconds ({error}). "
                        f"Its log ends with:\n{tail}",
                        code="stack_part_not_ready",
                    ) from error
            await asyncio.sleep(0.2)


class ContainersStack(Stack):
    """PostgreSQL, Kafka and SeaweedFS as containers."""

    def __init__(self, info: StackInfo, parts: dict[Part, ContainerPart], ready_timeout: float) -> None:
        self.info = info
        self._parts = parts
        self._ready_timeout = ready_timeout

    async def start(self, part: Part) -> float:
        began = time.monotonic()
        await asyncio.to_thread(self._parts[part].container.get_wrapped_container().start)
        await self._parts[part].wait_ready(part.value, self._ready_timeout)
        return time.monotonic() - began

    async def stop(self, part: Part) -> None:
        await asyncio.to_thread(self._parts[part].container.get_wrapped_container().stop)

    async def kill(self, part: Part) -> None:
        container = self._parts[part].container.get_wrapped_container()
        await asyncio.to_thread(container.reload)
        if container.status == "running":
            await asyncio.to_thread(container.kill)

    def pause(self, part: Part) -> None:
        self._parts[part].container.get_wrapped_container().pause()

    def resume(self, part: Part) -> None:
        container = self._parts[part].container.get_wrapped_container()
        container.reload()
        if container.status == "paused":
            container.unpause()


def _postgres_container(port: int, password: str) -> DockerContainer:
    return (
        DockerContainer(POSTGRES_IMAGE)
        .with_bind_ports(5432, port)
        .with_env("POSTGRES_PASSWORD", password)
        .with_env("TZ", "UTC")
        .with_command("postgres -c fsync=off -c full_page_writes=off -c max_connections=200 -c timezone=UTC")
    )


def _kafka_container(port: int) -> DockerContainer:
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    settings = {
        **kafka.SINGLE_NODE_SETTINGS,
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://localhost:9093",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
    }
    for key, value in settings.items():
        # The image's own rule for turning a setting into a variable.
        container = container.with_env("KAFKA_" + key.upper().replace(".", "_"), value)
    return container


def _s3_container(port: int, secret_key: str) -> DockerContainer:
    return (
        DockerContainer(S3_IMAGE)
        .with_bind_ports(8333, port)
        .with_env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .with_env("AWS_SECRET_ACCESS_KEY", secret_key)
        .with_command("server -dir=/data -ip=127.0.0.1 -ip.bind=0.0.0.0 -filer -s3 -master.telemetry=false")
    )


@asynccontextmanager
async def start_containers(options: StackOptions) -> AsyncGenerator[ContainersStack]:
    """Start all containers, yield the stack, remove the containers; testcontainers' reaper does it after kill -9."""
    postgres_port, kafka_port, s3_port = free_ports(3)
    password, secret_key = new_secret(), new_secret()
    info = StackInfo(
        postgres_dsn=f"postgresql://{postgres.USER}:{password}@{HOST}:{postgres_port}/postgres",
        kafka_bootstrap=f"{HOST}:{kafka_port}",
        s3_endpoint=f"http://{HOST}:{s3_port}",
        s3_access_key=ACCESS_KEY,
        s3_secret_key=secret_key,
        bucket=options.bucket,
    )
    parts = {
        Part.POSTGRES: ContainerPart(
            _postgres_container(postgres_port, password),
            lambda: postgres.probe(info.postgres_dsn),
            postgres.PROBE_ERRORS,
        ),
        Part.KAFKA: ContainerPart(
            _kafka_container(kafka_port), lambda: kafka.probe(info.kafka_bootstrap), kafka.PROBE_ERRORS
        ),
        Part.S3: ContainerPart(
            _s3_container(s3_port, secret_key),
            lambda: s3.probe(info.s3_endpoint, info.s3_access_key, info.s3_secret_key),
            s3.PROBE_ERRORS,
        ),
    }
    with ExitStack() as running:
        for part in parts.values():
            await asyncio.to_thread(running.enter_context, part.container)
        await asyncio.gather(*(part.wait_ready(name.value, options.ready_timeout) for name, part in parts.items()))
        stack = ContainersStack(info, parts, options.ready_timeout)
        await stack.create_bucket(options.bucket)
        yield stack
