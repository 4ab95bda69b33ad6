"""Whether a result that has not come is anybody's fault: not while what its work needs is away."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import asyncpg
from printworks_common.errors import GroundMissingError
from printworks_common.events.topics import Topic
from printworks_common.logs import get_logger
from printworks_common.postgres import ground_errors
from printworks_common.storage import ObjectStore

from printworks_render.coordinator.store import SQL

log = get_logger(__name__)


class Ground:
    """What those need who do what is asked on a topic. `anybody`: whether one of them is there."""

    def __init__(self, topic: Topic, objects: ObjectStore, anybody: Callable[[], Awaitable[bool]]) -> None:
        self._topic = topic
        self._objects = objects
        self._anybody = anybody

    async def missing(
        self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", job_ids: Sequence[UUID]
    ) -> bool:
        """Whether what was asked about these jobs cannot have been done: a request of theirs still waits for the
        broker, nobody is there who would do it, or the hosted store is away. Raises GroundMissingError when the
        database is."""
        if not job_ids or (what := await self._what(connection, job_ids)) is None:
            return False
        log.warning("held_up", topic=self._topic, missing=what, jobs=len(job_ids))
        return True

    async def _what(
        self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", job_ids: Sequence[UUID]
    ) -> str | None:
        with ground_errors():
            unsent = await connection.fetchval(SQL["requests_unsent"], [str(one) for one in job_ids], self._topic)
        if unsent:
            return "broker"
        try:
            if not await self._anybody():
                return "workers"
        except GroundMissingError:
            return "broker"
        return None if await self._objects.answers() else "store"
