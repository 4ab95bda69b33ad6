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

from printworks_common.postgres import Connection, load_queries

from printworks_jobs_api.problems import ProblemError

SQL = load_queries("printworks_jobs_api", "sql/commands.sql")

KEPT = timedelta(days=1)
MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    replayed: bool = False


def fingerprint(method: str, path: str, body: Any) -> bytes:
    """What makes two requests the same."""
    document = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(document.encode()).digest()


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

    Raises ProblemError 422 `idempotency_key_reused` when the key came with another request before, 400
    `invalid_idempotency_key` when it is no printable text of 1 to 255 characters.
    """
    if key is None:
        return await effect()
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise ProblemError(
            400, "invalid_idempotency_key", "The Idempotency-Key must be 1 to 255 printable characters long."
        )
    if await connection.fetchval(SQL["reserve_answer"], shop, key, request, now) is None:
        [stored] = await connection.fetch(SQL["find_answer"], shop, key)
        if stored["fingerprint"] != request:
            raise ProblemError(
                422, "idempotency_key_reused", "This Idempotency-Key was used for another request. Choose a new one."
            )
        return Answer(stored["status"], stored["body"], replayed=True)
    answer = await effect()
    await connection.execute(SQL["save_answer"], shop, key, answer.status, answer.body)
    return answer
