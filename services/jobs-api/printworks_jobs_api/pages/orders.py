"""Orders: the list with one row per order, and the page of one order."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from printworks_jobs_api.api.context import Services, ServicesDep
from printworks_jobs_api.api.print_jobs import order_number
from printworks_jobs_api.pages import words
from printworks_jobs_api.pages.address import VIEW_BY_KEY, VIEWS, ListAddress, View, date_ranges
from printworks_jobs_api.pages.print_jobs import sent_notes, viewer_of
from printworks_jobs_api.pages.shell import is_part, page
from printworks_jobs_api.pages.visit import VisitorDep
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.reading import Job

router = APIRouter(include_in_schema=False)

PATH = "/orders"
PAGE_ROWS = 50

EMPTY = {
    "attention": "No order needs your attention. Orders with a failed print job show up here.",
    "progress": "No order is in progress at the moment.",
    "ready": "No order is ready yet.",
    "all": "No orders yet. Orders with customised line items show up here once they are paid.",
}


@router.get(PATH)
async def orders_page(
    request: Request,
    services: ServicesDep,
    visitor: VisitorDep,
    address: Annotated[ListAddress, Depends()],
    sent: str = "",
    refused: str = "",
) -> Response:
    shop = visitor.principal.shop
    address.status = address.product = address.reason = ""
    view = address.view or VIEW_BY_KEY["all"]
    facts = await services.shops.facts(shop)
    address.view, address.shop = view, facts
    newest = await services.reader.newest_change(shop)
    orders, following = await _rows(services, shop, address, view)
    now = services.clock.now()
    viewer = await viewer_of(services, visitor)
    here = f"{PATH}?{address.query(cursor=address.cursor)}"
    return page(
        "orders.html",
        headers={"HX-Replace-Url": here} if is_part(request) else None,
        visitor=visitor,
        section="orders",
        address=address,
        view=view,
        views=VIEWS,
        ranges=date_ranges(facts.today(now)),
        zone=words.zone_label(viewer.zone, now),
        orders=[viewer.order(row, jobs) for row, jobs in orders],
        empty=EMPTY[view.key],
        following=following,
        here=here,
        newest=newest,
        notes=[*sent_notes(sent, refused), *address.notes],
    )


@router.get("/orders/{order_id}")
async def order_page(
    order_id: str, services: ServicesDep, visitor: VisitorDep, sent: str = "", refused: str = ""
) -> Response:
    shop = visitor.principal.shop
    newest = await services.reader.newest_change(shop)
    try:
        row, jobs = await services.reader.order(shop, order_number(order_id))
    except ProblemError:
        return page("missing.html", status=404, visitor=visitor, section="orders")
    viewer = await viewer_of(services, visitor)
    return page(
        "order.html",
        visitor=visitor,
        section="orders",
        order=viewer.order(row, jobs),
        jobs=[viewer.detail(job) for job in jobs],
        newest=newest,
        here=f"/orders/{row['order_id']}",
        notes=sent_notes(sent, refused),
    )


async def _rows(
    services: Services, shop: str, address: ListAddress, view: View
) -> tuple[list[tuple[Any, list[Job]]], str | None]:
    wanted = address.filter(view)
    try:
        return await services.reader.orders(shop, wanted, cursor=address.cursor or None, limit=PAGE_ROWS)
    except ProblemError:
        address.notes.append("This page of the list is not there any more. The list begins again.")
        address.cursor = ""
        return await services.reader.orders(shop, wanted, cursor=None, limit=PAGE_ROWS)
