"""Wiring of retention, nothing else."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.events.topics import Topic
from printworks_common.kafka.compacted import read_compacted
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.progress import wait_until_read
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors
from printworks_common.runtime import Runtime
from printworks_common.storage import ObjectStore
from printworks_common.wiring import connect_database, connect_producer, consume

from printworks_retention.erasure import Erasures, Records
from printworks_retention.ledger import SQL, Ledger
from printworks_retention.notices import Notices
from printworks_retention.plan import make_plan
from printworks_retention.purge import Purge, PurgeOptions
from printworks_retention.settings import SCHEMA, RetentionSettings
from printworks_retention.walk import Walk

log = get_logger(__name__)

GROUP = "retention"
TOPICS = (Topic.PRINT_JOBS, Topic.PRIVACY)

ERASE_EVERY_SECONDS = 2.0

WALK_EVERY = timedelta(days=7)

READ_WITHIN_SECONDS = 3600.0
"""A purge waits so long for the ledger to know everything that was published; then it fails, and the next one tries."""

REFUSED_EXIT_CODE = 3
LEFT_EXIT_CODE = 4


@dataclass(frozen=True)
class Parts:
    pool: Pool
    objects: ObjectStore
    producer: KafkaProducer
    purge: Purge
    erasures: Erasures
    notices: Notices
    walk: Walk


async def build_loop(runtime: Runtime[RetentionSettings]) -> None:
    """Keep the ledger, tell, purge and walk on schedule; erase as soon as it is asked for."""
    parts = await _connect(runtime, by="loop")
    runtime.spawn("erasures", _erase(runtime, parts.erasures))
    runtime.spawn("purge", _on_schedule(runtime, parts))


async def build_once(runtime: Runtime[RetentionSettings], *, approved: int, dry_run: bool) -> None:
    """One run for a CronJob: tell and purge what is due, or print what would be purged; then end."""
    parts = await _connect(runtime, by="once")
    if not await runtime.ground("ledger", lambda: _all_read(runtime)):
        log.error("ledger_behind", seconds=READ_WITHIN_SECONDS)
        raise SystemExit(REFUSED_EXIT_CODE)
    if dry_run:
        plan = await make_plan(parts.purge, parts.objects)
        print("\n".join(plan.lines()))  # noqa: T201 - the answer of a command
        runtime.stop()
        return
    await parts.erasures.run()
    await parts.notices.send()
    report = await parts.purge.run(runtime.stopping, approved=approved)
    runtime.stop()
    if report.refused is not None and report.refused != "another_run":
        raise SystemExit(REFUSED_EXIT_CODE)
    if report.left:
        raise SystemExit(LEFT_EXIT_CODE)


async def build_walk(runtime: Runtime[RetentionSettings]) -> None:
    """One walk for a CronJob, then end."""
    parts = await _connect(runtime, by="walk")
    all_read = await runtime.ground("ledger", lambda: _all_read(runtime))
    report = await parts.walk.run() if all_read else None
    runtime.stop()
    if report is None or report.refused is not None:
        raise SystemExit(REFUSED_EXIT_CODE)


async def _connect(runtime: Runtime[RetentionSettings], *, by: str) -> Parts:
    settings, clock = runtime.settings, runtime.clock
    producer = await connect_producer(runtime, settings)
    pool = await connect_database(runtime, settings, SCHEMA)
    objects = ObjectStore(settings)
    runtime.on_stop(objects.close, name="object store")
    await runtime.ground("object store", objects.open)
    ledger = Ledger(pool)
    # To its end before anything is deleted: a hold must be known.
    catalog = await runtime.ground("catalog", lambda: read_compacted(settings, Topic.CATALOG, ledger.keep_catalog))
    runtime.spawn("catalog", catalog.follow(runtime.stopping, lambda: runtime.heartbeat("catalog")))
    erasures = Erasures(
        pool,
        objects=objects,
        events=producer,
        clock=clock,
        parallel=settings.purge_parallel,
        again=timedelta(seconds=settings.erasure_again_seconds),
        enabled=settings.purge_enabled,
        by=by,
    )
    consume(runtime, settings, group=GROUP, topics=TOPICS, handler=Records(ledger, erasures).handle, producer=producer)
    purge = Purge(
        pool,
        objects=objects,
        events=producer,
        clock=clock,
        clocks=lambda: _other_clocks(pool, objects),
        parallel=settings.purge_parallel,
        options=PurgeOptions(
            cap=settings.cap, enabled=settings.purge_enabled, pause_seconds=settings.purge_pause_seconds, by=by
        ),
    )
    walk = Walk(pool, objects=objects, purge=purge, clock=clock, parallel=settings.purge_parallel, by=by)
    return Parts(pool, objects, producer, purge, erasures, Notices(pool, producer, clock), walk)


async def _other_clocks(pool: Pool, objects: ObjectStore) -> list[datetime]:
    with ground_errors():
        times = [await pool.fetchval(SQL["database_time"])]
    store = await objects.time()
    return [*times, store] if store is not None else times


async def _all_read(runtime: Runtime[RetentionSettings]) -> bool:
    """Whether the ledger has read everything that was published until now; waits for it."""
    return await wait_until_read(runtime.settings, GROUP, TOPICS, runtime.stopping, within=READ_WITHIN_SECONDS)


async def _erase(runtime: Runtime[RetentionSettings], erasures: Erasures) -> None:
    while not runtime.stopping.is_set():
        try:
            await erasures.run()
        except (GroundMissingError, TransientError) as error:
            log.warning("erasure_waits", code=error.code)
        try:
            async with asyncio.timeout(ERASE_EVERY_SECONDS):
                await runtime.stopping.wait()
        except TimeoutError:
            continue


async def _on_schedule(runtime: Runtime[RetentionSettings], parts: Parts) -> None:
    while not runtime.stopping.is_set():
        try:
            if await _all_read(runtime):
                await parts.notices.send()
                await parts.purge.run(runtime.stopping)
                if not runtime.stopping.is_set() and await _walk_is_due(runtime, parts):
                    await parts.walk.run()
        except (GroundMissingError, TransientError) as error:
            log.warning("purge_waits", code=error.code)
        try:
            async with asyncio.timeout(runtime.settings.purge_every_seconds):
                await runtime.stopping.wait()
        except TimeoutError:
            continue


async def _walk_is_due(runtime: Runtime[RetentionSettings], parts: Parts) -> bool:
    with ground_errors():
        last = await parts.pool.fetchval(SQL["last_of_kind"], "walk")
    return last is None or runtime.clock.now() - last >= WALK_EVERY
