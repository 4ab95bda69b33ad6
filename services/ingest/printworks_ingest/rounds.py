"""What is done for every shop on schedule, by one process at a time however many there are.

A round is claimed in Postgres and the claim is renewed while it lasts, so that those of a process that died are taken
over. Each shop has a task of its own: a slow one holds up no other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.shopify.shops import Shop, Shops

from printworks_ingest import metrics

log = get_logger(__name__)

SQL = load_queries("printworks_ingest", "sql/queries.sql")

CLAIM = timedelta(seconds=60)
RENEW_SECONDS = 10.0


@dataclass(frozen=True)
class Round:
    """`work` does one shop and says whether it came to the end of it: if not, it goes on as soon as others had their
    turn. `next_due` gives the time of the next one, `failed_pause` the wait after one that failed."""

    kind: str
    work: Callable[[Shop], Awaitable[bool]]
    first_due: Callable[[datetime], datetime]
    next_due: Callable[[datetime], datetime]
    failed_pause: timedelta
    parallel: int


class Rounds:
    """Runs the rounds of one kind."""

    def __init__(self, kind: Round, *, pool: Pool, shops: Shops, clock: Clock) -> None:
        self._round = kind
        self._pool = pool
        self._shops = shops
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}
        self._known: set[str] = set()
        self._renewed = time.monotonic()

    async def dispatch(self) -> int:
        """Claim the rounds that are due and start them. Returns their number."""
        domains = [shop.domain for shop in self._shops]
        await self._open(domains)
        await self._renew()
        room = self._round.parallel - len(self._running)
        idle = [domain for domain in domains if domain not in self._running]
        if room <= 0 or not idle:
            return 0
        with ground_errors():
            rows = await self._pool.fetch(SQL["claim_rounds"], self._round.kind, idle, self._clock.now(), room, CLAIM)
        for row in rows:
            shop = self._shops.get(row["shop"])
            if shop is not None:
                self._running[shop.domain] = asyncio.create_task(self._run(shop))
        return len(rows)

    async def drain(self) -> None:
        """Wait for the rounds that are under way."""
        if self._running:
            await asyncio.wait(self._running.values())

    async def _open(self, domains: list[str]) -> None:
        """A row for each shop that has none yet."""
        if set(domains) <= self._known:
            return
        first = self._round.first_due(self._clock.now())
        with ground_errors():
            await self._pool.execute(SQL["open_rounds"], domains, self._round.kind, first)
        self._known = set(domains)

    async def _renew(self) -> None:
        if not self._running or time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        with ground_errors():
            await self._pool.execute(SQL["renew_rounds"], self._round.kind, list(self._running), CLAIM)

    async def _run(self, shop: Shop) -> None:
        began = self._clock.now()
        kind = self._round.kind
        try:
            ended = await self._round.work(shop)
            due, outcome = (self._round.next_due(began), "ended") if ended else (self._clock.now(), "goes_on")
        except (TransientError, PoisonError, GroundMissingError) as error:
            log.error("round_failed", task=kind, shop=shop.domain, code=error.code)
            due, outcome = self._clock.now() + self._round.failed_pause, error.code
        except Exception as error:
            # A fault of ours in one shop's data must not end the rounds of all the others.
            log.error("round_failed", task=kind, shop=shop.domain, exc_info=error)
            due, outcome = self._clock.now() + self._round.failed_pause, "unexpected_error"
        metrics.ROUNDS.labels(kind=kind, outcome=outcome).inc()
        try:
            with ground_errors():
                ended_at = self._clock.now() if outcome == "ended" else None
                await self._pool.execute(SQL["end_round"], shop.domain, kind, due, ended_at)
        except GroundMissingError as error:
            log.warning("round_not_ended", task=kind, shop=shop.domain, code=error.code)  # the claim runs out
        finally:
            self._running.pop(shop.domain, None)
