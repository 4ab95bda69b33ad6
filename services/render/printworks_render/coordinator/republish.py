"""`printworks-render republish`: the newest snapshot of every order once more on the topic of print jobs.

The topic keeps a week; the orders are here. Who upserts by version takes such a snapshot for a repeat, so it may be run
beside everything else, broken off and run again. Coordinators go on meanwhile: what they change is published by
themselves, with a higher version.
"""

# ruff: noqa: T201 - a command talks to its terminal

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime

from printworks_common.clock import Clock, SystemClock
from printworks_common.errors import PrintworksError
from printworks_common.events.base import ShopDomain
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.outbox import RecordSender
from printworks_common.postgres import Pool, close_pool, ground_errors, load_queries, open_pool
from printworks_common.settings import load
from pydantic import TypeAdapter, ValidationError

from printworks_render.coordinator.model import Order
from printworks_render.coordinator.snapshots import Links, snapshot_record
from printworks_render.settings import SCHEMA, RepublishSettings

SQL = load_queries("printworks_render.coordinator", "sql/queries.sql")

PAGE = 100
"""Orders in memory at once; one with a thousand line items is a few MB."""
TELL_SECONDS = 5.0

Place = tuple[str, int]
"""Shop and id of an order: orders are gone through in this order."""

BEGINNING: Place = ("", 0)


@dataclass
class Republished:
    """What was done: when it began, how many orders, and those whose document could not be read."""

    began: datetime
    orders: int = 0
    unreadable: list[Place] = field(default_factory=list[Place])
    through: Place = BEGINNING


async def republish(
    pool: Pool,
    producer: RecordSender,
    links: Links,
    clock: Clock,
    *,
    shop: str | None = None,
    after: Place = BEGINNING,
    per_second: float = 0,
    told: Callable[[Republished], None],
) -> Republished:
    """Publish the newest snapshot of each order of one shop or of all, behind the place `after`, at most `per_second`
    on average (0: as fast as it goes). `told` is called after each page.

    Raises GroundMissingError when database or broker are away; `told` has then been given the place to go on from.
    """
    done = Republished(began=clock.now(), through=after)
    started = time.monotonic()
    async for page in _pages(pool, shop, after):
        records = []
        for place, text in page:
            try:
                records.append(snapshot_record(Order.model_validate_json(text), links, clock.now()))
            except ValidationError:
                done.unreadable.append(place)  # named without the error, which quotes the order's values
        await producer.send_many(records)
        done.orders += len(records)
        done.through = page[-1][0]
        told(done)
        if per_second:
            await asyncio.sleep(max(0.0, started + done.orders / per_second - time.monotonic()))
    return done


async def _pages(pool: Pool, shop: str | None, after: Place) -> AsyncGenerator[list[tuple[Place, str]]]:
    while True:
        with ground_errors():
            rows = await pool.fetch(SQL["orders_after"], *after, shop, PAGE)
        if not rows:
            return
        page = [((row["shop"], row["order_id"]), row["doc"]) for row in rows]
        yield page
        after = page[-1][0]


def main(arguments: list[str]) -> int:
    """The command. 0: done; 1: broken off, or some orders could not be read; it says where to go on."""
    chosen = _parser().parse_args(arguments)
    try:
        done = asyncio.run(_run(load(RepublishSettings), chosen))
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    for shop, order_id in done.unreadable:
        print(f"the document of {shop}/{order_id} cannot be read: not published", file=sys.stderr)
    print(f"{done.orders} orders published since {done.began.isoformat()}")
    if chosen.shop is None and chosen.after == BEGINNING:
        print("to make the read model anew from them:")
        print(f"  printworks-jobs-api rebuild --since {done.began.isoformat()} --orders {done.orders}")
    return 1 if done.unreadable else 0


async def _run(settings: RepublishSettings, chosen: argparse.Namespace) -> Republished:
    pool = await open_pool(settings, schema=SCHEMA)
    producer = KafkaProducer(settings)
    tell = _Teller()
    try:
        await producer.start()
        return await republish(
            pool,
            producer,
            Links(settings.link_signer(), settings.public_url),
            SystemClock(),
            shop=chosen.shop,
            after=chosen.after,
            per_second=chosen.per_second,
            told=tell.progress,
        )
    except BaseException:
        tell.broken_off()
        raise
    finally:
        await producer.stop()
        await close_pool(pool)


class _Teller:
    """Prints how far it is, now and then."""

    def __init__(self) -> None:
        self._began = self._next = time.monotonic()
        self._through = BEGINNING

    def progress(self, done: Republished) -> None:
        self._through = done.through
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + TELL_SECONDS
        rate = done.orders / max(now - self._began, 0.001)
        print(f"{done.orders} orders, {rate:.0f} a second, through {_text(done.through)}", flush=True)

    def broken_off(self) -> None:
        if self._through != BEGINNING:
            print(f"broken off; go on with --after {_text(self._through)}", file=sys.stderr, flush=True)


def _text(place: Place) -> str:
    return f"{place[0]}/{place[1]}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="printworks-render republish", description="Publish all snapshots again.")
    parser.add_argument("--shop", type=_shop, help="only this shop, example.myshopify.com")
    parser.add_argument("--after", type=_place, default=BEGINNING, help="go on behind this order, <shop>/<order id>")
    parser.add_argument(
        "--per-second", type=float, default=1000, help="orders a second at most, 0: no limit (default 1000)"
    )
    return parser


def _shop(text: str) -> str:
    try:
        return TypeAdapter[str](ShopDomain).validate_python(text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError("must be a shop's domain, example.myshopify.com") from error


def _place(text: str) -> Place:
    shop, _, order_id = text.rpartition("/")
    if not (order_id.isascii() and order_id.isdigit() and len(order_id) <= 18):
        raise argparse.ArgumentTypeError("must be <shop>/<order id>, as the command has printed it")
    return _shop(shop), int(order_id)
