"""Waiting for the next change: one look at the counters serves every waiting request of the process."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.logs import get_logger

from printworks_jobs_api.metrics import WAITING
from printworks_jobs_api.reading import Reader

LOOK_SECONDS = 0.25
"""A look is one small query whoever waits; more often would not be noticed by a person."""

_log = get_logger(__name__)


class ChangeWatch:
    """Wakes requests when their shop has a change with a higher number than the one they know."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._waiting: dict[asyncio.Future[None], tuple[str, int]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Look while somebody waits, until `stopping`: then everybody is sent home. While the database is away nobody
        is woken; waiting requests end at their time."""
        while not stopping.is_set():
            if self._waiting:
                await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stopping.wait()
        self._wake(lambda _shop, _known: True)

    async def _look(self) -> None:
        try:
            newest = await self._reader.newest_changes({shop for shop, _ in self._waiting.values()})
        except (GroundMissingError, TransientError) as error:
            _log.warning("changes_not_seen", code=error.code)
            return
        self._wake(lambda shop, known: newest.get(shop, 0) > known)

    def _wake(self, due: Callable[[str, int], bool]) -> None:
        for future, (shop, known) in self._waiting.items():
            if due(shop, known) and not future.done():
                future.set_result(None)

    async def wait(self, shop: str, known: int, seconds: float) -> None:
        """Return when the shop has a change after `known`, or after `seconds`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = (shop, known)
        WAITING.inc()
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return
        finally:
            WAITING.dec()
            del self._waiting[future]
