"""Wiring of the coordinator, nothing else."""

from datetime import timedelta

from printworks_common.dispatch import DispatchLoop
from printworks_common.events.control import CatalogEntry
from printworks_common.events.topics import Topic
from printworks_common.fetching import Fetcher
from printworks_common.kafka.compacted import read_compacted
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.members import has_members
from printworks_common.kafka.record import Record
from printworks_common.outbox import OutboxRelay
from printworks_common.runtime import Runtime
from printworks_common.storage import ObjectStore
from printworks_common.wiring import connect_database, connect_producer, consume

from printworks_render.coordinator import metrics
from printworks_render.coordinator.delivering import DeliveredCopies, DeliveryDispatcher, DeliveryLimits
from printworks_render.coordinator.erasure import Erasure
from printworks_render.coordinator.ground import Ground
from printworks_render.coordinator.intake import OrderIntake
from printworks_render.coordinator.model import Step
from printworks_render.coordinator.pinning import PinningDispatcher, PinningLimits
from printworks_render.coordinator.reconciliation import Reconciliation
from printworks_render.coordinator.release import ReleaseDispatcher, ReleaseLimits
from printworks_render.coordinator.snapshots import Links
from printworks_render.coordinator.store import OrderStore
from printworks_render.coordinator.upkeep import Upkeep
from printworks_render.settings import SCHEMA, CoordinatorSettings

GROUP = "coordinator"

TOPICS = (
    Topic.ORDERS,
    Topic.RENDER_RESULTS,
    Topic.COMMANDS,
    Topic.RETENTION,
    Topic.RECONCILIATION,
    Topic.PRIVACY,
)

PARALLEL = 8
"""Records at once: no more than leaves connections of the pool to pinning and release, so that what is taken in does
not hold up what is under way."""


async def build(runtime: Runtime[CoordinatorSettings]) -> None:
    settings = runtime.settings
    producer = await connect_producer(runtime, settings)
    pool = await connect_database(runtime, settings, SCHEMA)
    objects = ObjectStore(settings)
    runtime.on_stop(objects.close, name="object store")
    fetcher = Fetcher(allow_private_addresses=settings.allow_private_addresses)
    runtime.on_stop(fetcher.close, name="fetcher")

    store = OrderStore(pool, Links(settings.link_signer(), settings.public_url), runtime.clock, settings.retention_days)
    pinning = PinningDispatcher(
        store,
        pool=pool,
        objects=objects,
        fetcher=fetcher,
        clock=runtime.clock,
        limits=PinningLimits(settings.pin_parallel, settings.pin_per_shop),
    )

    def ground(topic: Topic) -> Ground:
        [group] = [name for name, topics in GROUPS.items() if topic in topics]
        return Ground(topic, objects, lambda: has_members(settings, group))

    release = ReleaseDispatcher(
        store,
        pool,
        ground(Topic.RENDER_REQUESTS),
        runtime.clock,
        ReleaseLimits(
            in_flight=settings.render_in_flight,
            per_shop=min(settings.render_per_shop, settings.render_in_flight - 1),
            lease=settings.render_lease,
            watermark_test_orders=settings.watermark_test_orders,
        ),
    )
    delivering = DeliveryDispatcher(
        store,
        pool,
        ground(Topic.DELIVERIES),
        runtime.clock,
        DeliveryLimits(settings.delivery_in_flight, settings.delivery_per_shop, settings.delivery_lease),
    )
    copies = DeliveredCopies(pool, objects, timedelta(seconds=settings.delivered_copy_seconds))
    pin_loop = DispatchLoop("pinning", pinning.dispatch, lambda: runtime.heartbeat("pinning"))
    release_loop = DispatchLoop("release", release.dispatch, lambda: runtime.heartbeat("release"))
    delivery_loop = DispatchLoop("delivering", delivering.dispatch, lambda: runtime.heartbeat("delivering"))
    copies_loop = DispatchLoop("delivered copies", copies.dispatch, lambda: runtime.heartbeat("delivered copies"))
    store.on_change(pin_loop.wake, Step.PINNING)
    store.on_change(release_loop.wake, Step.QUEUED, Step.RENDERING)
    store.on_change(delivery_loop.wake, Step.DELIVERING)
    pinning.on_free(pin_loop.wake)
    runtime.on_stop(pinning.drain, name="pinning under way")

    async def keep(record: Record) -> None:
        entry = record.decode(CatalogEntry)
        await store.put_catalog(entry)
        metrics.CATALOG_ENTRIES.labels(kind=entry.kind).inc()

    # To its end before the first order: an order must not be judged by a catalog that is half read.
    catalog = await runtime.ground("catalog", lambda: read_compacted(settings, Topic.CATALOG, keep))
    runtime.spawn("catalog", catalog.follow(runtime.stopping, lambda: runtime.heartbeat("catalog")))

    runtime.spawn("outbox", OutboxRelay(pool, producer).run(runtime.drained), last=True)
    runtime.spawn("pinning", pin_loop.run(runtime.stopping))
    runtime.spawn("release", release_loop.run(runtime.stopping))
    runtime.spawn("delivering", delivery_loop.run(runtime.stopping))
    runtime.spawn("delivered copies", copies_loop.run(runtime.stopping))
    runtime.spawn("upkeep", Upkeep(pool, runtime.clock).run(runtime.stopping))
    consume(
        runtime,
        settings,
        group=GROUP,
        topics=TOPICS,
        handler=OrderIntake(
            store, Reconciliation(pool, runtime.clock), Erasure(store, pool, objects, runtime.clock), runtime.clock
        ).handle,
        producer=producer,
        parallel=PARALLEL,
    )
