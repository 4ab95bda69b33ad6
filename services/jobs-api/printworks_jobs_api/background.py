"""Work that requests leave behind: it lies in the database, and any process of the API goes on with it step by step."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.logs import get_logger

LOOK_SECONDS = 1.0

_log = get_logger(__name__)


async def work(name: str, step: Callable[[], Awaitable[bool]], stopping: asyncio.Event) -> None:
    """Run `step` until `stopping`: at once again while it had something to do, else after a moment. While the database
    or a store is away it is tried again."""
    while not stopping.is_set():
        try:
            busy = await step()
        except (GroundMissingError, TransientError) as error:
            _log.warning("background_waits", work=name, code=error.code)
            busy = False
        if not busy:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stopping.wait()
