"""Commands: what people and machines ask of a print job, handed to the coordinator through the outbox.

jobs-api changes no job. It checks what can be seen from the read model, so that a hopeless request is refused at once,
and the coordinator decides again on its own state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid4

from printworks_common import ids
from printworks_common.clock import Clock
from printworks_common.events.artwork import JobStatus
from printworks_common.events.control import CommandIssued, CommandKind, ReplacementInput
from printworks_common.events.envelope import encode
from printworks_common.outbox import enqueue
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from printworks_common.tracing import current_traceparent

from printworks_jobs_api import idempotency
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found
from printworks_jobs_api.reading import ASKED_IS_SHOWN

SQL = load_queries("printworks_jobs_api", "sql/commands.sql")
SOURCE = "printworks/jobs-api/api"


class Outcome(StrEnum):
    """What became of a request."""

    ACCEPTED = "accepted"
    ALREADY_ASKED = "already_asked"
    """The same was asked of this version of the job a moment ago: that command is named."""
    ALREADY_RUNNING = "already_running"
    """A retry of a job that is at work: nothing to do."""
    ALREADY_CANCELLED = "already_cancelled"


@dataclass(frozen=True)
class Refusal:
    """Why a kind of command is not possible in a state."""

    code: str
    sentence: str


_EXPIRED = Refusal(
    "inputs_expired",
    "The customer's picture was cleared at the end of its retention period. This print job cannot be rendered again.",
)
_REFUSED: dict[CommandKind, dict[str, Refusal]] = {
    CommandKind.RETRY: {
        JobStatus.CLEARED: _EXPIRED,
        JobStatus.READY: Refusal(
            "not_retryable", "Only a failed print job can be retried. This one is ready; re-render it instead."
        ),
        JobStatus.CANCELLED: Refusal(
            "not_retryable", "Only a failed print job can be retried. This one is cancelled, which is final."
        ),
    },
    CommandKind.RERENDER: {
        JobStatus.CLEARED: _EXPIRED,
        JobStatus.CANCELLED: Refusal("not_rerenderable", "This print job is cancelled, which is final."),
    },
    CommandKind.CANCEL: {
        JobStatus.CLEARED: Refusal("not_cancellable", "The files of this print job are cleared: it is over."),
    },
    CommandKind.REPLACE_INPUT: {
        JobStatus.CLEARED: _EXPIRED,
        JobStatus.CANCELLED: Refusal("not_replaceable", "This print job is cancelled, which is final."),
    },
    CommandKind.REDELIVER: {
        JobStatus.CLEARED: Refusal("not_deliverable", "The files of this print job are cleared: nothing is left."),
        **dict.fromkeys(
            (JobStatus.PENDING, JobStatus.FAILED, JobStatus.CANCELLED),
            Refusal("not_deliverable", "Only the files of a ready print job can be delivered."),
        ),
    },
}
_NOTHING_TO_DO = {
    (CommandKind.RETRY, JobStatus.PENDING): Outcome.ALREADY_RUNNING,
    (CommandKind.CANCEL, JobStatus.CANCELLED): Outcome.ALREADY_CANCELLED,
}


def check_possible(kind: CommandKind, status: str) -> None:
    """Raises ProblemError 409 when a job in this state cannot do what is asked."""
    refusal = _REFUSED.get(kind, {}).get(status)
    if refusal is not None:
        raise ProblemError(409, refusal.code, refusal.sentence, job_status=status)


def nothing_to_do(kind: CommandKind, status: str) -> Outcome | None:
    """The answer when the job is already where the command would bring it."""
    try:
        return _NOTHING_TO_DO.get((kind, JobStatus(status)))
    except ValueError:
        return None


class Commands:
    def __init__(self, pool: Pool, clock: Clock, *, count: Callable[[str, str], None]) -> None:
        """`count` is told kind and outcome of every command."""
        self._pool = pool
        self._clock = clock
        self._count = count

    async def issue(
        self,
        principal: Principal,
        job_id: UUID,
        kind: CommandKind,
        *,
        key: str | None = None,
        request: bytes = b"",
        replacement: ReplacementInput | None = None,
    ) -> Answer:
        """Ask the coordinator. 202 with the command's id; command, idempotency record and outbox are one transaction.

        Raises ProblemError 404 for a job that this shop does not have, 409 when the job's state forbids it.
        """
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():

                async def effect() -> Answer:
                    return await self.ask(connection, principal.shop, principal.actor, job_id, kind, replacement)

                return await idempotency.once(
                    connection,
                    shop=principal.shop,
                    key=key,
                    request=request,
                    now=self._clock.now(),
                    effect=effect,
                )

    async def forget_old(self, pool: Pool) -> None:
        """Drop idempotency records and notes of commands that nobody can ask about any more, of all shops that `pool`
        sees."""
        limit = self._clock.now() - idempotency.KEPT
        with ground_errors():
            await pool.execute(SQL["forget_answers"], limit)
            await pool.execute(SQL["forget_commands"], limit)

    async def ask(
        self,
        connection: Connection,
        shop: str,
        actor: str,
        job_id: UUID,
        kind: CommandKind,
        replacement: ReplacementInput | None = None,
    ) -> Answer:
        """As `issue`, inside a transaction."""
        job = await connection.fetchrow(SQL["lock_job"], shop, job_id)
        if job is None:
            raise not_found("print job")
        check_possible(kind, job["status"])
        if kind is CommandKind.REDELIVER and not await connection.fetchval(SQL["has_storage"], shop):
            raise ProblemError(
                409, "no_own_storage", "The shop has no storage of its own: its files lie in the hosted bucket."
            )
        idle = nothing_to_do(kind, job["status"])
        if idle is not None:
            return self._answer(kind, job_id, None, idle)
        now = self._clock.now()
        if replacement is None:
            asked = await connection.fetchrow(SQL["open_command"], shop, job_id, job["version"], now - ASKED_IS_SHOWN)
            if asked is not None and asked["kind"] == kind:
                return self._answer(kind, job_id, asked["command_id"], Outcome.ALREADY_ASKED)
        command = CommandIssued(
            shop=shop,
            order_id=str(job["order_id"]),
            command_id=uuid4(),
            job_id=job_id,
            kind=kind,
            replacement=replacement,
            issued_by=actor,
            issued_at=now,
        )
        await connection.execute(
            SQL["save_command"],
            command.command_id, command.shop, job["order_id"], job_id, job["version"], kind, command.issued_by, now,
        )  # fmt: skip
        record = encode(
            command,
            event_id=ids.event_id(command.type_name, command.command_id),
            source=SOURCE,
            time=now,
            traceparent=current_traceparent(),
        )
        await enqueue(connection, [record])
        return self._answer(kind, job_id, command.command_id, Outcome.ACCEPTED)

    def _answer(self, kind: CommandKind, job_id: UUID, command_id: UUID | None, outcome: Outcome) -> Answer:
        self._count(kind, outcome)
        body = {
            "command_id": None if command_id is None else str(command_id),
            "job_id": str(job_id),
            "kind": kind.value,
            "outcome": outcome.value,
        }
        return Answer(202, body)
