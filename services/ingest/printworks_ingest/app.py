"""Wiring of the ingest roles, nothing else."""

from printworks_common.dispatch import DispatchLoop
from printworks_common.events.topics import Topic
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.postgres import Pool
from printworks_common.runtime import Runtime
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.installations import LiveShops
from printworks_common.shopify.shops import ShopRegistry
from printworks_common.wiring import connect_database, connect_live_shops, connect_producer, consume

from printworks_ingest.collector import spare_the_collector
from printworks_ingest.counting import Counts
from printworks_ingest.door import Door
from printworks_ingest.erasure import Erasure, Intake
from printworks_ingest.nights import Night, Nights, count_round
from printworks_ingest.profiles import Profiles
from printworks_ingest.publishing import OrderPublisher
from printworks_ingest.receiver import Receiver
from printworks_ingest.reconciler import measure, rounds_of
from printworks_ingest.rereads import Rereads
from printworks_ingest.rounds import Rounds
from printworks_ingest.settings import SCHEMA, ReceiverSettings, ReconcilerSettings
from printworks_ingest.subscriptions import Audit
from printworks_ingest.sweeps import Sweeps

LEFT_EXIT_CODE = 4
"""A shop could not be counted."""


async def build_receiver(runtime: Runtime[ReceiverSettings]) -> None:
    settings = runtime.settings
    shops = ShopRegistry(settings.shops_file)
    producer = await connect_producer(runtime, settings, acknowledge_within=settings.publish_timeout_seconds)
    receiver = Receiver(shops, producer, runtime.clock)
    runtime.serve_http(Door(receiver, max_body_bytes=settings.max_body_bytes))
    spare_the_collector()


async def build_reconciler(runtime: Runtime[ReconcilerSettings]) -> None:
    settings, clock = runtime.settings, runtime.clock
    producer, pool, shops, clients = await _connect(runtime)
    erasure = Erasure(pool, producer, clock)
    publisher = OrderPublisher(producer, clock, erasure.kept)

    rereads = Rereads(pool=pool, shops=shops, clients=clients, publisher=publisher, clock=clock)
    sweeps = _sweeps(runtime, pool, clients, publisher)
    counts = _counts(runtime, clients, producer)
    nights = Nights(pool, clock, settings.first_reach)
    audit = Audit(pool=pool, clients=clients, clock=clock, address=settings.webhook_address)

    reading = DispatchLoop("rereads", rereads.dispatch, lambda: runtime.heartbeat("rereads"))
    rereads.on_work(reading.wake)
    runtime.on_stop(rereads.drain, name="re-reads under way")
    runtime.spawn("rereads", reading.run(runtime.stopping))
    profiles = Profiles(clients=clients, producer=producer, clock=clock)
    for kind in rounds_of(settings, sweeps, counts, audit, profiles):
        _run_rounds(runtime, Rounds(kind, pool=pool, shops=shops, clock=clock), kind.kind)
    runtime.spawn("measure", measure(shops, rereads, sweeps, nights, audit, runtime.stopping))
    consume(
        runtime,
        settings,
        group="reconciler",
        topics=[Topic.ORDER_REREADS, Topic.PRIVACY],
        handler=Intake(rereads, erasure).handle,
        producer=producer,
    )


async def build_count(runtime: Runtime[ReconcilerSettings]) -> None:
    """Count every shop once, for a CronJob; then end."""
    settings, clock = runtime.settings, runtime.clock
    producer, pool, shops, clients = await _connect(runtime)
    sweeps = _sweeps(runtime, pool, clients, OrderPublisher(producer, clock))
    count = count_round(_counts(runtime, clients, producer), sweeps, settings.reconcile_count_hour)
    night = Night(count, pool=pool, shops=shops, clock=clock)
    _run_rounds(runtime, night.rounds, count.kind)
    left = await night.run(runtime.stopping)
    runtime.stop()
    if left:
        raise SystemExit(LEFT_EXIT_CODE)


async def _connect(
    runtime: Runtime[ReconcilerSettings],
) -> tuple[KafkaProducer, Pool, LiveShops, AdminClients]:
    settings = runtime.settings
    producer = await connect_producer(runtime, settings)
    pool = await connect_database(runtime, settings, SCHEMA)
    shops = await connect_live_shops(runtime, settings, ShopRegistry(settings.shops_file))
    http = http_client()
    runtime.on_stop(http.aclose, name="http client")
    return producer, pool, shops, AdminClients(http)


def _sweeps(
    runtime: Runtime[ReconcilerSettings], pool: Pool, clients: AdminClients, publisher: OrderPublisher
) -> Sweeps:
    return Sweeps(
        pool=pool,
        clients=clients,
        publisher=publisher,
        clock=runtime.clock,
        overlap=runtime.settings.overlap,
        first_reach=runtime.settings.first_reach,
        stopping=runtime.stopping,
    )


def _counts(runtime: Runtime[ReconcilerSettings], clients: AdminClients, producer: KafkaProducer) -> Counts:
    return Counts(
        clients=clients,
        producer=producer,
        clock=runtime.clock,
        window=runtime.settings.window,
        settled=runtime.settings.settled,
    )


def _run_rounds(runtime: Runtime[ReconcilerSettings], rounds: Rounds, kind: str) -> None:
    loop = DispatchLoop(kind, rounds.dispatch, lambda: runtime.heartbeat(kind))
    runtime.on_stop(rounds.drain, name=f"{kind}s under way")
    runtime.spawn(kind, loop.run(runtime.stopping))
