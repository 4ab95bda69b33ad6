"""The life of a process: logs, traces and health come first, then its wiring; it stops in order and in time.

Order of a stop (SIGTERM, SIGINT): not ready → loops finish or hand back their work → what carries on their work (the
outbox relay) → callbacks, last registered first (flush, then close) → traces → end. All steps share one limit,
`drain_seconds`; after it the process ends with code 1, whatever hangs.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Generic

import uvicorn
import uvloop
from prometheus_client import CollectorRegistry
from typing_extensions import TypeVar

from printworks_common import logs, metrics, tracing
from printworks_common.clock import Clock, SystemClock
from printworks_common.errors import GroundMissingError
from printworks_common.health import AsgiApp, Check, Health, HealthServer, with_health
from printworks_common.http_protocol import LimitedHttp
from printworks_common.settings import ServiceSettings

CLOSING_SHARE = 0.3
"""Of the time to stop, what is kept for flushing and closing after the loops had theirs."""

GROUND_PAUSE_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)

HTTP_KEEP_ALIVE_SECONDS = 20
HTTP_BACKLOG = 2048

SettingsT = TypeVar("SettingsT", bound=ServiceSettings, default=ServiceSettings)
T = TypeVar("T")

_log = logs.get_logger("printworks.runtime")


class Runtime(Generic[SettingsT]):
    """What the wiring of a process gets."""

    def __init__(self, service: str, role: str, settings: SettingsT, listening: socket.socket) -> None:
        self.service = service
        self.role = role
        self.settings = settings
        self.clock: Clock = SystemClock()
        self.metrics: CollectorRegistry = metrics.registry
        self.health = Health(metrics.registry)
        self.stopping = asyncio.Event()
        """Set when the process is told to stop: loops end by it."""
        self.drained = asyncio.Event()
        """Set when the loops have ended: what was spawned with `last` ends by it."""
        self._listening = listening
        self._health_server = HealthServer(self.health)
        self._tasks: dict[asyncio.Task[None], bool] = {}
        self._callbacks: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._code = 0

    @property
    def port(self) -> int:
        """The port of the API, health and metrics."""
        return int(self._listening.getsockname()[1])

    def add_readiness(self, name: str, check: Check) -> None:
        """Ready only while `check` returns True."""
        self.health.add_readiness(name, check)

    def heartbeat(self, name: str) -> None:
        """A loop has turned; from the first call on it must do so at least once a minute."""
        self.health.heartbeat(name)

    def spawn(self, name: str, work: Coroutine[Any, Any, None], *, last: bool = False) -> None:
        """Run something that lasts until `stopping`. If it ends or fails before, the process ends with code 1.

        With `last` it lasts until `drained`, when all others have ended: for what carries on their work.
        """
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = last
        task.add_done_callback(self._ended)

    def on_stop(self, callback: Callable[[], Awaitable[None]], *, name: str | None = None) -> None:
        """Call this at the end, after the loops; the last registered comes first."""
        self._callbacks.append((name or getattr(callback, "__qualname__", type(callback).__name__), callback))

    async def ground(self, name: str, connect: Callable[[], Awaitable[T]]) -> T:
        """What `connect` returns, as soon as its ground is there.

        Tries for ever; meanwhile the process is alive and not ready. Raises CancelledError when it is told to
        stop.
        """
        tries = 0
        while True:
            try:
                return await connect()
            except GroundMissingError as error:
                pause = GROUND_PAUSE_SECONDS[min(tries, len(GROUND_PAUSE_SECONDS) - 1)]
                tries += 1
                _log.warning("waiting_for_ground", check=name, code=error.code, delay=pause, error=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.stopping.wait()
            if self.stopping.is_set():
                raise asyncio.CancelledError

    def serve_http(self, app: AsgiApp) -> None:
        """Serve `app`, with the health paths before it, on the port that served health alone until now."""
        self.spawn("http", self._serve_http(app))

    def stop(self) -> None:
        """Begin to stop, as on SIGTERM."""
        self.health.stopping()
        self.stopping.set()

    async def live(self, build: Callable[["Runtime[SettingsT]"], Awaitable[None]]) -> int:
        """Run the process from its wiring to its end. Returns the exit code."""
        await self._health_server.start(self._listening.dup())
        building = asyncio.create_task(self._build(build), name="build")
        stopping = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({building, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not self.stopping.is_set():
            self.health.started()
            _log.info("started", port=self.port)
            await self.stopping.wait()
        await self._wind_up(building)
        return self._code

    async def _build(self, build: Callable[["Runtime[SettingsT]"], Awaitable[None]]) -> None:
        try:
            await build(self)
        except SystemExit as ending:
            self._fail(ending.code if isinstance(ending.code, int) else 1)
        except asyncio.CancelledError:
            self.stop()
            raise
        except Exception as error:
            _log.error("build_failed", exc_info=error)
            self._fail(1)

    async def _wind_up(self, building: "asyncio.Task[None]") -> None:
        loop = asyncio.get_running_loop()
        seconds = self.settings.drain_seconds * 0.95  # the rest is for the interpreter
        deadline = loop.time() + seconds
        _log.info("stopping", limit=self.settings.drain_seconds)
        draining = [task for task, last in self._tasks.items() if not last]
        await _end([*draining, building], seconds * (1 - CLOSING_SHARE), seconds * CLOSING_SHARE / 6)
        self.drained.set()
        await _end(list(self._tasks), seconds * CLOSING_SHARE / 3, seconds * CLOSING_SHARE / 6)
        for name, callback in reversed(self._callbacks):
            await self._close(name, callback, deadline - loop.time())
        await self._health_server.stop()
        left = max(0.1, deadline - loop.time())
        await self._close("traces", lambda: asyncio.to_thread(tracing.shutdown, min(2.0, left)), left)
        _log.info("stopped", exit_code=self._code)

    async def _close(self, name: str, callback: Callable[[], Awaitable[None]], seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.1, seconds)):
                await callback()
        except TimeoutError:
            _log.warning("closing_took_too_long", task=name)
        except Exception as error:
            _log.error("closing_failed", task=name, exc_info=error)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        del self._tasks[task]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("task_failed", task=task.get_name(), exc_info=error)
            self._fail(1)
        elif not self.stopping.is_set():
            _log.error("task_ended_early", task=task.get_name())
            self._fail(1)

    def _fail(self, code: int) -> None:
        self._code = self._code or code
        self.stop()

    async def _serve_http(self, app: AsgiApp) -> None:
        config = uvicorn.Config(
            with_health(app, self.health),
            http=LimitedHttp,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # Behind an ingress the peer is the ingress. Nobody is let in or kept out by an address; where one counts
            # (wrong API keys), the service itself is told which proxies to believe.
            proxy_headers=False,
            backlog=HTTP_BACKLOG,
            timeout_keep_alive=HTTP_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, int(self.settings.drain_seconds * (1 - CLOSING_SHARE)) - 1),
        )
        server = _Server(config)
        await self._health_server.stop()
        serving = asyncio.create_task(server.serve([self._listening]), name="uvicorn")
        stopping = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        server.should_exit = True
        await serving


def run(
    service: str,
    role: str,
    settings: SettingsT,
    build: Callable[[Runtime[SettingsT]], Awaitable[None]],
) -> None:
    """Run a process: `build` wires it and returns, or itself works until `runtime.stopping`.

    Ends by SystemExit: 0 after an orderly stop, 1 when a part failed.
    """
    logs.configure(service, role, level=settings.log_level, style=settings.log_format, lasting=True)
    tracing.configure(service, role, otlp_endpoint=settings.otlp_endpoint)
    try:
        listening = socket.create_server((settings.http_host, settings.http_port), backlog=HTTP_BACKLOG)
    except OSError as error:
        _log.error("port_not_free", host=settings.http_host, port=settings.http_port, exc_info=error)
        sys.exit(1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_live(Runtime(service, role, settings, listening), build))
    # After this a thread that hangs in a system call would keep the interpreter: the watch set at SIGTERM ends it.
    sys.exit(code)


async def _live(runtime: Runtime[SettingsT], build: Callable[[Runtime[SettingsT]], Awaitable[None]]) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, runtime, number)
    return await runtime.live(build)


def _on_signal(runtime: Runtime[SettingsT], number: signal.Signals) -> None:
    if runtime.stopping.is_set():
        if number is signal.SIGINT:
            _log.warning("stopped_at_once", signal=number.name)
            os._exit(130)
        return
    _log.info("signal", signal=number.name)
    watch = threading.Timer(runtime.settings.drain_seconds, _give_up)
    watch.daemon = True
    watch.start()
    runtime.stop()


def _give_up() -> None:
    _log.error("stop_took_too_long")
    os._exit(1)


async def _end(tasks: "Sequence[asyncio.Task[None]]", seconds: float, after_cancel: float) -> None:
    """Wait for tasks that were told to end; cancel those that do not, and wait a little for that."""
    late = {task for task in tasks if not task.done()}
    if late:
        _, late = await asyncio.wait(late, timeout=seconds)
    for task in late:
        _log.warning("task_cancelled", task=task.get_name())
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=after_cancel)


class _Server(uvicorn.Server):
    """Uvicorn inside our loop: signals are the runtime's."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
