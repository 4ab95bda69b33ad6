"""A service with fail-points: `python -m tests.faults.failpoints.launcher printworks-render coordinator`.

The service's modules are loaded and wrapped once; then a forked copy of this process runs the service. When it dies at
a fail-point, as by kill -9, another copy takes its place at once: nothing is left of it but what is outside of it. Any
other end of the service is this process's end too.
"""

import ctypes
import functools
import importlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction
from printworks_common.kafka.member import GroupMember
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.shopify.admin import AdminClient
from printworks_common.storage import ObjectStore
from printworks_local.services import SERVICES

from tests.faults.failpoints.points import (
    AFTER,
    BEFORE,
    COMMIT,
    FOLDER,
    OFFSETS,
    PLACES,
    PUBLISH,
    PUT,
    REQUEST,
    STATEMENT,
    Place,
    Trigger,
)

_PR_SET_PDEATHSIG = 1
_WRITING = ("INSERT", "UPDATE", "DELETE")

_place: ContextVar[str | None] = ContextVar("place", default=None)

Method = Callable[..., Awaitable[Any]]
Counts = Callable[..., bool]


class FailPoints:
    """Wraps the adapters of this process, so that it dies at the point that is armed."""

    def __init__(self, trigger: Trigger) -> None:
        self._trigger = trigger

    def install(self, places: tuple[Place, ...]) -> None:
        for place in places:
            _inside(place)
        self._step(KafkaProducer, "send_many", PUBLISH, lambda _self, records: len(records) > 0)
        self._step(GroupMember, "commit", OFFSETS, lambda _self, offsets: len(offsets) > 0)
        self._step(ObjectStore, "put_file", PUT)
        self._step(AdminClient, "execute", REQUEST)
        self._step(Transaction, "__aexit__", COMMIT, lambda _self, kind, *_: kind is None)
        for name in ("execute", "fetch", "fetchrow", "fetchval"):
            self._step(PoolConnectionProxy, name, STATEMENT, _is_its_own_transaction)

    def _step(self, owner: type, name: str, step: str, counts: Counts = lambda *_, **__: True) -> None:
        real: Method = getattr(owner, name)

        @functools.wraps(real)
        async def stepped(*args: Any, **more: Any) -> Any:
            if not counts(*args, **more):
                return await real(*args, **more)
            self._pass(step, BEFORE)
            outcome = await real(*args, **more)
            self._pass(step, AFTER)
            return outcome

        setattr(owner, name, stepped)

    def _pass(self, step: str, when: str) -> None:
        place = _place.get()
        if place is not None and self._trigger.passes(f"{place}/{step}/{when}"):
            os.kill(os.getpid(), signal.SIGKILL)


def _is_its_own_transaction(connection: Any, query: str, *_: Any, **__: Any) -> bool:
    return not connection.is_in_transaction() and any(word in query for word in _WRITING)


def _inside(place: Place) -> None:
    """Steps that are taken within the method, and in tasks that it begins, are of this place."""
    module, _, path = place.method.partition(":")
    owner_name, _, name = path.partition(".")
    owner = getattr(importlib.import_module(module), owner_name)
    real: Method = getattr(owner, name)

    @functools.wraps(real)
    async def inside(*args: Any, **more: Any) -> Any:
        token = _place.set(place.name)
        try:
            return await real(*args, **more)
        finally:
            _place.reset(token)

    setattr(owner, name, inside)


def main() -> int:
    command, role = sys.argv[1:]
    service = next(one for one in SERVICES if (one.command, one.role) == (command, role))
    folder = Path(os.environ[FOLDER])
    entry = importlib.import_module(f"{command.replace('-', '_')}.__main__").main
    trigger = Trigger(folder)
    FailPoints(trigger).install(PLACES[service])
    while True:
        status = _run_once(entry, [command, role])
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and trigger.met):
            return os.waitstatus_to_exitcode(status)


def _run_once(entry: Callable[[], None], words: list[str]) -> int:
    """Run the service in a copy of this process, to its end. What ends this process ends the copy, in the same way."""
    copy = os.fork()
    if copy == 0:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        sys.argv = words
        entry()
        sys.exit()

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(copy, number)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        return os.waitpid(copy, 0)[1]
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
