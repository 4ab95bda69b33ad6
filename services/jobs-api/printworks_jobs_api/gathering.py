"""What comes while a write is under way is written together by the next one.

Nothing waits for a batch to fill: a single item is written at once, and batches grow only as far as the writes are
slower than what comes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from printworks_common.errors import GroundMissingError

T = TypeVar("T")
R = TypeVar("R")


class Gathering(Generic[T, R]):
    """`write` takes items with different keys and gives a result for each, in their order."""

    def __init__(
        self, write: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, key: Callable[[T], str], most: int
    ) -> None:
        self._write = write
        self._key = key
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, item: T) -> R:
        """Returns when the item is written. An error of a batch is the error of its own items alone: they are written
        one by one then."""
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await result

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write_batch(self._next())
        finally:
            self._writing = None

    def _next(self) -> list[tuple[T, asyncio.Future[R]]]:
        """The longest waiting, at most one of each key, without those that nobody waits for any more."""
        chosen: dict[str, tuple[T, asyncio.Future[R]]] = {}
        left: list[tuple[T, asyncio.Future[R]]] = []
        for one in self._waiting:
            if one[1].done():
                continue
            key = self._key(one[0])
            if key in chosen or len(chosen) == self._most:
                left.append(one)
            else:
                chosen[key] = one
        self._waiting = left
        return list(chosen.values())

    async def _write_batch(self, batch: Sequence[tuple[T, "asyncio.Future[R]"]]) -> None:
        if not batch:
            return
        try:
            results = await self._write([item for item, _ in batch])
        except GroundMissingError as error:
            # It is missing for each of them.
            _fail(batch, error)
        except Exception as error:
            if len(batch) == 1:
                _fail(batch, error)
            else:
                for one in batch:
                    await self._write_batch([one])
        else:
            for (_, waiting), result in zip(batch, results, strict=True):
                if not waiting.done():
                    waiting.set_result(result)


def _fail(batch: Sequence[tuple[T, "asyncio.Future[R]"]], error: Exception) -> None:
    for _, waiting in batch:
        if not waiting.done():
            waiting.set_exception(error)
