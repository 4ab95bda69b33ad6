"""The same for everything that a list shows: counted first, then confirmed, then watched and perhaps stopped."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from printworks_common.events.artwork import JobStatus
from printworks_common.postgres import Connection

from printworks_jobs_api.api.bulk import action_uuid
from printworks_jobs_api.api.context import ServicesDep, check_scope
from printworks_jobs_api.bulk import BulkAction, BulkIn
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages.address import ListAddress, filter_words
from printworks_jobs_api.pages.listing import shown_view, viewer_of
from printworks_jobs_api.pages.print_jobs import PATH
from printworks_jobs_api.pages.shell import is_part, page, redirect
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.selection import FilterIn

router = APIRouter(include_in_schema=False)

OUTCOMES = {
    "accepted": "asked to try again",
    "already_asked": "asked a moment ago already",
    "already_running": "at work already",
    "not_retryable": "no longer failed: left alone",
    "inputs_expired": "cleared: nothing left to print from",
}

FormToken = Annotated[str, Form(max_length=400)]


@router.get(f"{PATH}/retry-all")
async def ask_first(services: ServicesDep, visitor: VisitorDep, address: Annotated[ListAddress, Depends()]) -> Response:
    """How many print jobs would be retried, before anything is done."""
    check_scope(visitor.principal, Scope.JOBS_WRITE)
    shop = visitor.principal.shop
    view = await shown_view(services, visitor, address)
    counts = await services.reader.counts(shop, address.filter(view))
    return page(
        "retry_all.html",
        visitor=visitor,
        section="print-jobs",
        address=address,
        view=view,
        narrowed_by=filter_words(replace(address.filter(view), status=())),
        matched=sum(counts.values()),
        failed=counts.get(JobStatus.FAILED, 0),
        back=f"{PATH}?{address.query()}",
    )


@router.post(f"{PATH}/retry-all")
async def retry_all(
    services: ServicesDep,
    visitor: VisitorDep,
    address: Annotated[ListAddress, Depends()],
    form_token: FormToken = "",
) -> Response:
    """Begin to retry what has failed under the address's filter."""
    visitor.check_form(form_token)
    check_scope(visitor.principal, Scope.JOBS_WRITE)
    view = await shown_view(services, visitor, address)
    chosen = address.filter(view)
    if chosen.status and JobStatus.FAILED not in chosen.status:
        return redirect(f"{PATH}/retry-all?{address.query()}")
    wanted = BulkIn(
        action=BulkAction.RETRY, filter=FilterIn.of(chosen).model_copy(update={"status": [JobStatus.FAILED]})
    )

    async def effect(connection: Connection) -> Answer:
        row = await services.bulk.start(connection, visitor.principal, wanted)
        return Answer(202, {"bulk_id": str(row["bulk_id"])})

    answer = await services.once.run(visitor.principal.shop, None, b"", effect)
    return redirect(f"{PATH}/bulk/{answer.body['bulk_id']}")


@router.get(f"{PATH}/bulk/{{bulk_id}}")
async def watch(bulk_id: str, request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    """How far it is; the part of the page that asks for itself until it has ended."""
    return await _progress(services, visitor, action_uuid(bulk_id), part=is_part(request))


@router.post(f"{PATH}/bulk/{{bulk_id}}/abort")
async def abort(bulk_id: str, services: ServicesDep, visitor: VisitorDep, form_token: FormToken = "") -> Response:
    """Ask no further print jobs."""
    visitor.check_form(form_token)
    check_scope(visitor.principal, Scope.JOBS_WRITE)
    found = action_uuid(bulk_id)

    async def effect(connection: Connection) -> Answer:
        await services.bulk.abort(connection, visitor.principal.shop, found)
        return Answer(200, {})

    await services.once.run(visitor.principal.shop, None, b"", effect)
    return redirect(f"{PATH}/bulk/{found}")


async def _progress(services: ServicesDep, visitor: Visitor, bulk_id: UUID, *, part: bool) -> Response:
    row = await services.bulk.action(visitor.principal.shop, bulk_id)
    viewer = await viewer_of(services, visitor)
    return page(
        "part_bulk.html" if part else "bulk.html",
        visitor=visitor,
        section="print-jobs",
        part=part,
        action=row,
        began=viewer.moment(row["created_at"]),
        outcomes=[(OUTCOMES.get(code, code.replace("_", " ")), jobs) for code, jobs in row["outcomes"].items()],
    )
