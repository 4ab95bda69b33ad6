"""`Idempotency-Key`: the same request sent twice does its work once and gets the same answer.

The key, the effect and the answer are written in one transaction. Only answers of requests that took effect are kept: a
refused request may be sent again under its key. Keys are kept for a day.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from printworks_common.clock import Clock
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries

from printworks_jobs_api.problems import ProblemError

SQL = load_queries("printworks_jobs_api", "sql/commands.sql")

KEPT = timedelta(days=1)
MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class Answer:
    """Status and JSON body. `shown_once` is left out of what is kept: a secret stands in the first answer alone."""

    status: int
    body: dict[str, Any]
    replayed: bool = False
    shown_once: str | None = None

    @property
    def kept(self) -> dict[str, Any]:
        return self.body if self.shown_once is None else self.body | {self.shown_once: None}


def fingerprint(method: str, path: str, body: Any) -> bytes:
    """What makes two requests the same."""
    document = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(document.encode()).digest()


class Once:
    """Runs effects in a transaction of their own, each at most once per key."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def run(
        self, shop: str, key: str | None, request: bytes, effect: Callable[[Connection], Awaitable[Answer]]
    ) -> Answer:
        """Run `effect` unless the shop's key has an answer already. Raises what `once` raises.

        An effect works with the connection that it is given: one that waited for a second of the pool could wait for
        ever, for others that do the same.
        """
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                return await once(
                    connection,
                    shop=shop,
                    key=key,
                    request=request,
                    now=self._clock.now(),
                    effect=lambda: effect(connection),
                )


async def once(
    connection: Connection,
    *,
    shop: str,
    key: str | None,
    request: bytes,
    now: datetime,
    effect: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Run `effect` unless this key has an answer already. Must be called inside a transaction.

    Raises ProblemError 409 `idempotency_in_flight` while a request with this key is at work, 422
    `idempotency_key_reused` when the key came with another request before, 400 `invalid_idempotency_key` when it is no
    printable text of 1 to 255 characters.
    """
    if key is None:
        return await effect()
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise ProblemError(
            400, "invalid_idempotency_key", "The Idempotency-Key must be 1 to 255 printable characters long."
        )
    # Not the row's lock: whoever meets that one waits, and a client that repeats itself would pile up connections.
    if not await connection.fetchval(SQL["lock_key"], f"{shop}/{key}"):
        raise ProblemError(
            409,
            "idempotency_in_flight",
            "A request with this Idempotency-Key is being worked on. Ask again in a second.",
            headers={"Retry-After": "1"},
        )
    if await connection.fetchval(SQL["reserve_answer"], shop, key, request, now) is None:
        [stored] = await connection.fetch(SQL["find_answer"], shop, key)
        if stored["fingerprint"] != request:
            raise ProblemError(
                422, "idempotency_key_reused", "This Idempotency-Key was used for another request. Choose a new one."
            )
        return Answer(stored["status"], stored["body"], replayed=True)
    answer = await effect()
    await connection.execute(SQL["save_answer"], shop, key, answer.status, answer.kept)
    return answer
