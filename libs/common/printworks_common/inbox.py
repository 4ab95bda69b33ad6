"""The inbox: which events a service has handled, kept where their effect is, in the same transaction.

Needed only where an effect is not recognisable by itself (by `version`, by a content hash). Migration:

    CREATE TABLE inbox (
        source_id text PRIMARY KEY,
        seen_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX inbox_by_age ON inbox (seen_at);
"""

from datetime import datetime

from printworks_common.postgres import Connection


async def first_time(connection: Connection, event_id: str) -> bool:
    """Whether the event is new. Call it first in the transaction of the effect: two copies then wait for each other."""
    status = await connection.execute("INSERT INTO inbox (source_id) VALUES ($1) ON CONFLICT DO NOTHING", event_id)
    return status == "INSERT 0 1"


async def forget_before(connection: Connection, moment: datetime) -> int:
    """Delete entries older than any repeat can be (longer than topics keep their records). Returns how many."""
    status = await connection.execute("DELETE FROM inbox WHERE seen_at < $1", moment)
    return int(status.removeprefix("DELETE "))
