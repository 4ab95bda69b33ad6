"""The local stack: real PostgreSQL, Apache Kafka and S3 for the demo and the tests.

    async with start_stack(StackOptions(label="demo")) as stack:
        stack.info.kafka_bootstrap
        dsn = await stack.create_database("orders")
        await stack.kill(Part.KAFKA)
        await stack.start(Part.KAFKA)

Never start it in a thread that ends before the stack does: on Linux the parts die with the thread that started them.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from printworks_local.stack.base import Stack
from printworks_local.stack.external import ExternalStack
from printworks_local.stack.local import LocalStack, prepare
from printworks_local.stack.model import Listener, Part, StackError, StackInfo, StackKind, StackOptions
from printworks_local.stack.runs import end_runs

__all__ = [
    "Listener",
    "Part",
    "Stack",
    "StackError",
    "StackInfo",
    "StackKind",
    "StackOptions",
    "end_runs",
    "prepare",
    "start_stack",
]


@asynccontextmanager
async def start_stack(options: StackOptions | None = None) -> AsyncGenerator[Stack]:
    """Start the parts, yield the running stack, end the parts. Raises StackError when a part does not get ready."""
    options = options or StackOptions()
    match options.kind:
        case StackKind.LOCAL:
            local = await LocalStack.open(options)
            try:
                yield local
            finally:
                await local.close()
        case StackKind.CONTAINERS:
            from printworks_local.stack.containers import start_containers

            async with start_containers(options) as containers:
                yield containers
        case StackKind.EXTERNAL:
            yield ExternalStack()
