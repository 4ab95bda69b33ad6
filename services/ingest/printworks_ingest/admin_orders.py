"""Reads whole orders through the Admin API."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from printworks_common.events.orders import OrderReceived
from printworks_common.ids import gid
from printworks_common.shopify.admin import AdminClient

from printworks_ingest import documents
from printworks_ingest.orders import from_admin_api


async def read_order(client: AdminClient, order_id: str) -> OrderReceived | None:
    """One order with all its line items, or None when Shopify no longer has it."""
    data = await client.execute(documents.ORDER, {"id": gid("Order", order_id)})
    return None if data["order"] is None else await _whole(client, data["order"])


async def orders_updated_since(client: AdminClient, since: datetime) -> AsyncIterator[OrderReceived]:
    """Orders updated at or after `since`, oldest update first.

    Asked for by update time alone: a filter on the payment would hide what was paid and then refunded or voided.
    """
    moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    cursor: str | None = None
    while True:
        variables = {"query": f"updated_at:>='{moment}'", "after": cursor}
        page = (await client.execute(documents.ORDERS_UPDATED, variables))["orders"]
        for order in page["nodes"]:
            yield await _whole(client, order)
        if not page["pageInfo"]["hasNextPage"]:
            return
        cursor = page["pageInfo"]["endCursor"]


async def _whole(client: AdminClient, order: dict[str, Any]) -> OrderReceived:
    lines: list[dict[str, Any]] = list(order["lineItems"]["nodes"])
    page = order["lineItems"]["pageInfo"]
    while page["hasNextPage"]:
        data = await client.execute(documents.ORDER_LINES, {"id": order["id"], "after": page["endCursor"]})
        lines += data["order"]["lineItems"]["nodes"]
        page = data["order"]["lineItems"]["pageInfo"]
    return from_admin_api(client.shop.domain, order, lines)
