"""Wiring of the writer, nothing else."""

from datetime import timedelta

from printworks_common.dispatch import DispatchLoop
from printworks_common.events.topics import Topic
from printworks_common.outbox import OutboxRelay
from printworks_common.runtime import Runtime
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import ShopRegistry
from printworks_common.wiring import connect_database, connect_live_shops, connect_producer, consume

from printworks_shopify_writer.convergence import Convergence
from printworks_shopify_writer.definitions import Definitions
from printworks_shopify_writer.drift import Sweeper
from printworks_shopify_writer.erasure import Erasure, Records
from printworks_shopify_writer.holding import Holding
from printworks_shopify_writer.intake import Intake
from printworks_shopify_writer.orders import Orders
from printworks_shopify_writer.settings import SCHEMA, WriterSettings
from printworks_shopify_writer.target import Names
from printworks_shopify_writer.writer import Writer


async def build_writer(runtime: Runtime[WriterSettings]) -> None:
    settings = runtime.settings
    producer = await connect_producer(runtime, settings)
    pool = await connect_database(runtime, settings, SCHEMA)
    orders = Orders(pool)
    shops = await connect_live_shops(runtime, settings, ShopRegistry(settings.shops_file))
    http = http_client()
    runtime.on_stop(http.aclose, name="http client")
    clients = AdminClients(http)
    names = Names(settings.tag_prefix, settings.metafield_namespace)
    writer = Writer(
        orders,
        shops,
        clients,
        Convergence(
            orders, names, Holding(orders, on=settings.fulfilment_holds), order_attributes=settings.order_attributes
        ),
        Definitions(orders, settings.metafield_namespace),
        writes_per_shop=settings.writes_per_shop,
    )
    loop = DispatchLoop("writes", writer.dispatch, lambda: runtime.heartbeat("writes"))
    writer.on_work(loop.wake)
    runtime.on_stop(writer.drain, name="writes under way")
    erasure = Erasure(pool, shops, producer, runtime.clock)
    consume(
        runtime,
        settings,
        group="shopify-writer",
        topics=[Topic.PRINT_JOBS, Topic.PRIVACY],
        handler=Records(Intake(orders, loop.wake), erasure).handle,
        producer=producer,
        parallel=32,
    )
    runtime.spawn("writes", loop.run(runtime.stopping))
    runtime.spawn("outbox", OutboxRelay(pool, producer).run(runtime.drained), last=True)
    erasures = DispatchLoop("erasures", erasure.dispatch, lambda: runtime.heartbeat("erasures"))
    runtime.spawn("erasures", erasures.run(runtime.stopping))
    if settings.drift_days:
        sweeper = Sweeper(
            orders,
            shops,
            clients,
            names,
            within=timedelta(days=settings.drift_days),
            every=timedelta(minutes=settings.drift_every_minutes),
            paused=writer.paused,
        )
        runtime.on_stop(sweeper.drain, name="looks under way")
        looking = DispatchLoop("drift", sweeper.dispatch, lambda: runtime.heartbeat("drift"))
        runtime.spawn("drift", looking.run(runtime.stopping))
