"""Projector of the answers to counts: the newest of each shop is kept."""

from printworks_common.errors import PoisonError
from printworks_common.events.control import ReconciliationCompared, ReconciliationCounted
from printworks_common.kafka.record import Record
from printworks_common.postgres import Pool, ground_errors, load_queries

SQL = load_queries("printworks_jobs_api", "sql/projector.sql")


class Reconciliations:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def handle(self, record: Record) -> None:
        """One record of the topic of counts. The pages of a count are for the coordinator.

        Raises PoisonError for what is neither, GroundMissingError when the database is away.
        """
        if record.event_type == ReconciliationCounted.type_name:
            return
        if record.event_type != ReconciliationCompared.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        answer = record.decode(ReconciliationCompared)
        values = answer.model_dump()
        with ground_errors():
            await self._pool.execute(
                SQL["save_reconciliation"],
                *(values[name] for name in ("shop", "run_id", "window_from", "window_to", "shopify_has", "we_hold")),
                *(values[name] for name in ("customised", "missing", "different", "gone")),
                [one.model_dump() for one in answer.differences],
                answer.compared_at,
            )
