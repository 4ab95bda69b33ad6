"""Whether a result that has not come is anybody's fault: not while what its work needs is away."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from printworks_common.events.topics import Topic
from printworks_common.logs import get_logger
from printworks_common.postgres import ground_errors
from printworks_common.storage import ObjectStore

from printworks_render.coordinator.store import SQL

log = get_logger(__name__)


async def held_up(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    objects: ObjectStore,
    topic: Topic,
    job_ids: Sequence[UUID],
) -> bool:
    """Whether the hosted store is away, or what was asked about one of these jobs still waits for the broker. Then
    nobody can have done it, and whoever lives waits as well. Raises GroundMissingError."""
    if not job_ids:
        return False
    with ground_errors():
        unsent = await connection.fetchval(SQL["requests_unsent"], [str(one) for one in job_ids], topic)
    if unsent:
        missing = "broker"
    elif await objects.answers():
        return False
    else:
        missing = "store"
    log.warning("held_up", topic=topic, missing=missing, jobs=len(job_ids))
    return True
