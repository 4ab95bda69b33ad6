"""How far requests about people and shops are: read for the command and for the API."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from printworks_common.events.privacy import services_asked
from printworks_common.postgres import Pool, ground_errors, load_queries

SQL = load_queries("printworks_jobs_api", "sql/privacy.sql")

_COLUMNS = "{:<20} {:<20} {:<36} {:<16} {:<36} {:>6}  {}"


class PrivacyReport:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def requests(self, shop: str | None, *, done: bool, limit: int) -> Sequence[Any]:
        """Of a shop, or of all: the newest first, with the answers by service; `done`: those that are done as well.

        Raises GroundMissingError.
        """
        with ground_errors():
            return await self._pool.fetch(SQL["list_requests"], shop, done, limit)


def waits_for(row: Any) -> list[str]:
    """Services that have not answered a request."""
    return [one for one in services_asked(row["kind"]) if one not in row["answers"]]


def table(rows: Sequence[Any]) -> Iterator[str]:
    """For a terminal."""
    yield _COLUMNS.format("asked", "deadline", "shop", "kind", "request", "orders", "waits for")
    for row in rows:
        asked, deadline = (f"{row[name]:%Y-%m-%d %H:%M:%S}" for name in ("requested_at", "deadline"))
        state = f"done {row['done_at']:%Y-%m-%d %H:%M:%S}" if row["done_at"] else ", ".join(waits_for(row))
        yield _COLUMNS.format(asked, deadline, row["shop"], row["kind"], row["request_id"], row["orders"], state)


def json_lines(rows: Sequence[Any]) -> Iterator[str]:
    """A JSON object per request."""
    for row in rows:
        yield json.dumps({**row, "waits_for": waits_for(row)}, default=lambda moment: moment.isoformat())
