"""The loop around a dispatcher: woken by every change in this process, and by time for what others did."""

import asyncio
from collections.abc import Awaitable, Callable

from printworks_common.errors import GroundMissingError
from printworks_common.logs import get_logger

log = get_logger(__name__)

LOOK_AGAIN_SECONDS = 0.5
"""How late a dispatcher notices what another replica queued, or a wait that is over."""

GROUND_PAUSE_SECONDS = 1.0


class DispatchLoop:
    def __init__(self, name: str, dispatch: Callable[[], Awaitable[int]], heartbeat: Callable[[], None]) -> None:
        self._name = name
        self._dispatch = dispatch
        self._heartbeat = heartbeat
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Dispatch until `stopping` is set. A ground that is missing is waited for."""
        while not stopping.is_set():
            self._heartbeat()
            self._woken.clear()
            try:
                if await self._dispatch():
                    continue
            except GroundMissingError as error:
                log.warning("dispatcher_waits", dispatcher=self._name, code=error.code)
                await asyncio.sleep(GROUND_PAUSE_SECONDS)
                continue
            try:
                async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue
