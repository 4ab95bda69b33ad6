"""How every process connects to its ground: the same steps in the same order, each closed at the stop."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import Any

from printworks_common.events.topics import Topic
from printworks_common.kafka.compacted import read_compacted
from printworks_common.kafka.consumer import ConsumerLoop
from printworks_common.kafka.limits import ConsumerLimits
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.postgres import Pool, answers, close_pool, open_pool
from printworks_common.runtime import Runtime
from printworks_common.settings import KafkaSettings, PostgresSettings
from printworks_common.shopify.installations import Installations, LiveShops
from printworks_common.shopify.shops import ShopRegistry


async def connect_producer(
    runtime: Runtime[Any], settings: KafkaSettings, *, acknowledge_within: float = 20.0
) -> KafkaProducer:
    """A started producer, flushed and closed at the stop. It gives up a send after `acknowledge_within` seconds."""
    producer = KafkaProducer(settings, acknowledge_within=acknowledge_within)
    await runtime.ground("kafka", producer.start)
    runtime.on_stop(producer.stop, name="producer")
    return producer


async def connect_database(runtime: Runtime[Any], settings: PostgresSettings, schema: str) -> Pool:
    """An open pool; not ready while the database does not answer."""
    pool = await runtime.ground("postgres", lambda: open_pool(settings, schema=schema))
    runtime.on_stop(lambda: close_pool(pool), name="database")
    runtime.add_readiness("postgres", lambda: answers(pool))
    return pool


async def connect_live_shops(runtime: Runtime[Any], settings: KafkaSettings, shops: ShopRegistry) -> LiveShops:
    """The shops that have the app installed, followed as long as the process lasts. Returns when all is known."""
    installations = Installations()
    reader = await runtime.ground("installations", lambda: read_compacted(settings, Topic.CATALOG, installations.keep))
    runtime.spawn("installations", reader.follow(runtime.stopping, lambda: runtime.heartbeat("installations")))
    return LiveShops(shops, installations)


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
        limits=_limits(settings.kafka_session_seconds, runtime.settings.drain_seconds),
        heartbeat=lambda: runtime.heartbeat(f"consumer {group}"),
    )

    async def ready() -> bool:
        return loop.ready

    runtime.add_readiness(f"consumer {group}", ready)
    runtime.spawn(f"consumer {group}", loop.run(runtime.stopping))
    return loop


DRAIN_SHARE = 0.6
"""Of the time to stop, what handlers may use; committing, leaving the group and closing need the rest."""


def _limits(session: float, drain: float) -> ConsumerLimits:
    """A member that died holds up a rebalance for the rebalance time-out: never let that exceed its session."""
    usual = ConsumerLimits()
    return replace(
        usual,
        drain=drain * DRAIN_SHARE,
        session_timeout=session,
        rebalance_timeout=min(usual.rebalance_timeout, session),
        rebalance_drain=min(usual.rebalance_drain, session / 3),
    )
