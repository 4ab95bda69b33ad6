"""Wiring of the two roles: nothing is decided here."""

import asyncio
from contextlib import suppress
from importlib import metadata

from fastapi import FastAPI
from printworks_common.clock import SystemClock
from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.events.control import (
    CatalogEntry,
    PrivacyRequested,
    ReconciliationCompared,
    ReconciliationCounted,
    ShopifyWriteReported,
)
from printworks_common.events.orders import OrderReceived
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.events.privacy import PrivacyAnswered
from printworks_common.events.topics import Topic
from printworks_common.logs import get_logger
from printworks_common.outbox import OutboxRelay
from printworks_common.postgres import Pool, close_pool
from printworks_common.runtime import Runtime
from printworks_common.shopify.shops import ShopRegistry
from printworks_common.storage import ObjectStore
from printworks_common.wiring import connect_database, connect_producer, consume

from printworks_jobs_api import file_lists, files, problems
from printworks_jobs_api.api import assets as asset_routes
from printworks_jobs_api.api import bulk as bulk_routes
from printworks_jobs_api.api import catalog as catalog_routes
from printworks_jobs_api.api import changes as change_routes
from printworks_jobs_api.api import commands as command_routes
from printworks_jobs_api.api import dry_runs as dry_run_routes
from printworks_jobs_api.api import exports as export_routes
from printworks_jobs_api.api import keys as key_routes
from printworks_jobs_api.api import print_jobs as job_routes
from printworks_jobs_api.api import privacy as privacy_routes
from printworks_jobs_api.api import reconciliation as reconciliation_routes
from printworks_jobs_api.api import shop_settings as settings_routes
from printworks_jobs_api.api import summary as summary_routes
from printworks_jobs_api.api.context import Services
from printworks_jobs_api.assets import Assets
from printworks_jobs_api.background import work
from printworks_jobs_api.bulk import BulkActions
from printworks_jobs_api.catalog import Catalog
from printworks_jobs_api.changes import ChangeWatch
from printworks_jobs_api.commands import Commands
from printworks_jobs_api.cors import ApiCors
from printworks_jobs_api.dry_runs import DryRuns
from printworks_jobs_api.edge import Edge
from printworks_jobs_api.export_places import Places
from printworks_jobs_api.export_plan import Planner
from printworks_jobs_api.export_stream import Streams
from printworks_jobs_api.exports import Exports
from printworks_jobs_api.guesses import Guesses
from printworks_jobs_api.held_data import HeldData
from printworks_jobs_api.idempotency import Once
from printworks_jobs_api.intake import Intake
from printworks_jobs_api.keeping import Keeping
from printworks_jobs_api.keyring import Keyring
from printworks_jobs_api.keys import KeyStore
from printworks_jobs_api.limits import RateLimiter
from printworks_jobs_api.metrics import COMMANDS
from printworks_jobs_api.openapi import document
from printworks_jobs_api.own_storage import OwnStorages
from printworks_jobs_api.pages import line as line_page
from printworks_jobs_api.pages import routes as page_routes
from printworks_jobs_api.pages import shell as page_shell
from printworks_jobs_api.privacy import Privacy
from printworks_jobs_api.privacy_report import PrivacyReport
from printworks_jobs_api.projector import Projector
from printworks_jobs_api.reading import Reader
from printworks_jobs_api.reconciliations import Reconciliations
from printworks_jobs_api.settings import SCHEMA, ApiSettings, ProjectorSettings
from printworks_jobs_api.shopify_writes import ShopifyWrites
from printworks_jobs_api.shops import ShopBook, ShopProfiles
from printworks_jobs_api.staff import Staff
from printworks_jobs_api.states import States
from printworks_jobs_api.tenancy import open_requests
from printworks_jobs_api.webhooks import WebhookNotes

GROUP = "jobs-api-projector"

_TIDY_SECONDS = 3600.0

_log = get_logger(__name__)


async def build_projector(runtime: Runtime[ProjectorSettings]) -> None:
    settings = runtime.settings
    pool = await connect_database(runtime, settings, SCHEMA)
    producer = await connect_producer(runtime, settings)
    reconciliations = Reconciliations(pool)
    privacy = Privacy(pool, Catalog(pool, runtime.clock), producer, runtime.clock)
    intake = Intake(
        {
            OrderSnapshot.type_name: Projector(pool, runtime.clock).handle,
            ReconciliationCounted.type_name: reconciliations.handle,
            ReconciliationCompared.type_name: reconciliations.handle,
            ShopifyWriteReported.type_name: ShopifyWrites(pool).handle,
            OrderReceived.type_name: WebhookNotes(pool).handle,
            CatalogEntry.type_name: ShopProfiles(pool).handle,
            PrivacyRequested.type_name: privacy.requested,
            PrivacyAnswered.type_name: privacy.answered,
        }
    )
    runtime.spawn("privacy", privacy.measure(runtime.stopping))
    runtime.spawn("states", States(pool).measure(runtime.stopping))
    consume(
        runtime,
        settings,
        group=GROUP,
        topics=[
            Topic.PRINT_JOBS,
            Topic.RECONCILIATION,
            Topic.SHOPIFY_WRITES,
            Topic.ORDERS,
            Topic.CATALOG,
            Topic.PRIVACY,
        ],
        handler=intake.handle,
        producer=producer,
        parallel=settings.projector_parallel,
    )


async def build_api(runtime: Runtime[ApiSettings]) -> None:
    settings = runtime.settings
    pool = await connect_database(runtime, settings, SCHEMA)
    producer = await connect_producer(runtime, settings)
    store = ObjectStore(settings)
    runtime.on_stop(store.close, name="store")
    requests = await runtime.ground("postgres", lambda: open_requests(settings))
    runtime.on_stop(lambda: close_pool(requests), name="database of requests")
    services = assemble(pool, requests, store, settings)
    runtime.spawn("outbox", OutboxRelay(pool, producer).run(runtime.drained), last=True)
    runtime.spawn("changes", services.watch.run(runtime.stopping))
    runtime.spawn("tidy", _tidy(services, pool, runtime.stopping))
    runtime.spawn("exports", work("exports", services.planner.step, runtime.stopping))
    runtime.spawn("bulk", work("bulk", services.bulk.step, runtime.stopping))
    runtime.serve_http(create_app(services))


def assemble(pool: Pool, requests: Pool, store: ObjectStore, settings: ApiSettings) -> Services:
    """The parts that the routes use. `pool` sees all shops: for what finds out whose request or whose work it is.
    `requests` sees the shop that is acted for (`tenancy.py`): for everything else."""
    clock = SystemClock()
    reader = Reader(requests, clock)
    keys = KeyStore(pool, clock)
    catalog = Catalog(requests, clock)
    storages = OwnStorages(
        requests, catalog, settings.sealer(), allow_private_addresses=settings.allow_private_addresses
    )
    places = Places(store, storages)
    shops = ShopBook(requests, clock)
    commands = Commands(requests, clock, count=lambda kind, outcome: COMMANDS.labels(kind, outcome).inc())
    return Services(
        clock=clock,
        keys=keys,
        staff=Staff(ShopRegistry(settings.shops_file) if settings.shops_file else None, clock),
        keyring=Keyring(requests, clock, keys),
        limiter=RateLimiter(settings.requests_per_second, settings.requests_burst),
        guesses=Guesses(settings.wrong_keys_per_minute, settings.wrong_keys_burst),
        trusted_proxies=settings.proxies(),
        once=Once(requests, clock),
        reader=reader,
        shops=shops,
        commands=commands,
        bulk=BulkActions(pool, requests, clock, commands, shops),
        catalog=catalog,
        dry_runs=DryRuns(catalog, store, clock),
        assets=Assets(requests, catalog, store, max_bytes=settings.upload_max_bytes, folder=settings.upload_dir),
        storages=storages,
        places=places,
        exports=Exports(requests, clock, shops, kept_days=settings.export_days),
        planner=Planner(pool, requests, clock, places, shops, part_bytes=settings.export_part_bytes),
        streams=Streams(requests, places),
        keeping=Keeping(requests, clock, catalog, settings.retention_days),
        privacy=PrivacyReport(requests),
        held_data=HeldData(requests, store),
        watch=ChangeWatch(Reader(pool, clock)),
        store=store,
        signer=settings.link_signer(),
        public_url=settings.public_url,
        presign_seconds=settings.presign_seconds,
        upload_max_bytes=settings.upload_max_bytes,
        upload_dir=settings.upload_dir,
        session_secret=settings.session_secret(),
        session_hours=settings.session_hours,
    )


def create_app(services: Services) -> FastAPI:
    """The HTTP application: API, file links and pages."""
    app = routed_app()
    app.state.services = services
    app.add_middleware(ApiCors)
    app.add_middleware(Edge)
    problems.install(app, page=page_shell.error_page)
    page_routes.mount(app)
    return app


def routed_app() -> FastAPI:
    """The routes of the API, which is all that its document needs."""
    app = FastAPI(
        title="Printworks jobs API",
        version=metadata.version("printworks-jobs-api"),
        openapi_url="/v1/openapi.json",
        # Both would load scripts from another host.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    document.use(app)
    for router in (
        job_routes.router,
        command_routes.router,
        bulk_routes.router,
        catalog_routes.router,
        dry_run_routes.router,
        asset_routes.router,
        settings_routes.router,
        key_routes.router,
        export_routes.router,
        change_routes.router,
        reconciliation_routes.router,
        privacy_routes.router,
        summary_routes.router,
        files.router,
        file_lists.router,
        line_page.router,
    ):
        app.include_router(router)
    return app


async def _tidy(services: Services, pool: Pool, stopping: asyncio.Event) -> None:
    """Drop what is only kept for a while, at the start and then every hour."""
    while not stopping.is_set():
        try:
            await services.commands.forget_old(pool)
            await services.exports.forget_old(pool)
            await services.bulk.forget_old()
            await services.dry_runs.forget_old()
        except (GroundMissingError, TransientError) as error:
            _log.warning("not_tidied", code=error.code)
        with suppress(TimeoutError):
            async with asyncio.timeout(_TIDY_SECONDS):
                await stopping.wait()
