"""`printworks.privacy.v1`: what Shopify asks about a person or a shop, and what each service has done about it."""

from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from printworks_common import ids
from printworks_common.events.base import Event, EventPart, Moment, ShopifyId
from printworks_common.events.topics import Topic

ANSWERED_WITHIN = timedelta(days=30)
"""Shopify's rule: a request is completed within 30 days of its webhook."""


class PrivacyKind(StrEnum):
    ERASE_CUSTOMER = "erase_customer"
    ERASE_SHOP = "erase_shop"
    EXPORT_CUSTOMER = "export_customer"


class KnownOrder(EventPart):
    """An order of a request that the coordinator knew, and the day below which its files lie."""

    order_id: ShopifyId
    order_date: date


class PrivacyAnswered(Event):
    """A service has done its part of a request. Nothing personal is carried."""

    type_name: ClassVar[str] = "printworks.privacy.answered.v1"
    topic: ClassVar[str] = Topic.PRIVACY

    kind: str = Field(description="One of PrivacyKind; open for more.")
    request_id: str
    service: str = Field(description="One of those that `services_asked` names for this kind.")
    orders: int = Field(description="Orders of which the service held something.")
    objects: int = Field(default=0, description="Objects that were deleted from the hosted bucket, by retention.")
    known_orders: tuple[KnownOrder, ...] = Field(
        default=(), description="From the coordinator, for a customer: the orders that it knew."
    )
    answered_at: Moment

    def key(self) -> str:
        return self.shop


def held_document_key(shop: str, order_id: str, order_date: date, request_id: str) -> str:
    """Where the coordinator lays down what it holds of an order, for a request to export it."""
    name = ids.event_id("held", shop, request_id)
    return f"orders/{order_date.isoformat()}/{shop}/{order_id}/held/{name}.json"


COORDINATOR = "coordinator"
RECONCILER = "reconciler"
READ_MODEL = "jobs-api"
WRITER = "shopify-writer"
RETENTION = "retention"


def services_asked(kind: str) -> tuple[str, ...]:
    """Who has a part in a request of this kind. It is done when all of them have answered."""
    if kind == PrivacyKind.EXPORT_CUSTOMER:
        return (COORDINATOR, READ_MODEL)
    return (COORDINATOR, RECONCILER, READ_MODEL, WRITER, RETENTION)
