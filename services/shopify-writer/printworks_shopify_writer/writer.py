"""Brings orders on Shopify to their newest artwork snapshot.

Snapshots are kept, newest per order (`keep`); a dispatcher takes orders that Shopify does not have yet, each shop in a
queue of its own, and converges (`converge`): look, plan, write, read back, until it is so.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
from printworks_common import tracing
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.events.artwork import OrderArtworkChanged, PrintJobChanged
from printworks_common.ids import gid
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger
from printworks_common.postgres import ground_errors, load_queries
from printworks_common.shopify.admin import AdminClient
from printworks_common.shopify.shops import Shop, Shops

from printworks_shopify_writer import documents, metrics
from printworks_shopify_writer.target import (
    FRESH,
    MAX_LIST_ITEMS,
    Metafield,
    Names,
    Plan,
    Seen,
    Target,
    is_stale,
    plan,
    seen_after,
)

log = get_logger(__name__)

SQL = load_queries("printworks_shopify_writer", "sql/queries.sql")

CLAIM = timedelta(seconds=15)
"""A claim is renewed while its order is written; those of a crashed writer are taken over after it."""

RENEW_SECONDS = 5.0

MAX_ROUNDS = 6
"""Rounds of look, plan and write in one go. More means that somebody writes against us: try again later."""

BACK_OFF = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds until the next try after an answer that did not come; the last one from then on."""

REFUSED_PAUSE = timedelta(minutes=15)
"""A shop or an order that refuses is asked again so often: a person has to mend it first."""


class OrderGoneError(Exception):
    """Shopify no longer has the order: there is nothing to write on."""


class Writer:
    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        shops: Shops,
        http: httpx.AsyncClient,
        names: Names,
        *,
        writes_per_shop: int,
        back_off: Sequence[float] = BACK_OFF,
    ) -> None:
        self._pool = pool
        self._shops = shops
        self._http = http
        self._names = names
        self._per_shop = writes_per_shop
        self._back_off = back_off
        self._clients: dict[str, tuple[Shop, AdminClient]] = {}
        self._running: dict[asyncio.Task[None], tuple[str, int]] = {}
        self._renewed = time.monotonic()
        self._wake: Callable[[], None] = lambda: None

    def on_work(self, wake: Callable[[], None]) -> None:
        """Called whenever there may be something to dispatch."""
        self._wake = wake

    async def keep(self, record: Record) -> None:
        """Keep an order's snapshot if it is newer than what is known."""
        if record.event_type == PrintJobChanged.type_name:
            return
        if record.event_type != OrderArtworkChanged.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        event = record.decode(OrderArtworkChanged)
        with ground_errors():
            kept = await self._pool.fetchval(
                SQL["keep_newest"],
                event.shop,
                int(event.order_id),
                event.version,
                event.artwork_status,
                list(event.artwork_files),
                tracing.current_traceparent(),
            )
        metrics.SNAPSHOTS.labels(outcome="kept" if kept is not None else "older").inc()
        self._wake()

    async def dispatch(self) -> int:
        """Start the writes that may start now. Returns their number."""
        await self._renew()
        domains = [shop.domain for shop in self._shops]
        with ground_errors():
            rows = await self._pool.fetch(SQL["claim"], self._per_shop, CLAIM, domains)
        if rows:
            await self._count_waiting()
        for row in rows:
            task = asyncio.create_task(self._write(row["shop"], row["order_id"], row["traceparent"]))
            self._running[task] = (row["shop"], int(row["order_id"]))
            task.add_done_callback(self._finished)
        return len(rows)

    async def _renew(self) -> None:
        if not self._running or time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        shops, orders = zip(*self._running.values(), strict=True)
        with ground_errors():
            await self._pool.execute(SQL["renew"], list(shops), list(orders), CLAIM)

    async def drain(self) -> None:
        """Wait for the writes that are under way."""
        if self._running:
            await asyncio.wait(self._running)

    async def _count_waiting(self) -> None:
        with ground_errors():
            metrics.WAITING.set(await self._pool.fetchval(SQL["waiting"]))

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._running.pop(task, None)
        self._wake()

    async def _write(self, domain: str, order_id: str, traceparent: str | None) -> None:
        shop = self._shops.get(domain)
        if shop is None:
            return
        try:
            parent = {"traceparent": traceparent} if traceparent else None
            with tracing.span("write", parent_headers=parent, shop=domain, order_id=order_id):
                await self.converge(shop, order_id)
        except TransientError as error:
            await self._later(domain, order_id, error.code, error.retry_after)
        except PoisonError as error:
            log.error("order_not_written", shop=domain, order_id=order_id, code=error.code)
            await self._later(domain, order_id, error.code, REFUSED_PAUSE.total_seconds())
        except GroundMissingError as error:
            # The claim runs out and the order is taken up again.
            log.warning("writer_waits", code=error.code)

    async def converge(self, shop: Shop, order_id: str) -> None:
        """Write until the order on Shopify is as its newest snapshot says.

        Raises `TransientError` when Shopify does not answer, `PoisonError` when it refuses, `GroundMissingError`
        without the database.
        """
        client = self._client(shop)
        seen: Seen | None = None
        for _ in range(MAX_ROUNDS):
            with ground_errors():
                row = await self._pool.fetchrow(SQL["newest"], shop.domain, int(order_id))
            if row is None:
                return
            try:
                if seen is None:
                    seen = await self._starting_point(client, order_id, row)
                target = Target(status=row["status"], files=tuple(row["files"][:MAX_LIST_ITEMS]))
                todo = plan(target, seen, self._names, gid("Order", order_id), json.dumps(list(target.files)))
                if todo.empty:
                    await self._written(shop.domain, order_id, row, seen, "written")
                    return
                seen = await self._carry_out(client, order_id, todo) or await self._look(client, order_id)
            except OrderGoneError:
                await self._written(shop.domain, order_id, row, None, "order_gone")
                return
        raise TransientError("The order is changed again and again by somebody else.", code="shopify_contended")

    async def _starting_point(self, client: AdminClient, order_id: str, row: asyncpg.Record) -> Seen:
        """What to plan from. Memory saves a request: compare-and-set and the reading back tell when it is wrong."""
        if row["tries"] > 0:
            return await self._look(client, order_id)
        return _remembered(row["seen"])

    async def _look(self, client: AdminClient, order_id: str) -> Seen:
        metrics.REQUESTS.labels(kind="look").inc()
        variables = {"id": gid("Order", order_id), "namespace": self._names.namespace}
        data = await client.execute(documents.ORDER_STATE, variables)
        if data["order"] is None:
            raise OrderGoneError
        return seen_after(data["order"])

    async def _carry_out(self, client: AdminClient, order_id: str, todo: Plan) -> Seen | None:
        """Send the plan. Returns the order as Shopify gave it back, or None when it has to be looked at again."""
        metrics.REQUESTS.labels(kind="write").inc()
        owner = gid("Order", order_id)
        variables: dict[str, Any] = {}
        if todo.set_metafields:
            variables["metafields"] = list(todo.set_metafields)
        if todo.delete_keys:
            variables["deletes"] = [
                {"ownerId": owner, "namespace": self._names.namespace, "key": key} for key in todo.delete_keys
            ]
        if todo.add_tags or todo.remove_tags:
            variables |= {"id": owner, "namespace": self._names.namespace}
        if todo.add_tags:
            variables["add"] = list(todo.add_tags)
        if todo.remove_tags:
            variables["remove"] = list(todo.remove_tags)
        data = await client.execute(documents.write(todo), variables)
        metafield_errors = (data.get("set") or {}).get("userErrors") or []
        if is_stale(metafield_errors):
            return None
        if metafield_errors:
            log.error("metafields_refused", order_id=order_id, code=str(metafield_errors[0].get("code")))
            return await self._refused(client, order_id)
        if any((data.get(part) or {}).get("userErrors") for part in ("delete", "add", "remove")):
            return await self._refused(client, order_id)
        last = data.get("remove") or data.get("add")
        return seen_after(last["node"]) if last and last.get("node") else None

    async def _refused(self, client: AdminClient, order_id: str) -> Seen | None:
        """User errors: either the order is gone, or Shopify does not want what we write."""
        await self._look(client, order_id)
        raise PoisonError("Shopify refuses what is written on the order.", code="shopify_user_error")

    async def _written(self, domain: str, order_id: str, row: asyncpg.Record, seen: Seen | None, outcome: str) -> None:
        with ground_errors():
            await self._pool.execute(
                SQL["written"], domain, int(order_id), row["version"], _memory(seen, self._names) if seen else None
            )
        metrics.WRITES.labels(outcome=outcome).inc()
        metrics.WRITE_SECONDS.observe(row["age"])
        log.info("order_written", shop=domain, order_id=order_id, version=row["version"], outcome=outcome)

    async def _later(self, domain: str, order_id: str, code: str, seconds: float | None) -> None:
        with ground_errors():
            row = await self._pool.fetchrow(SQL["newest"], domain, int(order_id))
            if row is None:
                return
            pause = seconds if seconds is not None else self._back_off[min(row["tries"], len(self._back_off) - 1)]
            await self._pool.execute(SQL["later"], domain, int(order_id), timedelta(seconds=pause), code)
        metrics.WRITES.labels(outcome=code).inc()

    def _client(self, shop: Shop) -> AdminClient:
        known = self._clients.get(shop.domain)
        if known is None or known[0] != shop:
            known = (shop, AdminClient(shop, self._http))
            self._clients[shop.domain] = known
        return known[1]


def _memory(seen: Seen, names: Names) -> dict[str, Any]:
    """What to remember of an order: our own tags and digests. Other apps' tags are not ours to keep."""
    ours = {tag.casefold() for tag in names.all_tags()}
    return {
        "tags": sorted(tag for tag in seen.tags if tag.casefold() in ours),
        "status": asdict(seen.status) if seen.status else None,
        "files": asdict(seen.files) if seen.files else None,
    }


def _remembered(memory: Mapping[str, Any] | None) -> Seen:
    if memory is None:
        return FRESH
    return Seen(
        tags=frozenset(memory["tags"]),
        status=Metafield(**memory["status"]) if memory["status"] else None,
        files=Metafield(**memory["files"]) if memory["files"] else None,
    )
