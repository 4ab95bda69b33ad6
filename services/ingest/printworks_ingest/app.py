"""Wiring of the ingest roles, nothing else."""

import httpx
from printworks_common.events.topics import Topic
from printworks_common.runtime import Runtime
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.shops import ShopRegistry
from printworks_common.wiring import connect_database, connect_live_shops, connect_producer, consume

from printworks_ingest.door import Door
from printworks_ingest.receiver import Receiver
from printworks_ingest.reconciler import Reconciler
from printworks_ingest.settings import SCHEMA, ReceiverSettings, ReconcilerSettings


async def build_receiver(runtime: Runtime[ReceiverSettings]) -> None:
    settings = runtime.settings
    shops = ShopRegistry(settings.shops_file)
    producer = await connect_producer(runtime, settings, acknowledge_within=settings.publish_timeout_seconds)
    receiver = Receiver(shops, producer, runtime.clock)
    runtime.serve_http(Door(receiver, max_body_bytes=settings.max_body_bytes))


async def build_reconciler(runtime: Runtime[ReconcilerSettings]) -> None:
    settings = runtime.settings
    producer = await connect_producer(runtime, settings)
    pool = await connect_database(runtime, settings, SCHEMA)
    shops = await connect_live_shops(runtime, settings, ShopRegistry(settings.shops_file))
    http: httpx.AsyncClient = http_client()
    runtime.on_stop(http.aclose, name="http client")
    reconciler = Reconciler(settings, shops=shops, http=http, producer=producer, pool=pool, clock=runtime.clock)
    consume(
        runtime,
        settings,
        group="reconciler",
        topics=[Topic.ORDER_REREADS],
        handler=reconciler.handle,
        producer=producer,
    )
    runtime.spawn("sweeps", reconciler.run_sweeps(runtime.stopping))
