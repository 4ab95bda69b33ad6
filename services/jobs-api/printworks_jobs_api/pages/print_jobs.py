"""The list of print jobs: one reading, one template. Without JavaScript it is links and forms; with it, the same
addresses are fetched and the list alone is replaced."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from printworks_jobs_api.api.context import Services, ServicesDep
from printworks_jobs_api.pages import health, words
from printworks_jobs_api.pages.address import SORTS, VIEW_BY_KEY, VIEWS, ListAddress, View, date_ranges
from printworks_jobs_api.pages.shell import inside, is_part, page, redirect
from printworks_jobs_api.pages.view import Viewer
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.reading import Job

router = APIRouter(include_in_schema=False)

PATH = "/print-jobs"
PAGE_ROWS = 50

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
    address.view, address.shop = view, facts
    # Read before the rows: a change in between is told of as an update, never lost.
    newest = await services.reader.newest_change(shop)
    jobs, following = await _rows(services, shop, address, view)
    # As the links of the views have it: they keep the search, and drop what is a view's own.
    counts = await services.reader.counts(shop, replace(address.filter(view), status=(), reason=""))
    now = services.clock.now()
    viewer = await viewer_of(services, visitor)
    here = f"{PATH}?{address.query(cursor=address.cursor)}"
    return page(
        "print_jobs.html",
        headers={"HX-Replace-Url": here} if is_part(request) else None,
        visitor=visitor,
        section="print-jobs",
        address=address,
        view=view,
        views=VIEWS,
        counts={one.key: _count(one, counts) for one in VIEWS},
        sorts=SORTS,
        statuses=words.STATUSES,
        ranges=date_ranges(facts.today(now)),
        zone=words.zone_label(viewer.zone, now),
        jobs=[viewer.job(job) for job in jobs],
        total=_total(address, view, counts),
        empty=EMPTY[view.key],
        following=following,
        here=here,
        newest=newest,
        tiles=health.tiles(glance, facts.last_webhook_at, now),
        notes=[*sent_notes(sent, refused), *address.notes],
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


async def viewer_of(services: Services, visitor: Visitor) -> Viewer:
    """In the shop's own time zone."""
    facts = await services.shops.facts(visitor.principal.shop)
    return Viewer(visitor.principal, services.signer, services.clock.now(), facts.zone)


async def _rows(services: Services, shop: str, address: ListAddress, view: View) -> tuple[list[Job], str | None]:
    wanted = address.filter(view)
    try:
        return await services.reader.jobs(
            shop, wanted, sort=address.sort, cursor=address.cursor or None, limit=PAGE_ROWS
        )
    except ProblemError:
        address.notes.append("This page of the list is not there any more. The list begins again.")
        address.cursor = ""
        return await services.reader.jobs(shop, wanted, sort=address.sort, cursor=None, limit=PAGE_ROWS)


def _count(view: View, counts: dict[str, int]) -> int:
    return counts.get(_COUNTED[view.key], 0) if view.key in _COUNTED else sum(counts.values())


def _total(address: ListAddress, view: View, counts: dict[str, int]) -> int | None:
    """How many the list has in all; None where that was not counted."""
    if address.reason:
        return None
    return counts.get(address.status, 0) if address.status else _count(view, counts)


def sent_notes(sent: str, refused: str) -> list[str]:
    """What a form has done, as the address that it led back to says."""
    notes: list[str] = []
    if sent.isdecimal() and len(sent) < 6:
        notes.append(f"{words.count(int(sent), 'retry', 'retries')} sent.")
    if refused.isdecimal() and len(refused) < 6:
        notes.append(f"{words.count(int(refused), 'print job')} could not be retried: only failed ones can.")
    return notes
