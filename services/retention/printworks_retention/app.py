"""Wiring of retention, nothing else."""

import asyncio

from printworks_common.errors import GroundMissingError
from printworks_common.events.topics import Topic
from printworks_common.logs import get_logger
from printworks_common.runtime import Runtime
from printworks_common.storage import ObjectStore
from printworks_common.wiring import connect_database, connect_producer, consume

from printworks_retention.ledger import Ledger
from printworks_retention.purge import Purge
from printworks_retention.settings import SCHEMA, RetentionSettings

log = get_logger(__name__)


async def build_loop(runtime: Runtime[RetentionSettings]) -> None:
    """Keep the ledger and purge on schedule."""
    settings = runtime.settings
    purge = await _connect(runtime)
    runtime.spawn("purge", _purge_on_schedule(runtime, purge, settings.purge_every_seconds))


async def build_once(runtime: Runtime[RetentionSettings]) -> None:
    """One run for a CronJob: purge what the ledger knows to be due, then end."""
    purge = await _connect(runtime)
    report = await purge.run(runtime.stopping)
    runtime.stop()
    if report.refused is not None:
        raise SystemExit(3)


async def _connect(runtime: Runtime[RetentionSettings]) -> Purge:
    settings = runtime.settings
    producer = await connect_producer(runtime, settings)
    pool = await connect_database(runtime, settings, SCHEMA)
    objects = ObjectStore(settings)
    runtime.on_stop(objects.close, name="object store")
    consume(
        runtime,
        settings,
        group="retention",
        topics=[Topic.PRINT_JOBS],
        handler=Ledger(pool).keep,
        producer=producer,
    )
    return Purge(
        pool,
        objects=objects,
        producer=producer,
        clock=runtime.clock,
        parallel=settings.purge_parallel,
        enabled=settings.purge_enabled,
    )


async def _purge_on_schedule(runtime: Runtime[RetentionSettings], purge: Purge, every: float) -> None:
    while not runtime.stopping.is_set():
        try:
            await purge.run(runtime.stopping)
        except GroundMissingError as error:
            log.warning("purge_waits", code=error.code)
        try:
            async with asyncio.timeout(every):
                await runtime.stopping.wait()
        except TimeoutError:
            continue
