"""`printworks.print-jobs.v1`: full internal snapshots of orders and print jobs, with names, texts and timeline."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from printworks_common.events.base import EventPart, Moment, OrderScopedEvent, ShopifyId
from printworks_common.events.rendering import PreflightCheck, StoredFile
from printworks_common.events.topics import Topic


class TimelineEntry(EventPart):
    """One change of state. `event` is a stable word, `detail` a short sentence part without personal data."""

    at: Moment
    event: str
    detail: str | None = None
    artwork_version: int | None = None
    actor: str | None = None


class InputState(EventPart):
    """An input of a job: pinned (with what), or why not."""

    input_id: str
    kind: str
    pinned: bool
    bytes: int | None = None
    reason_code: str | None = None
    replaced: bool = False


class TextField(EventPart):
    """A text that the customer filled in."""

    name: str
    value: str
    origin: str = Field(
        default="property",
        description="property: stands on the line item for everybody to see; design: came inside a design document.",
    )


class ArtworkVersion(EventPart):
    """The files of one artwork version. Only the current one is printed; older ones are superseded."""

    artwork_version: int
    current: bool
    template_version: int | None = None
    renderer_version: str | None = None
    files: tuple[StoredFile, ...] = ()
    preflight: tuple[PreflightCheck, ...] = ()
    spec_line: str = ""
    completed_at: Moment | None = None


class JobSnapshot(EventPart):
    job_id: UUID
    line_item_id: ShopifyId
    version: int
    status: str
    step: str | None = None
    product_title: str
    variant_title: str | None = None
    product_id: ShopifyId | None = None
    variant_id: ShopifyId | None = None
    sku: str | None = None
    quantity: int
    template_id: str | None = None
    template_version: int | None = None
    recipe: str | None = None
    artwork_version: int
    reason_code: str | None = None
    reason_detail: str | None = None
    texts: tuple[TextField, ...] = ()
    inputs: tuple[InputState, ...] = ()
    artwork: tuple[ArtworkVersion, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    queued_at: Moment
    completed_at: Moment | None = None
    page_url: str | None = Field(
        default=None, description="Page of this line item for whoever has the link: pictures, texts, status."
    )


class OrderSnapshot(OrderScopedEvent):
    """An order with all its print jobs. A higher `version` replaces a lower one."""

    type_name: ClassVar[str] = "printworks.order.snapshot.v1"
    topic: ClassVar[str] = Topic.PRINT_JOBS

    order_gid: str
    order_name: str
    version: int
    created_at: Moment
    order_date: date
    first_paid_at: Moment | None = None
    retention_date: date | None = None
    customer_name: str | None = None
    financial_status: str | None = None
    test: bool = False
    cancelled_at: Moment | None = None
    artwork_status: str | None = None
    artwork_files: tuple[str, ...] = Field(
        default=(), description="Links of the current print-ready files, with ready. The same as in the public event."
    )
    files_url: str | None = Field(
        default=None, description="One link to the list of those files, for a place that cannot hold them all."
    )
    jobs: tuple[JobSnapshot, ...] = ()
    erased_at: Moment | None = Field(
        default=None, description="When the customer's data was erased on request: nothing of it is in the snapshot."
    )
    occurred_at: Moment
