"""`/v1/bulk-actions`: the same asked of many print jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from printworks_common.postgres import Connection
from pydantic import BaseModel, Field

from printworks_jobs_api.api.conditional import answer
from printworks_jobs_api.api.context import JobsReader, JobsWriter, ServicesDep
from printworks_jobs_api.api.posting import PostedDep
from printworks_jobs_api.api.print_jobs import Limit
from printworks_jobs_api.bulk import BulkIn
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.problems import not_found

router = APIRouter(tags=["commands"])


class BulkOut(BaseModel):
    bulk_id: UUID
    action: str
    status: str = Field(description="running, done, aborted or failed")
    selection: dict[str, Any] = Field(description="What was asked for.")
    created_by: str
    created_at: datetime
    ended_at: datetime | None
    matched: int = Field(description="Print jobs under the selection when it was asked for.")
    done: int = Field(description="Print jobs that were asked so far.")
    outcomes: dict[str, int] = Field(description="Print jobs by `outcome` of the command, or by `code` of the refusal.")


class BulkListOut(BaseModel):
    items: list[BulkOut]


class BulkCountOut(BaseModel):
    matched: int
    possible: int = Field(description="Print jobs in a state in which the action does something.")
    by_status: dict[str, int]


@router.post("/v1/bulk-actions/count", responses={200: {"model": BulkCountOut}})
async def count_bulk_action(
    body: BulkIn, services: ServicesDep, principal: JobsWriter, posted: PostedDep
) -> JSONResponse:
    """How many print jobs an action would meet now. Nothing is done."""

    async def effect(connection: Connection) -> Answer:
        count = await services.bulk.count(connection, principal.shop, body)
        out = BulkCountOut(matched=count.matched, possible=count.possible, by_status=count.by_status)
        return Answer(200, out.model_dump(mode="json"))

    return await posted.once(principal, effect)


@router.post("/v1/bulk-actions", status_code=202, responses={202: {"model": BulkOut}})
async def start_bulk_action(
    body: BulkIn, services: ServicesDep, principal: JobsWriter, posted: PostedDep
) -> JSONResponse:
    """Ask the same of many print jobs, some at a time. The answer is a handle to watch and to abort it by."""

    async def effect(connection: Connection) -> Answer:
        row = await services.bulk.start(connection, principal, body)
        return Answer(202, _out(row).model_dump(mode="json"))

    return await posted.once(principal, effect)


@router.get("/v1/bulk-actions", response_model=BulkListOut)
async def list_bulk_actions(
    request: Request, services: ServicesDep, principal: JobsReader, limit: Limit = 50
) -> Response:
    """Bulk actions of the last 30 days, the newest first."""
    rows = await services.bulk.actions(principal.shop, limit)
    return answer(request, BulkListOut(items=[_out(row) for row in rows]))


@router.get("/v1/bulk-actions/{bulk_id}", response_model=BulkOut)
async def read_bulk_action(bulk_id: str, request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    """How far it is, and what the print jobs answered."""
    return answer(request, _out(await services.bulk.action(principal.shop, action_uuid(bulk_id))))


@router.post("/v1/bulk-actions/{bulk_id}/abort", responses={200: {"model": BulkOut}})
async def abort_bulk_action(
    bulk_id: str, services: ServicesDep, principal: JobsWriter, posted: PostedDep
) -> JSONResponse:
    """Ask no further print jobs. What was asked already goes on."""

    async def effect(connection: Connection) -> Answer:
        row = await services.bulk.abort(connection, principal.shop, action_uuid(bulk_id))
        return Answer(200, _out(row).model_dump(mode="json"))

    return await posted.once(principal, effect)


def action_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise not_found("bulk action") from error


def _out(row: Any) -> BulkOut:
    return BulkOut(**{name: row[name] for name in BulkOut.model_fields})
