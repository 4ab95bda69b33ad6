"""The system that faults are made in: all services on the local stack, several shops, as many replicas as one likes.

    async with start_system(SystemOptions(replicas={"render-worker": 2}, link=Proxy.start)) as system:
        system.processes["render-worker-2"].kill()
        system.links.to(Target.S3)

The harness itself talks to broker, database, store and stand-in directly, whatever becomes of the links.
"""

import secrets
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from printworks_local.pictures import PictureServer
from printworks_local.products import Product
from printworks_local.services import API, COORDINATOR, RECEIVER, WORKER, WRITER, Service
from printworks_local.shop_floor import ShopFloor
from printworks_local.shopify.state import AppConfig, ShopConfig
from printworks_local.shops_file import CLIENT_ID
from printworks_local.stack import Part, Stack
from printworks_local.stack.model import checkout_root
from printworks_local.stack.process import Command
from printworks_local.supervisor import Supervised
from printworks_local.traffic import SMALL, put_small_pictures
from printworks_local.up import Launch, Printworks, UpOptions, as_it_is, start_printworks

from tests.faults.disk import small_disk
from tests.faults.front import Front
from tests.faults.links import EVERYBODY, WEBHOOKS, Links, MakeLink, Target
from tests.faults.products import TINY_CARD, TINY_PHOTO

PICTURE_WIDTH = 480
PRODUCTS: tuple[Product, ...] = (TINY_PHOTO, TINY_CARD, SMALL)

QUICK = {
    # A killed or stopped consumer is missed for so long.
    "PRINTWORKS_KAFKA_SESSION_SECONDS": "6",
    "PRINTWORKS_RECONCILE_EVERY_SECONDS": "5",
    # On a busy machine an order may appear on the stand-in many seconds after the time that its body has.
    "PRINTWORKS_RECONCILE_OVERLAP_SECONDS": "120",
    # The harness asks more than a person does.
    "PRINTWORKS_REQUESTS_PER_SECOND": "100000",
    "PRINTWORKS_REQUESTS_BURST": "100000",
    # What a killed worker had in hand is asked for again.
    "PRINTWORKS_RENDER_LEASE_SECONDS": "60",
}
"""Waiting times that are minutes in production."""

PACKAGES = (
    "libs/common", "services/ingest", "services/render", "services/jobs-api", "services/shopify-writer",
    "services/retention",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemOptions:
    """What is started. Scenarios with equal options can share one system."""

    label: str = "faults"
    shops: int = 2
    replicas: Mapping[str, int] = field(default_factory=dict[str, int])
    """Processes of a service by its name; else there is one."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables for all services; they win."""
    link: MakeLink | None = None
    """Makes what lies between a process and a server; None: nothing."""
    disks: Mapping[Part, int] = field(default_factory=dict[Part, int])
    """Parts that have a disk of their own, of so many MB."""
    launch: Launch = as_it_is
    """Other arguments or variables of a process, after its addresses were put in."""
    source: Path | None = None
    """A checkout whose services run instead of the installed ones."""


REPLICATED = SystemOptions(
    shops=3, replicas={service.name: 2 for service in (RECEIVER, COORDINATOR, WORKER, WRITER, API)}
)
"""Two of everything that an order passes through on its way to its tag, and of the API."""


@dataclass(slots=True)
class System:
    """What runs. `floors` has one shop each."""

    options: SystemOptions
    printworks: Printworks
    floors: list[ShopFloor]
    pictures: PictureServer
    addresses: Sequence[str]
    """Of customers' pictures, through the link where there is one."""
    links: Links
    fronts: Mapping[str, Front]
    """By service: what stands before its replicas."""
    disks: Mapping[Part, Path]
    """Of the parts that have one of their own."""

    @property
    def stack(self) -> Stack:
        return self.printworks.stack

    @property
    def bootstrap(self) -> str:
        return self.printworks.info.kafka_bootstrap

    @property
    def processes(self) -> dict[str, Supervised]:
        return self.printworks.supervised

    def of(self, service: Service) -> list[Supervised]:
        """All processes of a service."""
        return [one for one in self.processes.values() if one.service is service]

    def keep_logs(self, directory: Path) -> None:
        """Copy what the services have written, for whoever looks into a broken promise."""
        shutil.copytree(self.printworks.directory / "logs", directory, dirs_exist_ok=True)


@asynccontextmanager
async def start_system(options: SystemOptions) -> AsyncGenerator[System]:
    """Start everything, yield when all are ready and every shop has its products, end everything."""
    async with AsyncExitStack() as exits:
        pictures = exits.enter_context(PictureServer())
        links = await Links.make(options.link, options.replicas) if options.link else Links()
        exits.push_async_callback(links.close)
        fronts = {
            service.name: await exits.enter_async_context(Front())
            for service in (RECEIVER, API)
            if options.replicas.get(service.name, 1) > 1
        }
        disks = {part: exits.enter_context(small_disk(size)) for part, size in options.disks.items()}
        up = replace(_up(options, links, fronts), data_in=disks)
        printworks = await exits.enter_async_context(start_printworks(up))
        for name, front in fronts.items():
            behind = [one for one in printworks.supervised.values() if one.service.name == name]
            front.serve(behind)
            for one in behind:
                await front.wait_ready(one)
        door = fronts[RECEIVER.name].url if RECEIVER.name in fronts else printworks.ingest_url
        door = links.lead(WEBHOOKS, Target.RECEIVER, door)
        api = fronts[API.name].url if API.name in fronts else printworks.jobs_api_url
        floors = [
            await exits.enter_async_context(ShopFloor(printworks, shop, ingest_url=door, jobs_api_url=api))
            for shop in printworks.shops
        ]
        for floor in floors:
            await floor.sell(*PRODUCTS)
        addresses = [
            links.lead(EVERYBODY, Target.PICTURES, address) for address in put_small_pictures(pictures, PICTURE_WIDTH)
        ]
        yield System(options, printworks, floors, pictures, addresses, links, fronts, disks)


def _up(options: SystemOptions, links: Links, fronts: Mapping[str, Front]) -> UpOptions:
    def launch(service: Service, command: Command) -> Command:
        return options.launch(service, links.through(service, command))

    public = {"PRINTWORKS_PUBLIC_URL": fronts[API.name].url} if API.name in fronts else {}
    return UpOptions(
        label=options.label,
        environment={**QUICK, **public, **options.environment},
        stand_in=tuple(_shop(number) for number in range(1, options.shops + 1)),
        replicas=options.replicas,
        launch=launch,
        kafka_listeners=tuple(links.listeners.values()),
        python_path=packages_of(options.source) if options.source else (),
    )


def _shop(number: int) -> ShopConfig:
    """A shop of its own. The rate limit is not what is tried here."""
    app = AppConfig(client_id=CLIENT_ID, client_secret=secrets.token_hex(16))
    return ShopConfig(domain=f"shop-{number}.myshopify.com", plan="enterprise", apps=[app])


def packages_of(source: Path) -> tuple[Path, ...]:
    """The packages of a checkout, to come before those that are installed; this one's tests stay in reach."""
    return (*(source / package for package in PACKAGES), checkout_root())
