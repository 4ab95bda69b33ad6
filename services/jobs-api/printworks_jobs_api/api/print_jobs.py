"""`/v1/print-jobs` and `/v1/orders`: the Print Jobs view for machines."""

from datetime import date
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from printworks_common.events.artwork import ArtworkStatus, JobStatus

from printworks_jobs_api.api.conditional import answer
from printworks_jobs_api.api.context import JobsReader, Services, ServicesDep
from printworks_jobs_api.api.schemas import JobDetailOut, JobPageOut, OrderDetailOut, OrderPageOut, Presenter
from printworks_jobs_api.filters import MAX_LIMIT, JobFilter, JobSort
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found

router = APIRouter()

_ORDER_ID_DIGITS = 18

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows per page.")]
Search = Annotated[
    str,
    Query(
        max_length=200,
        description="Order number or customer name: a part of it, in any case and with or without accents; "
        "under 3 characters the beginning of a word.",
    ),
]
DateFrom = Annotated[date | None, Query(description="First day of the order, in the shop's time zone.")]
DateTo = Annotated[date | None, Query(description="Last day of the order, included.")]
CursorText = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before.")]


@router.get("/v1/print-jobs", response_model=JobPageOut, tags=["print jobs"])
async def list_print_jobs(
    request: Request,
    services: ServicesDep,
    principal: JobsReader,
    q: Search = "",
    status: Annotated[list[JobStatus] | None, Query(description="May be given several times.")] = None,
    date_from: DateFrom = None,
    date_to: DateTo = None,
    product: Annotated[str, Query(max_length=255, description="Product id, variant id or SKU.")] = "",
    reason: Annotated[str, Query(max_length=100, description="Reason code of failed jobs.")] = "",
    template: Annotated[str, Query(max_length=100, description="Template id.")] = "",
    sort: JobSort = JobSort.NEWEST_ORDER,
    cursor: CursorText = None,
    limit: Limit = 50,
    counts: Annotated[bool, Query(description="Also count the jobs per status under this filter.")] = False,
) -> Response:
    """Print jobs of the key's shop, filtered, sorted and paged."""
    check_dates(date_from, date_to)
    facts = await services.shops.facts(principal.shop)
    wanted = JobFilter(
        q=q, status=tuple(status or ()), date_from=date_from, date_to=date_to, product=product, reason=reason,
        template=template, shop=facts,
    )  # fmt: skip
    jobs, following = await services.reader.jobs(principal.shop, wanted, sort=sort, cursor=cursor, limit=limit)
    present = presenter(services, principal)
    page = JobPageOut(
        items=[present.job(job) for job in jobs],
        next_cursor=following,
        time_zone=facts.zone.key,
        counts=await services.reader.counts(principal.shop, wanted) if counts else None,
    )
    return answer(request, page, link=next_link(request, services, following))


@router.get("/v1/print-jobs/{job_id}", response_model=JobDetailOut, tags=["print jobs"])
async def read_print_job(job_id: str, request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    """One print job with texts, inputs, artwork versions and timeline."""
    job = await services.reader.job(principal.shop, job_uuid(job_id))
    return answer(request, presenter(services, principal).job_detail(job))


@router.get("/v1/orders", response_model=OrderPageOut, tags=["orders"])
async def list_orders(
    request: Request,
    services: ServicesDep,
    principal: JobsReader,
    q: Search = "",
    status: Annotated[list[ArtworkStatus] | None, Query(description="Artwork status of the order.")] = None,
    date_from: DateFrom = None,
    date_to: DateTo = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Response:
    """Orders with customised line items, newest first, each with its print jobs."""
    check_dates(date_from, date_to)
    facts = await services.shops.facts(principal.shop)
    wanted = JobFilter(q=q, status=tuple(status or ()), date_from=date_from, date_to=date_to, shop=facts)
    orders, following = await services.reader.orders(principal.shop, wanted, cursor=cursor, limit=limit)
    present = presenter(services, principal)
    page = OrderPageOut(
        items=[present.order(row, jobs) for row, jobs in orders], next_cursor=following, time_zone=facts.zone.key
    )
    return answer(request, page, link=next_link(request, services, following))


@router.get("/v1/orders/{order_id}", response_model=OrderDetailOut, tags=["orders"])
async def read_order(order_id: str, request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    """One order with its print jobs in full."""
    number = order_number(order_id)
    row, jobs = await services.reader.order(principal.shop, number)
    write = await services.reader.shopify_write(principal.shop, number)
    return answer(request, presenter(services, principal).order_detail(row, jobs, write))


def presenter(services: Services, principal: Principal) -> Presenter:
    return Presenter(principal, services.signer, services.public_url)


def job_uuid(text: str) -> UUID:
    """A job's id from an address. What is no id names no job: 404, like an unknown one."""
    try:
        return UUID(text)
    except ValueError as error:
        raise not_found("print job") from error


def order_number(text: str) -> int:
    """An order's id from an address; 404 for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= _ORDER_ID_DIGITS):
        raise not_found("order")
    return int(text)


def check_dates(date_from: date | None, date_to: date | None) -> None:
    """Raises ProblemError 422 `invalid_request` for a range that ends before it begins."""
    if date_from is not None and date_to is not None and date_from > date_to:
        raise ProblemError(422, "invalid_request", "date_from is later than date_to.")


def next_link(request: Request, services: Services, cursor: str | None) -> str | None:
    """Value of the `Link` header: the address of the next page under the same filter (RFC 8288)."""
    if cursor is None:
        return None
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    base = services.public_url.rstrip("/") + request.url.path
    return f'<{base}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'
