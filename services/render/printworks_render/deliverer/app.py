"""Wiring of the deliverer, nothing else."""

from printworks_common.events.topics import Topic
from printworks_common.kafka.compacted import read_compacted
from printworks_common.runtime import Runtime
from printworks_common.storage import ObjectStore
from printworks_common.wiring import connect_producer, consume

from printworks_render.deliverer.delivery import Deliverer, DeliveryLimits
from printworks_render.deliverer.storages import Storages
from printworks_render.settings import DelivererSettings


async def build(runtime: Runtime[DelivererSettings]) -> None:
    settings = runtime.settings
    producer = await connect_producer(runtime, settings)
    objects = ObjectStore(settings)
    runtime.on_stop(objects.close, name="object store")
    storages = Storages()
    catalog = await runtime.ground("catalog", lambda: read_compacted(settings, Topic.CATALOG, storages.keep))
    runtime.spawn("catalog", catalog.follow(runtime.stopping, lambda: runtime.heartbeat("catalog")))
    limits = DeliveryLimits(settings.delivery_timeout_seconds, settings.allow_private_addresses)
    deliverer = Deliverer(storages, objects, producer, runtime.clock, settings.sealer(), limits)
    consume(
        runtime,
        settings,
        group="deliverer",
        topics=[Topic.DELIVERIES],
        handler=deliverer.handle,
        producer=producer,
        parallel=settings.delivery_parallel,
    )
