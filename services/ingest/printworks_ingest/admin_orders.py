"""Reads orders through the Admin API: one, those that were updated since, those that were created in a window."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from printworks_common.errors import PoisonError, TransientError
from printworks_common.events.control import CountedOrder
from printworks_common.events.orders import OrderReceived
from printworks_common.ids import gid
from printworks_common.logs import get_logger
from printworks_common.shopify.admin import AdminClient, numeric_id

from printworks_ingest import documents, metrics
from printworks_ingest.orders import UnreadableOrderError, from_admin_api

log = get_logger(__name__)

ORDERS_OF_A_PAGE = 100
COUNTED_OF_A_PAGE = 250
"""Shopify's largest page."""

SMALL_PAGE = 10
"""Smaller pages are not tried when Shopify does not answer: then it is not the page."""

READS = 5
"""Times that an order with many line items is begun again because it changed between two pages of them."""


@dataclass(frozen=True)
class OrderPage:
    """Orders in the order of their update. `through`: everything updated before it has been read."""

    orders: Sequence[OrderReceived]
    through: datetime
    last: bool


@dataclass(frozen=True)
class CountPage:
    orders: Sequence[CountedOrder]
    last: bool


async def read_order(
    client: AdminClient, order_id: str, *, cause: str, gives_way: bool = False
) -> OrderReceived | None:
    """One order with all its line items, or None when Shopify no longer has it.

    Raises as `AdminClient.execute`, and `UnreadableOrderError`.
    """
    data = await client.execute(documents.ORDER, {"id": gid("Order", order_id)}, gives_way=gives_way)
    return None if data["order"] is None else await _whole(client, data["order"], cause, gives_way)


async def orders_updated_since(client: AdminClient, since: datetime, *, cause: str) -> AsyncIterator[OrderPage]:
    """Orders updated at or after `since`, oldest update first. An order that is updated meanwhile comes once more.

    Asked for by update time alone: a filter on the payment would hide what was paid and then refunded or voided. The
    time is quoted: Shopify cuts an unquoted one at its first colon.
    """
    query = f"updated_at:>='{_moment(since)}'"
    async for nodes, last in _pages(client, documents.ORDERS_UPDATED, query, ORDERS_OF_A_PAGE):
        orders: list[OrderReceived] = []
        for node in nodes:
            try:
                order = await _whole(client, node, cause, gives_way=True)
            except UnreadableOrderError:
                # One odd order must not keep the others from being read; the count goes on telling that it is missing.
                metrics.UNREADABLE.labels(topic="sweep").inc()
                log.error("order_unreadable", shop=client.shop.domain, order_id=numeric_id(node["id"]))
                continue
            if order is not None:
                orders.append(order)
        through = datetime.fromisoformat(nodes[-1]["updatedAt"]) if nodes else since
        yield OrderPage(orders, through, last)


async def orders_created_between(client: AdminClient, start: datetime, end: datetime) -> AsyncIterator[CountPage]:
    """Orders created in a window, both ends included, oldest first. At least one page, the last one marked."""
    query = f"created_at:>='{_moment(start)}' created_at:<='{_moment(end)}'"
    async for nodes, last in _pages(client, documents.ORDERS_CREATED, query, COUNTED_OF_A_PAGE):
        yield CountPage([_counted(node) for node in nodes], last)


async def _pages(
    client: AdminClient, document: str, query: str, size: int
) -> AsyncIterator[tuple[list[dict[str, Any]], bool]]:
    """Pages of `orders` with whether each is the last. A page that is too dear, or too much for an answer in time, is
    asked for again in a smaller size."""
    cursor: str | None = None
    while True:
        try:
            data = await client.execute(document, {"query": query, "first": size, "after": cursor}, gives_way=True)
        except (PoisonError, TransientError) as error:
            smallest = 1 if error.code == "query_too_dear" else SMALL_PAGE
            too_much = error.code in {"query_too_dear", "shopify_unreachable", "shopify_unavailable"}
            if not too_much or size <= smallest:
                raise
            size = max(smallest, size // 2)
            continue
        page = data["orders"]
        yield page["nodes"], not page["pageInfo"]["hasNextPage"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        cursor = page["pageInfo"]["endCursor"]


async def _whole(client: AdminClient, node: Mapping[str, Any], cause: str, gives_way: bool) -> OrderReceived | None:
    """The order with the line items of all pages, read while it did not change. None: it was deleted meanwhile."""
    order: Mapping[str, Any] | None = node
    for _ in range(READS):
        if order is None:
            return None
        lines = await _lines(client, order, gives_way)
        if lines is not None:
            return from_admin_api(client.shop.domain, order, lines, cause=cause)
        order = (await client.execute(documents.ORDER, {"id": order["id"]}, gives_way=gives_way))["order"]
    raise TransientError("The order changes while it is read.", code="order_changing")


async def _lines(client: AdminClient, order: Mapping[str, Any], gives_way: bool) -> list[dict[str, Any]] | None:
    """Line items of an order, those beyond its first page too; None when it was changed or deleted between pages."""
    lines: list[dict[str, Any]] = list(order["lineItems"]["nodes"])
    page = order["lineItems"]["pageInfo"]
    while page["hasNextPage"]:
        variables = {"id": order["id"], "after": page["endCursor"]}
        more = (await client.execute(documents.ORDER_LINES, variables, gives_way=gives_way))["order"]
        if more is None or more["updatedAt"] != order["updatedAt"]:
            return None
        lines += more["lineItems"]["nodes"]
        page = more["lineItems"]["pageInfo"]
    return lines


def _counted(node: Mapping[str, Any]) -> CountedOrder:
    status = node["displayFinancialStatus"]
    return CountedOrder(
        order_id=numeric_id(node["id"]),
        financial_status=status.lower() if status else None,
        cancelled=node["cancelledAt"] is not None,
    )


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
