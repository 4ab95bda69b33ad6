"""`printworks-jobs-api rebuild`: the read model made anew, after `printworks-render republish`."""

# ruff: noqa: T201 - a command talks to its terminal

import argparse
import asyncio
import sys
import time
from datetime import datetime

from printworks_common.errors import PrintworksError
from printworks_common.postgres import close_pool, open_pool
from printworks_common.settings import load

from printworks_jobs_api.rebuild import Rebuilt, Wanted, rebuild
from printworks_jobs_api.settings import SCHEMA, RebuildSettings

TELL_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """The command. 0: the new read model is shown; 1: the old one still is, and a sentence says why."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.since is not None and chosen.since.tzinfo is None:
        parser.error("--since needs a time zone, for example 2026-11-26T04:00:00Z")
    wanted = Wanted(since=chosen.since, orders=chosen.orders, drop_missing=chosen.drop_missing, anew=chosen.anew)
    try:
        done = asyncio.run(_run(load(RebuildSettings), wanted))
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    if done.unreadable:
        print(f"{done.unreadable} records could not be read; they are dead letters of the projector as well")
    print(f"the read model was made anew: {done.orders} orders; {done.told_again} print jobs are otherwise than before")
    return 0


async def _run(settings: RebuildSettings, wanted: Wanted) -> Rebuilt:
    pool = await open_pool(settings, schema=SCHEMA)
    try:
        return await rebuild(pool, settings, wanted, told=_Teller().tell)
    finally:
        await close_pool(pool)


class _Teller:
    """Prints how far it is, now and then, and each new step."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._next = 0.0
        self._step = ""

    def tell(self, step: str, done: Rebuilt) -> None:
        now = time.monotonic()
        if step == self._step and now < self._next:
            return
        if not self._step and done.resumed:
            print("going on with what was filled before")
        self._step, self._next = step, now + TELL_SECONDS
        rate = done.records / max(now - self._began, 0.001)
        print(f"{step}: {done.records} records, {rate:.0f} a second, about {done.behind} to go", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="printworks-jobs-api rebuild", description="Make the read model anew while the API goes on answering."
    )
    parser.add_argument(
        "--since", type=datetime.fromisoformat, help="when republish began, as it has said; default: all on the topic"
    )
    parser.add_argument("--orders", type=int, default=0, help="end without a change if there are fewer orders")
    parser.add_argument("--drop-missing", action="store_true", help="orders that were not published are shown no more")
    parser.add_argument("--anew", action="store_true", help="begin again, instead of going on with what was filled")
    return parser
