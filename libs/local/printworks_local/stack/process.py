"""One server process of the local stack: started under the launcher, watched, stopped, killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from printworks_local.stack.model import StackError

LAUNCHER = Path(__file__).with_name("launcher.py")
TAIL_LINES = 40
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run. `arguments[0]` is an absolute path."""

    name: str
    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    unprivileged_in: Path | None = None
    """For a server that refuses to run as root: the directory it must own."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends when the owner dies."""
    stop_timeout: float = 10.0
    """Seconds between `stop_signal` and SIGKILL."""


def log_tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, for an error message."""
    if not log.is_file():
        return "(no log)"
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


class ServerProcess:
    """One run of a command; a new object for each start."""

    def __init__(self, command: Command) -> None:
        self.command = command
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())),
                    str(int(command.death_signal)),
                    str(command.unprivileged_in or "-"),
                    *("--", *command.arguments),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **command.environment},
                # Ctrl-C is for the owner, which ends the parts in order. Not a session of its own: Linux shares out the
                # processor by sessions first (sched(7), autogroup), and a render's low priority would spare nobody.
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._popen.returncode

    async def wait_ready(
        self, probe: Callable[[], Awaitable[None]], expected: tuple[type[Exception], ...], timeout: float
    ) -> None:
        """Call `probe` until it no longer raises one of `expected`.

        Raises StackError with the tail of the log when the process ends or `timeout` seconds pass."""
        deadline = time.monotonic() + timeout
        last: BaseException | None = None
        while True:
            if not self.running:
                raise StackError(
                    f"{self.command.name} ended with code {self._popen.returncode} before it was ready. "
                    f"Its log, {self.command.log}, ends with:\n{log_tail(self.command.log)}",
                    code="stack_part_ended",
                )
            try:
                async with asyncio.timeout(min(5.0, max(0.1, deadline - time.monotonic()))):
                    await probe()
                return
            except (*expected, TimeoutError) as error:
                last = error
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.command.name} was not ready after {timeout:g} seconds ({type(last).__name__}: {last}). "
                    f"Its log, {self.command.log}, ends with:\n{log_tail(self.command.log)}",
                    code="stack_part_not_ready",
                ) from last
            await asyncio.sleep(0.05)

    async def wait_success(self) -> None:
        """Wait for a command that ends by itself. Raises StackError with the tail of its log when it fails."""
        try:
            await self._ended()
        finally:
            await self.kill()
        if self._popen.returncode != 0:
            raise StackError(
                f"{self.command.name} failed with code {self._popen.returncode}. "
                f"Its log, {self.command.log}, ends with:\n{log_tail(self.command.log)}",
                code="stack_part_ended",
            )

    async def stop(self) -> None:
        """Ask it to end, and kill it when it takes longer than its time."""
        if self.running:
            self._popen.send_signal(signal.SIGCONT)  # a paused process could not hear the next signal
            self._popen.send_signal(self.command.stop_signal)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.command.stop_timeout):
                    await self._ended()
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL to it and its children, and wait until they are gone."""
        if self.running:
            kill_tree(self.pid)
        await self._ended()

    async def _ended(self) -> None:
        while self.running:  # noqa: ASYNC110 - another process ends; there is no event to wait for
            await asyncio.sleep(POLL_SECONDS)

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and answers nothing."""
        self._popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._popen.send_signal(signal.SIGCONT)


def kill_tree(pid: int) -> None:
    """SIGKILL a process and its descendants, and wait until the descendants are gone. Silent when there is none."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family[1:], timeout=10)
