"""Orders: the list with one row per order, and the page of one order."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from printworks_jobs_api.api.context import ServicesDep
from printworks_jobs_api.api.print_jobs import order_number
from printworks_jobs_api.pages.address import VIEW_BY_KEY, ListAddress
from printworks_jobs_api.pages.listing import PAGE_ROWS, open_list, sent_notes, viewer_of
from printworks_jobs_api.pages.shell import page
from printworks_jobs_api.pages.visit import VisitorDep
from printworks_jobs_api.problems import ProblemError

router = APIRouter(include_in_schema=False)

PATH = "/orders"

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
    listing = await open_list(services, visitor, address, PATH, view, await services.shops.facts(shop))
    orders, following = await listing.rows(
        lambda cursor: services.reader.orders(shop, address.filter(view), cursor=cursor, limit=PAGE_ROWS)
    )
    return listing.page(
        "orders.html",
        request,
        orders=[listing.viewer.order(row, jobs) for row, jobs in orders],
        empty=EMPTY[view.key],
        following=following,
        notes=sent_notes(sent, refused),
    )


@router.get("/orders/{order_id}")
async def order_page(
    order_id: str, services: ServicesDep, visitor: VisitorDep, sent: str = "", refused: str = ""
) -> Response:
    shop = visitor.principal.shop
    newest = await services.reader.newest_change(shop)
    try:
        row, jobs = await services.reader.order(shop, order_number(order_id))
        write = await services.reader.shopify_write(shop, row["order_id"])
    except ProblemError:
        return page("missing.html", status=404, visitor=visitor, section="orders")
    viewer = await viewer_of(services, visitor)
    return page(
        "order.html",
        visitor=visitor,
        section="orders",
        order=viewer.order(row, jobs),
        on_shopify=viewer.on_shopify(write),
        jobs=[viewer.detail(job, write) for job in jobs],
        newest=newest,
        here=f"/orders/{row['order_id']}",
        notes=sent_notes(sent, refused),
    )
