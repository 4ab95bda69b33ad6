"""The whole of Printworks on this machine: stack, services, shops. `make up`, the demo and the tests share it.

    async with start_printworks(UpOptions(label="demo")) as printworks:
        printworks.url(RECEIVER)

Whatever ends this process, everything that it started ends with it.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from printworks_common.shopify.shops import Shop

from printworks_local.database import open_database
from printworks_local.environment import Environment
from printworks_local.images import Images
from printworks_local.install import create_api_key, set_up_shop, wait_until_known
from printworks_local.services import API, RECEIVER, SCHEMAS, Service, processes
from printworks_local.shopify.server import start_shopify
from printworks_local.shopify.state import ShopConfig
from printworks_local.shops_file import RunningShop, demo_shop, given_shops, served_by, write_shops
from printworks_local.stack import Listener, Part, Stack, StackInfo, StackKind, StackOptions, end_runs, start_stack
from printworks_local.stack.model import checkout_root, kind_from_environment
from printworks_local.stack.ports import free_ports
from printworks_local.stack.process import Command
from printworks_local.stack.runs import Run, open_run
from printworks_local.supervisor import STOP_SECONDS, Supervised, console_command, run_command

READY_SECONDS = 90.0
"""Generous: a busy machine is not a fault."""

Launch = Callable[[Service, Command], Command]
"""What is run instead of a service's own command."""


def as_it_is(_service: Service, command: Command) -> Command:
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """How to start. The defaults are those of `make up`."""

    label: str = "up"
    root: Path = field(default_factory=checkout_root)
    shops_file: Path | None = None
    """Shops that somebody else stands behind; without it there is one shop behind the stand-in."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables for all services; they win."""
    publish: bool = False
    """Write `.printworks/stack.json`; else the file lies in the run directory."""
    quiet: bool = False
    images: Images | None = None
    """Run the services from these, as containers."""
    stand_in: tuple[ShopConfig, ...] = ()
    """Shops behind the stand-in; none: that of the demo."""
    replicas: Mapping[str, int] = field(default_factory=dict[str, int])
    """Processes of a service by its name; else there is one. The second is called `<name>-2`."""
    launch: Launch = as_it_is
    """For tests: other arguments or variables of a process."""
    kafka_listeners: tuple[Listener, ...] = ()
    data_in: Mapping[Part, Path] = field(default_factory=dict[Part, Path])
    """As in `StackOptions`."""
    python_path: tuple[Path, ...] = ()
    """Packages in these directories come before those that are installed, in services and their commands."""


@dataclass(slots=True)
class Printworks:
    """What runs."""

    directory: Path
    stack_file: Path
    stack: Stack
    postgres_dsn: str
    shopify_url: str | None
    """Of the stand-in; None when the shops were given."""
    supervised: dict[str, Supervised]
    """Processes by name: that of the service, and with a number behind it for further replicas."""
    shops: list[RunningShop] = field(default_factory=list[RunningShop])

    @property
    def info(self) -> StackInfo:
        return self.stack.info

    def url(self, service: Service) -> str:
        return self.supervised[service.name].url

    @property
    def ingest_url(self) -> str:
        return self.url(RECEIVER)

    @property
    def jobs_api_url(self) -> str:
        return self.url(API)

    def shop(self) -> RunningShop:
        """The first shop; usually the only one behind the stand-in."""
        return self.shops[0]

    def summary(self) -> str:
        """For the terminal: where everything is, and how to sign in."""
        lines = [f"webhooks       {self.ingest_url}/webhooks/shopify", f"Print Jobs     {self.jobs_api_url}/"]
        lines += [f"sign in with   {shop.api_key}   ({shop.domain})" for shop in self.shops]
        lines += [f"addresses      {self.stack_file}", f"logs           {self.directory / 'logs'}", "Ctrl-C ends it."]
        return "\n".join(lines)

    def write_stack_file(self) -> None:
        """What others need to find everything, replaced as a whole: a reader never sees half of it."""
        info = self.info
        content = {
            "ingest_url": self.ingest_url,
            "jobs_api_url": self.jobs_api_url,
            "kafka_bootstrap": info.kafka_bootstrap,
            "postgres_dsn": self.postgres_dsn,
            "s3_endpoint": info.s3_endpoint,
            "s3_access_key": info.s3_access_key,
            "s3_secret_key": info.s3_secret_key,
            "bucket": info.bucket,
            "shops": [asdict(shop) for shop in self.shops],
            "services": {
                name: {"pid": one.pid, "metrics_url": f"{one.url}/metrics"} for name, one in self.supervised.items()
            },
        }
        temporary = self.stack_file.with_suffix(".json.new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        temporary.replace(self.stack_file)


@asynccontextmanager
async def start_printworks(options: UpOptions) -> AsyncGenerator[Printworks]:
    """Start everything, yield when all services are ready and the shops are set up, end everything.

    Raises StackError with the tail of a log when a part does not get ready.
    """
    began = time.monotonic()
    kind = kind_from_environment()
    given = given_shops(options.shops_file) if options.shops_file is not None else None
    async with AsyncExitStack() as stack_of_exits:
        stack = await stack_of_exits.enter_async_context(start_stack(_stack_options(options, kind)))
        run = open_run(options.root, options.label, None, keep_data=False)
        stack_of_exits.callback(run.close)
        shopify_url: str | None = None
        if given is None:
            configs = list(options.stand_in) or [demo_shop()]
            shopify = await stack_of_exits.enter_async_context(start_shopify(configs))
            shopify_url = shopify.url
            given = [served_by(config, shopify.admin_api_url(config.domain)) for config in configs]
        printworks = await _start_services(options, kind, stack, run, given, shopify_url, stack_of_exits)
        _say(options, f"everything is ready after {time.monotonic() - began:.1f} s")
        yield printworks


def _stack_options(options: UpOptions, kind: StackKind) -> StackOptions:
    return StackOptions(
        label=options.label,
        root=options.root,
        kind=kind,
        quiet=options.quiet,
        kafka_listeners=options.kafka_listeners,
        data_in=options.data_in,
    )


async def _start_services(
    options: UpOptions,
    kind: StackKind,
    stack: Stack,
    run: Run,
    shops: list[Shop],
    shopify_url: str | None,
    exits: AsyncExitStack,
) -> Printworks:
    dsn, dsn_of_schema = await open_database(stack, kind)
    shops_file = _shops_file(options, run, exits)
    write_shops(shops_file, shops)
    if options.images is not None:
        shops_file.chmod(0o644)  # the user of the containers is nobody here
    named = processes(options.replicas)
    ports = dict(zip((name for name, _ in named), free_ports(len(named)), strict=True))
    environment = Environment(
        stack=stack.info,
        dsn_of_schema=dsn_of_schema,
        shops_file=shops_file,
        public_url=f"http://127.0.0.1:{ports[API.name]}",
        extra=options.environment,
    )
    python_path = {"PYTHONPATH": os.pathsep.join(map(str, options.python_path))} if options.python_path else {}
    await _prepare_ground(environment, run.directory / "logs", options.images, python_path)
    printworks = Printworks(
        directory=run.directory,
        stack_file=(options.root / ".printworks" if options.publish else run.directory) / "stack.json",
        stack=stack,
        postgres_dsn=dsn,
        shopify_url=shopify_url,
        supervised={},
    )
    complete = False

    def changed(one: Supervised) -> None:
        if one.pid is not None:
            run.record(one.name, one.pid)
        if complete:
            printworks.write_stack_file()

    for name, service in named:
        words = (
            options.images.command(service.command, [service.role], shops_file.parent)
            if options.images
            else [str(console_command(service.command)), service.role]
        )
        command = Command(
            name=name,
            arguments=words,
            log=run.directory / "logs" / f"{name}.log",
            environment=environment.of(service, ports[name]) | python_path,
            stop_timeout=STOP_SECONDS,
        )
        printworks.supervised[name] = Supervised(
            service, options.launch(service, command), port=ports[name], changed=changed
        )
    exits.push_async_callback(_stop, printworks)
    for one in printworks.supervised.values():
        one.start()
    await asyncio.gather(*(one.wait_ready(READY_SECONDS) for one in printworks.supervised.values()))
    for shop in shops:
        printworks.shops.append(await _open_shop(printworks.jobs_api_url, environment, shop))
        await wait_until_known(dsn, shop.domain)
    complete = True
    printworks.write_stack_file()
    return printworks


def _shops_file(options: UpOptions, run: Run, exits: AsyncExitStack) -> Path:
    """In the run's own folder; for containers in one that they see, and that holds nothing else."""
    if options.images is None:
        return run.directory / "shops.json"
    folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="printworks-shops-")))
    folder.chmod(0o755)
    return folder / "shops.json"


async def _prepare_ground(
    environment: Environment, logs: Path, images: Images | None, python_path: Mapping[str, str]
) -> None:
    """Topics and schemas, by the same commands that an installation uses; all at once."""
    kafka = {"PRINTWORKS_KAFKA_BOOTSTRAP": environment.stack.kafka_bootstrap, **python_path}
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(
                run_command("python", ["-m", "printworks_common.kafka.topics"], kafka, logs / "topics.log", images)
            )
            for schema, command in SCHEMAS.items():
                log = logs / f"migrate-{schema}.log"
                variables = {**environment.migration(schema), **python_path}
                group.create_task(run_command(command, ["migrate"], variables, log, images))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed


async def _open_shop(jobs_api_url: str, environment: Environment, shop: Shop) -> RunningShop:
    api_key = await create_api_key(shop.domain, environment.migration("jobs_api"))
    await set_up_shop(jobs_api_url, api_key)
    return RunningShop(
        domain=shop.domain,
        client_secret=shop.client_secret.get_secret_value(),
        admin_api_url=shop.base_url,
        api_key=api_key,
    )


async def _stop(printworks: Printworks) -> None:
    """All services at once: each finishes or hands back its work by itself."""
    printworks.stack_file.unlink(missing_ok=True)
    await asyncio.gather(*(one.stop() for one in printworks.supervised.values()))


def end_everything(root: Path, label: str) -> list[str]:
    """End what is left of earlier runs, and the running one of this label. Returns the names of what was ended."""
    ended = end_runs(root, live_label=label)
    (root / ".printworks" / "stack.json").unlink(missing_ok=True)
    return ended


def _say(options: UpOptions, text: str) -> None:
    if not options.quiet:
        print(f"[services] {text}", flush=True)
