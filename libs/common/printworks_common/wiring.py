"""How every process connects to its ground: the same steps in the same order, each closed at the stop."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from printworks_common.kafka.consumer import ConsumerLoop
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.postgres import Pool, answers, close_pool, open_pool
from printworks_common.runtime import Runtime
from printworks_common.settings import KafkaSettings, PostgresSettings


async def connect_producer(runtime: Runtime[Any], settings: KafkaSettings) -> KafkaProducer:
    """A started producer; it is flushed and closed at the stop."""
    producer = KafkaProducer(settings)
    await runtime.ground("kafka", producer.start)
    runtime.on_stop(producer.stop, name="producer")
    return producer


async def connect_database(runtime: Runtime[Any], settings: PostgresSettings, schema: str) -> Pool:
    """An open pool; not ready while the database does not answer."""
    pool = await runtime.ground("postgres", lambda: open_pool(settings, schema=schema))
    runtime.on_stop(lambda: close_pool(pool), name="database")
    runtime.add_readiness("postgres", lambda: answers(pool))
    return pool


def consume(
    runtime: Runtime[Any],
    settings: KafkaSettings,
    *,
    group: str,
    topics: Collection[str],
    handler: Callable[[Record], Awaitable[None]],
    producer: KafkaProducer,
    parallel: int = 16,
) -> ConsumerLoop:
    """Start a consumer loop that lasts as long as the process; not ready while it has no assignment."""
    loop = ConsumerLoop(
        settings,
        group=group,
        topics=topics,
        handler=handler,
        producer=producer,
        parallel=parallel,
        heartbeat=lambda: runtime.heartbeat(f"consumer {group}"),
    )

    async def ready() -> bool:
        return loop.ready

    runtime.add_readiness(f"consumer {group}", ready)
    runtime.spawn(f"consumer {group}", loop.run(runtime.stopping))
    return loop
