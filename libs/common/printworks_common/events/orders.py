"""`printworks.orders.v1` and `printworks.order-rereads.v1`: what Shopify says about an order, trimmed."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from printworks_common.events.base import EventPart, Moment, OrderScopedEvent, ShopifyId
from printworks_common.events.topics import Topic


class Property(EventPart):
    """A line-item property as it came: the original label and value, both text."""

    name: str
    value: str


class LineItem(EventPart):
    line_item_id: ShopifyId
    title: str = ""
    variant_title: str | None = None
    sku: str | None = None
    product_id: ShopifyId | None = None
    variant_id: ShopifyId | None = None
    quantity: int = Field(description="Quantity when the order was placed.")
    current_quantity: int = Field(description="Quantity after edits and refunds: what is printed.")
    gift_card: bool = False
    properties: tuple[Property, ...] = ()


class OrderReceived(OrderScopedEvent):
    """An order whole, as Shopify has it, without address, e-mail or phone."""

    type_name: ClassVar[str] = "printworks.order.received.v1"
    topic: ClassVar[str] = Topic.ORDERS

    name: str = Field(description="What the merchant calls the order, `#1001`. Free text, never a key.")
    created_at: Moment
    updated_at: Moment
    cancelled_at: Moment | None = None
    financial_status: str | None = Field(
        default=None,
        description="pending, authorized, partially_paid, paid, partially_refunded, refunded, voided",
    )
    test: bool = False
    customer_name: str | None = None
    line_items: tuple[LineItem, ...] = ()
    read_from: Literal["webhook", "admin_api"] = "webhook"
    cause: str | None = Field(
        default=None,
        description="Why we looked: a webhook's topic (`orders/paid`), one of TouchReason, `sweep` or `first_sweep`; "
        "open for more.",
    )


class TouchReason(StrEnum):
    """Why an order has to be read again."""

    EDITED = "edited"
    REFUNDED = "refunded"
    UNREADABLE = "unreadable"
    SAME_SECOND = "same_second"
    MAPPING_ADDED = "mapping_added"
    REQUESTED = "requested"
    MISSING = "missing"
    DIFFERENT = "different"


class OrderTouched(OrderScopedEvent):
    """Something happened to this order that carries no whole order: read it again through the Admin API."""

    type_name: ClassVar[str] = "printworks.order.touched.v1"
    topic: ClassVar[str] = Topic.ORDER_REREADS

    reason: str = Field(description="One of TouchReason; open for more.")
    noticed_at: Moment
