"""Commands, catalog, privacy, retention and reconciliation events."""

from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from printworks_common.events.base import Event, EventPart, Moment, OrderScopedEvent, Sha256, ShopifyId
from printworks_common.events.topics import Topic


class CommandKind(StrEnum):
    RETRY = "retry"
    RERENDER = "rerender"
    CANCEL = "cancel"
    REPLACE_INPUT = "replace_input"
    REDELIVER = "redeliver"


class ReplacementInput(EventPart):
    """A picture that a merchant has uploaded in place of a corrupt or lost one; already in our bucket."""

    input_id: str
    key: str
    sha256: Sha256
    bytes: int
    media_type: str | None = None


class CommandIssued(OrderScopedEvent):
    """What a person or a machine asks of one print job."""

    type_name: ClassVar[str] = "printworks.command.issued.v1"
    topic: ClassVar[str] = Topic.COMMANDS

    command_id: UUID
    job_id: UUID
    kind: str = Field(description="One of CommandKind; open for more.")
    replacement: ReplacementInput | None = None
    issued_by: str = Field(description="Id of the API key or of the staff member; no name, no e-mail.")
    issued_at: Moment


class CatalogKind(StrEnum):
    TEMPLATE = "template"
    MAPPING = "mapping"
    ASSET = "asset"
    STORAGE = "storage"
    RETENTION = "retention"
    HOLD = "hold"
    INSTALLATION = "installation"
    RENDERING = "rendering"
    SHOP = "shop"


class CatalogEntry(Event):
    """The newest state of one thing in a shop's catalog. Deleted: `deleted` is true and `body` is empty."""

    type_name: ClassVar[str] = "printworks.catalog.entry.v1"
    topic: ClassVar[str] = Topic.CATALOG

    kind: str = Field(description="One of CatalogKind; open for more.")
    entry_id: str
    version: int
    deleted: bool = False
    body: dict[str, Any] = Field(default_factory=dict)
    changed_at: Moment

    def key(self) -> str:
        return f"{self.shop}/{self.kind}/{self.entry_id}"


class PrivacyRequested(Event):
    """Erase a customer or a shop, or export a customer. Orders are named by id; nothing else personal is carried."""

    type_name: ClassVar[str] = "printworks.privacy.requested.v1"
    topic: ClassVar[str] = Topic.PRIVACY

    kind: Literal["erase_customer", "erase_shop", "export_customer"]
    request_id: str
    order_ids: tuple[ShopifyId, ...] = ()
    requested_at: Moment

    def key(self) -> str:
        return self.shop


class RetentionNotice(OrderScopedEvent):
    """The hosted files of an order will be cleared soon: told 14 and 3 days before. A hold may still keep them."""

    type_name: ClassVar[str] = "printworks.retention.notice.v1"
    topic: ClassVar[str] = Topic.RETENTION

    keep_until: date = Field(description="Last UTC day on which the files are kept.")
    days_left: int = Field(description="Days until then.")
    noticed_at: Moment


class RetentionBegun(OrderScopedEvent):
    """The day of an order has come: nothing new is made for it, its links end, and its hosted files go next."""

    type_name: ClassVar[str] = "printworks.retention.begun.v1"
    topic: ClassVar[str] = Topic.RETENTION

    run_id: UUID
    keep_until: date = Field(description="Last UTC day on which the files were kept.")
    begun_at: Moment


class RetentionPurged(OrderScopedEvent):
    """The hosted files of an order are gone: its day had come."""

    type_name: ClassVar[str] = "printworks.retention.purged.v1"
    topic: ClassVar[str] = Topic.RETENTION

    run_id: UUID
    retention_date: date
    objects: int
    bytes: int
    purged_at: Moment


class CountedOrder(EventPart):
    """What Shopify says of an order in a count: enough to notice that a payment or a cancellation was missed."""

    order_id: ShopifyId
    financial_status: str | None = None
    cancelled: bool = False


class ReconciliationCounted(Event):
    """Which orders Shopify has in a window of creation times, in pages."""

    type_name: ClassVar[str] = "printworks.reconciliation.counted.v1"
    topic: ClassVar[str] = Topic.RECONCILIATION

    run_id: UUID
    window_from: Moment
    window_to: Moment
    page: int = Field(description="From 1.")
    last_page: bool
    order_ids: tuple[ShopifyId, ...]
    orders: tuple[CountedOrder, ...] = Field(
        default=(), description="The same orders with what Shopify says of them; empty from older producers."
    )

    def key(self) -> str:
        return self.shop


class DifferenceKind(StrEnum):
    MISSING = "missing"
    """Shopify has the order, we do not."""
    DIFFERENT = "different"
    """We hold it, with another payment or cancellation."""
    GONE = "gone"
    """We hold it, Shopify no longer lists it."""


class Difference(EventPart):
    order_id: ShopifyId
    kind: str = Field(description="One of DifferenceKind; open for more.")


class ReconciliationCompared(Event):
    """The answer to a count: Shopify has N orders in the window, we hold M, and these are the differences.

    What is missing or different is read again at once, so that the next count finds it.
    """

    type_name: ClassVar[str] = "printworks.reconciliation.compared.v1"
    topic: ClassVar[str] = Topic.RECONCILIATION

    run_id: UUID
    window_from: Moment
    window_to: Moment
    shopify_has: int
    we_hold: int
    customised: int = Field(description="Of the orders that we hold, those with a print job.")
    missing: int
    different: int
    gone: int
    differences: tuple[Difference, ...] = Field(description="At most 1,000 of each kind; the counts are exact.")
    compared_at: Moment

    def key(self) -> str:
        return self.shop


class ShopifyWriteOutcome(StrEnum):
    WRITTEN = "written"
    ORDER_GONE = "order_gone"
    """Shopify no longer has the order: there is nothing to write on."""
    WAITING = "waiting"
    """Tried in vain; it is tried again."""


class ShopifyWriteReported(OrderScopedEvent):
    """What has become of writing an order's artwork status and files on Shopify."""

    type_name: ClassVar[str] = "printworks.shopify-write.reported.v1"
    topic: ClassVar[str] = Topic.SHOPIFY_WRITES

    version: int = Field(description="Version of the order's snapshot that is written, or to be written.")
    artwork_status: str | None = Field(description="Status in that snapshot; null: our tags and metafields are off.")
    outcome: str = Field(description="One of ShopifyWriteOutcome; open for more.")
    reason: str | None = Field(default=None, description="With waiting: code of what keeps it from being written.")
    reported_at: Moment
