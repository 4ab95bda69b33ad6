"""The stack without a container engine: three server processes under this one."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from printworks_local.stack import kafka, postgres, s3
from printworks_local.stack.base import Stack
from printworks_local.stack.kafka_distribution import obtain
from printworks_local.stack.model import Part, StackInfo, StackOptions
from printworks_local.stack.ports import free_ports
from printworks_local.stack.process import Command, ServerProcess
from printworks_local.stack.runs import Run, open_run


@dataclass(slots=True)
class LocalPart:
    """How a part is started, and its process while it runs."""

    command: Callable[[], Command]
    probe: Callable[[], Awaitable[None]]
    probe_errors: tuple[type[Exception], ...]
    process: ServerProcess | None = None


class LocalStack(Stack):
    """PostgreSQL, Kafka and SeaweedFS as child processes."""

    def __init__(self, options: StackOptions, run: Run) -> None:
        self._options = options
        self._run = run
        self._parts: dict[Part, LocalPart] = {}

    @classmethod
    async def open(cls, options: StackOptions) -> "LocalStack":
        """Start all parts at once; when one fails, the others are ended and StackError is raised."""
        began = time.monotonic()
        await prepare(options.root)
        run = await asyncio.to_thread(open_run, options.root, options.label, options.run_id, options.keep_data)
        stack = cls(options, run)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(stack._open_postgres())
                group.create_task(stack._open_kafka())
                group.create_task(stack._open_s3())
            stack.info = StackInfo(
                postgres_dsn=stack._postgres.dsn,
                kafka_bootstrap=stack._kafka.bootstrap,
                s3_endpoint=stack._s3.endpoint,
                s3_access_key=stack._s3.access_key,
                s3_secret_key=stack._s3.secret_key,
                bucket=options.bucket,
            )
            await stack.create_bucket(options.bucket)
        except BaseException as error:
            await stack.close()
            if isinstance(error, ExceptionGroup):
                raise error.exceptions[0] from error
            raise
        stack._say(f"the stack is ready after {time.monotonic() - began:.1f} s")
        return stack

    @property
    def directory(self) -> Path:
        """The run directory, with data and `<part>.log`."""
        return self._run.directory

    def _directory_of(self, part: Part) -> Path:
        return self._options.data_in.get(part, self._run.directory / part.value)

    def log(self, part: Part) -> Path:
        return self._run.directory / f"{part.value}.log"

    def pid(self, part: Part) -> int | None:
        """Of the running process of a part; None while it is stopped."""
        process = self._parts[part].process
        return process.pid if process is not None and process.running else None

    def _say(self, text: str) -> None:
        if not self._options.quiet:
            print(f"[stack] {text}", flush=True)

    async def _open_postgres(self) -> None:
        directory = self._directory_of(Part.POSTGRES)
        (port,) = free_ports(1)
        self._postgres = postgres.PostgresServer(
            directory, port, self.log(Part.POSTGRES), durable=self._options.durable
        )
        initialise = self._postgres.initialise_command()
        if initialise is not None:
            await ServerProcess(initialise).wait_success()
        await self._open_part(Part.POSTGRES, self._postgres.server_command, self._postgres.probe, postgres.PROBE_ERRORS)

    async def _open_kafka(self) -> None:
        distribution = await asyncio.to_thread(obtain, self._options.root)
        self._kafka = kafka.KafkaServer(
            distribution,
            self._directory_of(Part.KAFKA),
            self.log(Part.KAFKA),
            durable=self._options.durable,
            listeners=self._options.kafka_listeners,
        )
        await asyncio.to_thread(self._kafka.format)
        await self._open_part(Part.KAFKA, self._kafka.server_command, self._kafka.probe, kafka.PROBE_ERRORS)

    async def _open_s3(self) -> None:
        self._s3 = s3.S3Server(self._directory_of(Part.S3), self.log(Part.S3))
        await self._open_part(Part.S3, self._s3.server_command, self._s3.probe, s3.PROBE_ERRORS)

    async def _open_part(
        self,
        part: Part,
        command: Callable[[], Command],
        probe: Callable[[], Awaitable[None]],
        probe_errors: tuple[type[Exception], ...],
    ) -> None:
        self._parts[part] = LocalPart(command, probe, probe_errors)
        await self.start(part)

    async def start(self, part: Part) -> float:
        state = self._parts[part]
        began = time.monotonic()
        if state.process is not None and state.process.running:
            return 0.0
        state.process = ServerProcess(state.command())
        self._run.record(part.value, state.process.pid)
        await state.process.wait_ready(state.probe, state.probe_errors, self._options.ready_timeout)
        seconds = time.monotonic() - began
        self._say(f"{state.process.command.name} is ready after {seconds:.1f} s")
        return seconds

    async def stop(self, part: Part) -> None:
        process = self._parts[part].process
        if process is not None:
            await process.stop()
            self._run.forget(part.value)

    async def kill(self, part: Part) -> None:
        process = self._parts[part].process
        if process is not None:
            await process.kill()
            self._run.forget(part.value)

    def pause(self, part: Part) -> None:
        process = self._parts[part].process
        if process is not None and process.running:
            process.pause()

    def resume(self, part: Part) -> None:
        process = self._parts[part].process
        if process is not None and process.running:
            process.resume()

    async def close(self) -> None:
        """End all parts and remove the data, unless it is kept. Data that goes is not worth a clean shutdown."""
        end = self.stop if self._options.keep_data else self.kill
        await asyncio.gather(*(end(part) for part in self._parts))
        await asyncio.to_thread(self._run.close)


async def prepare(root: Path) -> None:
    """Fill the cache (Kafka's jars, its class-data archive), so that starts are fast; does nothing when warm."""
    distribution = await asyncio.to_thread(obtain, root)
    if not distribution.class_archive.is_file():
        with TemporaryDirectory(dir=distribution.directory, prefix=f"warm-up-{os.getpid()}-") as scratch:
            await kafka.make_class_archive(distribution, Path(scratch))
