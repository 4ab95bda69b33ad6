"""The list of print jobs: one reading, one template. Without JavaScript it is links and forms; with it, the same
addresses are fetched and the list alone is replaced."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from printworks_jobs_api.api.context import ServicesDep
from printworks_jobs_api.pages import health, words
from printworks_jobs_api.pages.address import SORTS, VIEW_BY_KEY, VIEWS, ListAddress, View
from printworks_jobs_api.pages.listing import PAGE_ROWS, open_list, sent_notes
from printworks_jobs_api.pages.shell import inside, is_part, page, redirect
from printworks_jobs_api.pages.visit import VisitorDep

router = APIRouter(include_in_schema=False)

PATH = "/print-jobs"

EMPTY = {
    "attention": "Nothing needs your attention. Print jobs that fail show up here, with the reason and what to do.",
    "progress": "No print job is being made at the moment.",
    "ready": "No print job is ready yet. Files show up here as soon as they are made.",
    "all": "No print jobs yet. Orders with customised line items show up here once they are paid.",
}

_COUNTED = {"attention": "failed", "progress": "pending", "ready": "ready"}


@router.get(PATH)
async def print_jobs_page(
    request: Request,
    services: ServicesDep,
    visitor: VisitorDep,
    address: Annotated[ListAddress, Depends()],
    sent: str = "",
    refused: str = "",
) -> Response:
    shop = visitor.principal.shop
    facts = await services.shops.facts(shop)
    glance = await services.reader.glance(shop, facts)
    view = address.view or VIEW_BY_KEY["attention" if glance["failed"] else "all"]
    listing = await open_list(services, visitor, address, PATH, view, facts)
    jobs, following = await listing.rows(
        lambda cursor: services.reader.jobs(
            shop, address.filter(view), sort=address.sort, cursor=cursor, limit=PAGE_ROWS
        )
    )
    # As the links of the views have it: they keep the search, and drop what is a view's own.
    counts = await services.reader.counts(shop, replace(address.filter(view), status=(), reason=""))
    compared = await services.reader.reconciliation(shop)
    return listing.page(
        "print_jobs.html",
        request,
        counts={one.key: _count(one, counts) for one in VIEWS},
        sorts=SORTS,
        statuses=words.STATUSES,
        jobs=[listing.viewer.job(job) for job in jobs],
        total=_total(address, view, counts),
        empty=EMPTY[view.key],
        following=following,
        tiles=health.tiles(glance, facts.last_webhook_at, compared, listing.now),
        notes=sent_notes(sent, refused),
    )


@router.get(f"{PATH}/updates")
async def updates(
    request: Request,
    services: ServicesDep,
    visitor: VisitorDep,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)],
    back: Annotated[str, Query(max_length=2000)] = PATH,
) -> Response:
    """What a page asks every few seconds: how many print jobs have changed since it was made. It moves no row."""
    if not is_part(request):
        return redirect(inside(back))
    changed = await services.reader.changed_jobs(visitor.principal.shop, after)
    return page("updates.html", changed=changed, back=inside(back))


def _count(view: View, counts: dict[str, int]) -> int:
    return counts.get(_COUNTED[view.key], 0) if view.key in _COUNTED else sum(counts.values())


def _total(address: ListAddress, view: View, counts: dict[str, int]) -> int | None:
    """How many the list has in all; None where that was not counted."""
    if address.reason:
        return None
    return counts.get(address.status, 0) if address.status else _count(view, counts)
