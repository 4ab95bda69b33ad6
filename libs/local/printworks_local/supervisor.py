"""Keeps the services running, as Kubernetes would: one that dies is started again, after a growing pause.

Ports stay the same over restarts. Every service dies with this process, whatever ends it (see `stack.launcher`).
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from printworks_local.images import Images
from printworks_local.services import Service
from printworks_local.stack import StackError
from printworks_local.stack.process import Command, ServerProcess, log_tail

PAUSES = (0.2, 1.0, 3.0, 10.0)
"""Seconds before the first, second, … start after a death."""

SETTLED_SECONDS = 60.0
"""A service that ran so long begins again with the shortest pause."""

STOP_SECONDS = 12.0
WATCH_SECONDS = 0.1


class Supervised:
    """One process of a service: its port, what runs now, and the task that watches it."""

    def __init__(
        self, service: Service, command: Command, *, port: int, changed: Callable[["Supervised"], None]
    ) -> None:
        self.service = service
        self.name = command.name
        self.port = port
        self.log = command.log
        self.restarts = 0
        """Starts after a death; those that were asked for do not count."""
        self._command = command
        self._changed = changed
        self._process: ServerProcess | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """None while the service does not run."""
        return self._process.pid if self._process is not None and self._process.running else None

    def start(self) -> None:
        """Start it and keep it running from now on."""
        self._start()
        self._watch = asyncio.create_task(self._keep_running(), name=f"watch {self.name}")

    async def wait_ready(self, seconds: float) -> None:
        """Until `/readyz` answers 200. Raises StackError with the tail of the log when it does not."""
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            last = "no answer"
            while time.monotonic() < deadline:
                try:
                    answer = await client.get(f"{self.url}/readyz")
                    if answer.is_success:
                        return
                    last = answer.text.strip()
                except httpx.HTTPError as error:
                    last = type(error).__name__
                await asyncio.sleep(0.1)
        raise StackError(
            f"{self.name} was not ready after {seconds:g} seconds (last answer: {last}). "
            f"Its log, {self.log}, ends with:\n{log_tail(self.log)}",
            code="service_not_ready",
        )

    def kill(self) -> int:
        """kill -9, as a fault; it is started again. Returns the process id that died."""
        return self._signal(signal.SIGKILL)

    def pause(self) -> int:
        """SIGSTOP, as a fault: it holds its connections and does nothing. Returns its process id."""
        return self._signal(signal.SIGSTOP)

    def resume(self) -> int:
        """Undo `pause`."""
        return self._signal(signal.SIGCONT)

    async def stop(self) -> None:
        """End it for good: SIGTERM, then SIGKILL when it takes too long."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        if self._process is not None:
            await self._process.stop()

    async def restart(self, command: Command | None = None) -> None:
        """As a rollout does: SIGTERM, time to finish, then a new process, of `command` where one is given."""
        await self.stop()
        self._command = command or self._command
        self.start()

    @property
    def command(self) -> Command:
        """What it is started with."""
        return self._command

    def _signal(self, number: signal.Signals) -> int:
        if self._process is None or not self._process.running:
            raise StackError(f"{self.name} does not run.", code="service_not_running")
        pid = self._process.pid
        os.kill(pid, number)
        return pid

    def _start(self) -> None:
        self._process = ServerProcess(self._command)
        self._changed(self)

    async def _keep_running(self) -> None:
        deaths = 0
        began = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._process is not None and self._process.running:
                continue
            code = None if self._process is None else self._process.exit_code
            deaths = 0 if time.monotonic() - began > SETTLED_SECONDS else deaths
            pause = PAUSES[min(deaths, len(PAUSES) - 1)]
            print(f"[services] {self.name} ended with code {code}; it starts again in {pause:g} s", flush=True)
            if deaths >= len(PAUSES):
                print(f"{self.log} ends with:\n{log_tail(self.log, 15)}", file=sys.stderr, flush=True)
            await asyncio.sleep(pause)
            deaths += 1
            began = time.monotonic()
            self.restarts += 1
            self._start()


def console_command(name: str) -> Path:
    """The console command of an installed package, in the environment of this interpreter."""
    path = Path(sys.executable).with_name(name)
    if not path.is_file():
        raise StackError(f"The command {name} is not installed here; run `make install`.", code="command_missing")
    return path


async def run_command(
    name: str, arguments: list[str], environment: Mapping[str, str], log: Path, images: Images | None = None
) -> None:
    """Run a command of a service to its end. Raises StackError with the tail of its log when it fails."""
    words = images.command(name, arguments, None) if images else [str(console_command(name)), *arguments]
    await ServerProcess(
        Command(
            name=f"{name} {arguments[0]}",
            arguments=words,
            log=log,
            environment=environment,
        )
    ).wait_success()
