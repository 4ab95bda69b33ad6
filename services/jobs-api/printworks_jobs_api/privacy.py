"""What Shopify asks about a person or a shop: carried out on the read model, and followed until every service has
answered.

Tombstones come first (`printworks_common.tombstones`), so that no snapshot brings back what is erased here. The report
holds ids and moments only, and outlives what it tells of.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from printworks_common import ids, tombstones
from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError
from printworks_common.events.control import CatalogKind, PrivacyRequested
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.privacy import ANSWERED_WITHIN, READ_MODEL, PrivacyAnswered, services_asked
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries

from printworks_jobs_api.catalog import Catalog
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.metrics import PRIVACY_OLDEST, PRIVACY_OPEN
from printworks_jobs_api.search import search_key
from printworks_jobs_api.shadow import SHADOW, on_the_set

log = get_logger(__name__)

SQL = load_queries("printworks_jobs_api", "sql/privacy.sql")

SOURCE = "printworks/jobs-api/projector"

MEASURE_SECONDS = 15.0


class Privacy:
    def __init__(self, pool: Pool, catalog: Catalog, producer: KafkaProducer, clock: Clock) -> None:
        self._pool = pool
        self._catalog = catalog
        self._producer = producer
        self._clock = clock

    async def requested(self, record: Record) -> None:
        """Note a request, carry it out and answer it; a repeat changes nothing. Raises PoisonError."""
        request = record.decode(PrivacyRequested)
        with ground_errors():
            await self._pool.execute(
                SQL["note_request"],
                request.shop,
                request.request_id,
                request.kind,
                tombstones.order_ids(request),
                request.requested_at,
                request.requested_at + ANSWERED_WITHIN,
            )
        await tombstones.bury(self._pool, request)
        orders = await self._carry_out(request)
        await self._producer.send(self._answer(request, orders))
        log.info("privacy_answered", shop=request.shop, kind=request.kind, count=orders)

    async def answered(self, record: Record) -> None:
        """Note what a service has done. Raises PoisonError."""
        answer = record.decode(PrivacyAnswered)
        request = (answer.shop, answer.kind, answer.request_id)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    SQL["note_answer"], *request, answer.service, answer.orders, answer.objects, answer.answered_at
                )
                await connection.execute(
                    SQL["note_done"], *request, list(services_asked(answer.kind)), self._clock.now()
                )

    async def measure(self, stopping: asyncio.Event) -> None:
        """Keep the gauges of open requests, until `stopping` is set."""
        while not stopping.is_set():
            try:
                with ground_errors():
                    row = await self._pool.fetchrow(SQL["open_requests"])
            except GroundMissingError:
                row = None
            if row is not None:
                oldest = row["oldest"]
                PRIVACY_OPEN.set(row["open"])
                PRIVACY_OLDEST.set((self._clock.now() - oldest).total_seconds() if oldest else 0)
            with suppress(TimeoutError):
                async with asyncio.timeout(MEASURE_SECONDS):
                    await stopping.wait()

    async def _carry_out(self, request: PrivacyRequested) -> int:
        """Returns of how many orders something was held."""
        wanted = tombstones.order_ids(request)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(SQL["lock_read_model"])
                match request.kind:
                    case "erase_customer":
                        return await self._erase_orders(connection, request.shop, wanted)
                    case "erase_shop":
                        return await self._erase_shop(connection, request.shop)
                    case _:
                        return len(await connection.fetch(SQL["names_of_orders"], request.shop, wanted))

    async def _erase_orders(self, connection: Connection, shop: str, wanted: Sequence[int]) -> int:
        """Orders stay, under their number, as what they are: cleared. Links of their files say that they are gone."""
        orders = await _erase_rows(connection, shop, wanted)
        if await _is_rebuilt(connection):
            async with on_the_set(connection):
                await _erase_rows(connection, shop, wanted)
        await connection.execute(SQL["drop_exports"], shop, wanted)
        await connection.execute(SQL["drop_searched_actions"], shop)
        await connection.execute(SQL["drop_answers_kept"], shop)
        await connection.execute(SQL["drop_commands"], shop, wanted)
        by = _principal(shop)
        for hold in await connection.fetch(SQL["erase_holds"], shop, wanted):
            if hold["lifted_at"] is None:
                await connection.execute(SQL["lift_hold"], shop, hold["hold_id"], by.actor, self._clock.now())
                entry = await self._catalog.lock(connection, by, CatalogKind.HOLD, hold["hold_id"])
                await self._catalog.write(connection, by, CatalogKind.HOLD, hold["hold_id"], entry.version + 1, None)
        return orders

    async def _erase_shop(self, connection: Connection, shop: str) -> int:
        """Everything of the shop goes. Its catalog ends on the topic too, with versions that are never used again."""
        orders: int = await connection.fetchval(SQL["count_orders"], shop)
        by = _principal(shop)
        for entry in await connection.fetch(SQL["live_entries"], shop):
            await self._catalog.write(
                connection, by, CatalogKind(entry["kind"]), entry["entry_id"], entry["version"] + 1, None
            )
        await connection.execute(SQL["empty_entries"], shop)
        await connection.execute(SQL["end_files"], shop)
        await connection.execute(SQL["drop_shop"], shop)
        if await _is_rebuilt(connection):
            for name in ("drop_rebuilt_jobs", "drop_rebuilt_files", "drop_rebuilt"):
                await connection.execute(SQL[name].format(shadow=SHADOW), shop)
        return orders

    def _answer(self, request: PrivacyRequested, orders: int) -> OutgoingRecord:
        now = self._clock.now()
        answer = PrivacyAnswered(
            shop=request.shop,
            kind=request.kind,
            request_id=request.request_id,
            service=READ_MODEL,
            orders=orders,
            answered_at=now,
        )
        event_id = ids.event_id(answer.type_name, answer.key(), request.kind, request.request_id, READ_MODEL)
        return encode(answer, event_id=event_id, source=SOURCE, time=now)


async def _erase_rows(connection: Connection, shop: str, wanted: Sequence[int]) -> int:
    """In the tables that the search path shows. Returns how many orders there were."""
    rows = await connection.fetch(SQL["names_of_orders"], shop, wanted)
    for row in rows:
        key = search_key(row["order_name"], None)
        await connection.execute(SQL["erase_order"], shop, row["order_id"], key)
        await connection.execute(SQL["erase_jobs"], shop, row["order_id"], key)
    await connection.execute(SQL["erase_files"], shop, wanted)
    return len(rows)


async def _is_rebuilt(connection: Connection) -> bool:
    """Whether a second set of the tables is being filled, or was left behind."""
    return await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{SHADOW}.orders")


def _principal(shop: str) -> Principal:
    """In whose name the catalog is changed."""
    return Principal(shop=shop, key_id="erasure", scopes=frozenset(), kind="privacy")
