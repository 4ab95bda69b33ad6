"""The outbox: what a transaction publishes is written with it, and relayed to Kafka in order per key.

Each schema with an outbox has this table (keep it in one of the service's migrations):

    CREATE TABLE outbox (
        id bigserial PRIMARY KEY,
        shard smallint NOT NULL,
        topic text NOT NULL,
        key text NOT NULL,
        headers jsonb NOT NULL,
        value bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        refused text
    );
    CREATE INDEX outbox_to_relay ON outbox (shard, id) WHERE refused IS NULL;

Ids are given before the commit, so a lower id may become visible after a higher one: the relay takes whatever is there,
by id, and deletes what was acknowledged; it never remembers a last id. Records of one key come from transactions that
lock the same row (the order's), so among themselves they become visible in the order of their ids.

A shard (hash of the key) is relayed by one process at a time: an advisory lock on a dedicated session, on which it also
reads and deletes. A session that says nothing for 5 s is ended by the server, so a process that hangs or is stopped
(SIGSTOP) loses its shards to another. What it had under way is then published twice at worst: delivery is at least
once, and consumers recognise event ids and versions.
"""

import asyncio
import json
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.kafka.producer import MAX_RECORD_BYTES
from printworks_common.logs import get_logger
from printworks_common.metrics import counter, gauge
from printworks_common.postgres import Connection, Pool, ground_errors

SHARDS = 8
"""Fixed: with another number rows that wait would change their shard, and records of one key could overtake."""

BATCH = 500
LOOK_AGAIN_SECONDS = 0.5
"""How late a lost notification, or the shard of a process that died, is noticed."""

SESSION_IDLE_SECONDS = 5
KEEP_ALIVE_SECONDS = 1.0
"""While the broker lets us wait, the session speaks at least so often."""

PAUSE_SECONDS = 0.5

PUBLISHED = counter("printworks_outbox_published_total", "Records relayed from the outbox to Kafka.", ["topic"])
REFUSED = counter("printworks_outbox_refused_total", "Records set aside: the broker will never take them.", ["topic"])
SHARDS_HELD = gauge("printworks_outbox_shards_held", "Shards of the outbox that this process relays.")
OLDEST = gauge("printworks_outbox_oldest_seconds", "Age of the oldest record waiting in the shards of this process.")

_log = get_logger("printworks.outbox")

_ENQUEUE = """
WITH added AS (
    INSERT INTO outbox (shard, topic, key, headers, value)
    SELECT shard, topic, key, headers::jsonb, value
    FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::bytea[])
         WITH ORDINALITY AS r(shard, topic, key, headers, value, position)
    ORDER BY position
    RETURNING shard
)
SELECT pg_notify('outbox_' || current_schema(), shard::text) FROM (SELECT DISTINCT shard FROM added) AS shards
"""

_READ = """
SELECT id, topic, key, headers::text AS headers, value, extract(epoch FROM now() - created_at)::float8 AS age
FROM outbox WHERE shard = ANY($1::smallint[]) AND refused IS NULL ORDER BY id LIMIT $2
"""

_LOCK = """
SELECT shard FROM unnest($1::int[]) AS shard
WHERE pg_try_advisory_lock(hashtext('printworks.outbox.' || current_schema()), shard)
"""


class RecordSender(Protocol):
    """What the relay needs of the producer."""

    async def send_many(self, records: Sequence[OutgoingRecord]) -> None:
        """Publish in order per key; returns when all are durable."""
        ...


def shard_of(key: str) -> int:
    return zlib.crc32(key.encode()) % SHARDS


async def enqueue(connection: Connection, records: Sequence[OutgoingRecord]) -> None:
    """Write records to the outbox, in the transaction of the caller; the relay is woken by its commit.

    Raises PoisonError (`record_too_large`) for a record that no broker of ours would take.
    """
    if not records:
        return
    for record in records:
        if len(record.key) + len(record.value) > MAX_RECORD_BYTES:
            raise PoisonError(f"A record for {record.topic} is larger than a topic may take.", code="record_too_large")
    await connection.execute(
        _ENQUEUE,
        [shard_of(record.key) for record in records],
        [record.topic for record in records],
        [record.key for record in records],
        [json.dumps(record.headers) for record in records],
        [record.value for record in records],
    )


class OutboxRelay:
    """Relays the outbox of a schema. Run one in every replica: they share the shards among them.

    `shards` are those this process competes for, by default all.
    """

    def __init__(self, pool: Pool, producer: RecordSender, *, shards: Sequence[int] = range(SHARDS)) -> None:
        self._pool = pool
        self._producer = producer
        self._shards = tuple(shards)
        self._held: list[int] = []
        self._woken = asyncio.Event()
        self._look_for_shards = 0.0

    @property
    def held(self) -> frozenset[int]:
        """The shards that this process relays now."""
        return frozenset(self._held)

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until `stopping` is set, then once more what is there. Waits out a missing database or broker."""
        waker = asyncio.create_task(self._wake_on(stopping))
        try:
            while not stopping.is_set():
                try:
                    with ground_errors():
                        async with self._pool.acquire() as connection:
                            await self._hold(connection, stopping)
                except (GroundMissingError, TransientError) as error:
                    _log.warning("relay_stepped_down", code=error.code, shards=len(self._held))
                    await _pause(stopping, PAUSE_SECONDS)
                finally:
                    self._hold_shards([])
        finally:
            waker.cancel()

    async def _wake_on(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._woken.set()

    async def _hold(self, connection: "PoolConnectionProxy[asyncpg.Record]", stopping: asyncio.Event) -> None:
        """Take what shards are free and relay them, until `stopping` or until the connection is lost."""
        schema = await connection.fetchval("SELECT current_schema()")
        channel = f"outbox_{schema}"
        await connection.execute(f"SET idle_session_timeout = '{SESSION_IDLE_SECONDS}s'")
        await connection.add_listener(channel, self._notified)
        try:
            while True:
                last = stopping.is_set()
                self._woken.clear()
                await self._take_free_shards(connection)
                await self._relay_all(connection, stopping)
                if last:
                    break
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                        await self._woken.wait()
        except BaseException:
            connection.terminate()  # the session is in doubt: its locks must not live on in the pool
            raise
        await connection.remove_listener(channel, self._notified)

    def _notified(self, *_: object) -> None:
        self._woken.set()

    async def _take_free_shards(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        missing = [shard for shard in self._shards if shard not in self._held]
        if not missing or now < self._look_for_shards:
            return
        self._look_for_shards = now + LOOK_AGAIN_SECONDS
        taken = [row["shard"] for row in await connection.fetch(_LOCK, missing)]
        if taken:
            self._hold_shards([*self._held, *taken])
            _log.info("shards_taken", count=len(taken), shards=len(self._held))

    def _hold_shards(self, shards: list[int]) -> None:
        self._held = shards
        self._look_for_shards = 0.0 if not shards else self._look_for_shards
        SHARDS_HELD.set(len(shards))

    async def _relay_all(self, connection: Connection, stopping: asyncio.Event) -> None:
        """Relay until there is nothing left, or the broker is away and the process stops."""
        while self._held:
            rows = await connection.fetch(_READ, self._held, BATCH)
            OLDEST.set(rows[0]["age"] if rows else 0.0)
            if not rows:
                return
            try:
                await self._publish(connection, rows)
            except GroundMissingError as error:
                _log.warning("relay_waits", code=error.code, records=len(rows))
                if stopping.is_set():
                    return
                await _pause(stopping, PAUSE_SECONDS)
                continue
            if len(rows) < BATCH:
                return  # what came meanwhile has sent its own notification

    async def _publish(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> None:
        try:
            await self._send(connection, rows)
        except PoisonError:
            for row in rows:
                await self._publish_one(connection, row)
            return
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", [row["id"] for row in rows])

    async def _publish_one(self, connection: Connection, row: asyncpg.Record) -> None:
        """One by one, so that a record the broker refuses is set aside and holds up no other."""
        try:
            await self._send(connection, [row])
        except PoisonError as error:
            _log.error("record_refused", topic=row["topic"], key=row["key"], code=error.code)
            REFUSED.labels(row["topic"]).inc()
            await connection.execute("UPDATE outbox SET refused = $2 WHERE id = $1", row["id"], error.code)
            return
        await connection.execute("DELETE FROM outbox WHERE id = $1", row["id"])

    async def _send(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> None:
        """Send and wait for the acknowledgement, while the session that holds the locks keeps speaking."""
        records = [OutgoingRecord(row["topic"], row["key"], row["value"], json.loads(row["headers"])) for row in rows]
        sending = asyncio.create_task(self._producer.send_many(records))
        try:
            while not (await asyncio.wait({sending}, timeout=KEEP_ALIVE_SECONDS))[0]:
                await connection.execute("SELECT 1")
            await sending
        finally:
            if not sending.done():  # the locks are lost: what is not sent yet is another process's work
                sending.cancel()
                await asyncio.wait({sending})
        for record in records:
            PUBLISHED.labels(record.topic).inc()


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
