"""What people do with print jobs: retry one, several, or all of an order; replace a picture.

Every form works without JavaScript and leads back. With htmx the answer is the row or card itself, which then asks for
itself until the print job has come to rest: a person sees it become ready without moving.
"""

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from printworks_common.events.control import CommandKind
from starlette.datastructures import UploadFile

from printworks_jobs_api import uploads
from printworks_jobs_api.api.context import Services, ServicesDep, check_scope
from printworks_jobs_api.api.print_jobs import job_uuid, order_number
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages.forms import FORM_BYTES, chunks, form_length
from printworks_jobs_api.pages.listing import PAGE_ROWS, viewer_of
from printworks_jobs_api.pages.print_jobs import PATH
from printworks_jobs_api.pages.shell import error_page, inside, is_part, page, redirect
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.problems import ProblemError

router = APIRouter(include_in_schema=False)

FormToken = Annotated[str, Form()]
Back = Annotated[str, Form(max_length=2000)]


@router.get(f"{PATH}/{{job_id}}/row")
async def row(job_id: str, request: Request, services: ServicesDep, visitor: VisitorDep, back: str = "") -> Response:
    """A row of the list that asks for itself; as a page it is the print job on its order's page."""
    return await _job(services, visitor, job_uuid(job_id), request, "row", inside(back))


@router.get(f"{PATH}/{{job_id}}/card")
async def card(job_id: str, request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    """A print job on its order's page that asks for itself."""
    return await _job(services, visitor, job_uuid(job_id), request, "card", "")


@router.post(f"{PATH}/{{job_id}}/retry")
async def retry(
    job_id: str,
    request: Request,
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: FormToken = "",
    back: Back = "",
    shown_as: Annotated[str, Form()] = "row",
) -> Response:
    """Retry a failed print job."""
    _check(visitor, form_token)
    refused = await _retry(services, visitor, [job_uuid(job_id)])
    if is_part(request):
        return await _job(services, visitor, job_uuid(job_id), request, shown_as, inside(back), note="".join(refused))
    if refused:
        return error_page(409, refused[0], inside(back))
    return redirect(_with(inside(back), sent=1, refused=0))


@router.post(f"{PATH}/retry")
async def retry_selected(
    services: ServicesDep,
    visitor: VisitorDep,
    job: Annotated[list[str] | None, Form()] = None,
    form_token: FormToken = "",
    back: Back = "",
) -> Response:
    """Retry the print jobs that are ticked on a page of the list; when none is, ask whether all that it shows."""
    _check(visitor, form_token)
    ids = [job_uuid(one) for one in (job or ())[:PAGE_ROWS]]
    if not ids:
        return redirect(f"{PATH}/retry-all?{urlsplit(inside(back)).query}")
    refused = await _retry(services, visitor, ids)
    return redirect(_with(inside(back), sent=len(ids) - len(refused), refused=len(refused)))


@router.post("/orders/{order_id}/retry")
async def retry_order(
    order_id: str,
    request: Request,
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: FormToken = "",
    back: Back = "",
) -> Response:
    """Retry every failed print job of an order."""
    _check(visitor, form_token)
    _, jobs = await services.reader.order(visitor.principal.shop, order_number(order_id))
    failed: list[UUID] = [one.row["job_id"] for one in jobs if one.row["status"] == "failed"]
    refused = await _retry(services, visitor, failed)
    if is_part(request):
        return await order_part(services, visitor, order_id, inside(back))
    return redirect(_with(inside(back, "/orders"), sent=len(failed) - len(refused), refused=len(refused)))


@router.get("/orders/{order_id}/row")
async def order_row(
    order_id: str, request: Request, services: ServicesDep, visitor: VisitorDep, back: str = ""
) -> Response:
    """A row of the list of orders that asks for itself; as a page it is the order."""
    if not is_part(request):
        return redirect(f"/orders/{order_number(order_id)}")
    return await order_part(services, visitor, order_id, inside(back))


async def order_part(services: Services, visitor: Visitor, order_id: str, here: str) -> Response:
    row, jobs = await services.reader.order(visitor.principal.shop, order_number(order_id))
    order = (await viewer_of(services, visitor)).order(row, jobs)
    return page("part_order_row.html", visitor=visitor, order=order, here=here)


@router.post(f"{PATH}/{{job_id}}/replace")
async def replace_picture(job_id: str, request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    """Take a picture in place of the customer's; the order's page comes back."""
    check_scope(visitor.principal, Scope.JOBS_WRITE)
    length = form_length(request)
    target = PATH
    try:
        if length > services.upload_max_bytes + FORM_BYTES:
            raise uploads.too_large(services.upload_max_bytes)
        async with request.form(max_files=1, max_fields=5) as form:
            visitor.check_form(str(form.get("form_token", "")))
            target = inside(str(form.get("back", "")))
            picture = form.get("picture")
            if not isinstance(picture, UploadFile):
                raise ProblemError(422, "upload_empty", "Choose a picture first.")
            slot = str(form.get("slot", ""))
            await uploads.replace(services, visitor.principal, job_uuid(job_id), slot, chunks(picture), {})
    except ProblemError as error:
        return error_page(error.status, error.detail, target)
    return redirect(target)


def _check(visitor: Visitor, form_token: str) -> None:
    visitor.check_form(form_token)
    check_scope(visitor.principal, Scope.JOBS_WRITE)


async def _retry(services: Services, visitor: Visitor, job_ids: Iterable[UUID]) -> list[str]:
    """Ask for each; returns the sentences of those that cannot be retried in their state."""
    refused: list[str] = []
    for job_id in job_ids:
        try:
            await services.commands.issue(visitor.principal, job_id, CommandKind.RETRY)
        except ProblemError as error:
            if error.status != 409:
                raise
            refused.append(error.detail)
    return refused


async def _job(
    services: Services, visitor: Visitor, job_id: UUID, request: Request, shown_as: str, here: str, note: str = ""
) -> Response:
    job = await services.reader.job(visitor.principal.shop, job_id)
    viewer = await viewer_of(services, visitor)
    order_page = f"/orders/{job.row['order_id']}"
    if not is_part(request):
        return redirect(f"{order_page}#card-{job_id}")
    if shown_as == "card":
        write = await services.reader.shopify_write(visitor.principal.shop, job.row["order_id"])
        return page("part_job_card.html", visitor=visitor, one=viewer.detail(job, write), here=order_page, note=note)
    return page("part_job_row.html", visitor=visitor, job=viewer.job(job), here=here, note=note)


def _with(target: str, **numbers: int) -> str:
    """The address with what has been done, which the page then says."""
    parts = urlsplit(target)
    said = urlencode({name: number for name, number in numbers.items() if number})
    kept = "&".join(one for one in parts.query.split("&") if one and not one.startswith(("sent=", "refused=")))
    return parts._replace(query="&".join(filter(None, (kept, said)))).geturl()
