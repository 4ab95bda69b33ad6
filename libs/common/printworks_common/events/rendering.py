"""`printworks.render-requests.v1`, `printworks.render-results.v1` and `printworks.deliveries.v1`."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from printworks_common.events.artwork import FileFacts
from printworks_common.events.base import EventPart, Moment, OrderScopedEvent, Sha256, ShopifyId
from printworks_common.events.topics import Topic


class PinnedInput(EventPart):
    """A copy of an input below the order's prefix in our bucket. What is pinned cannot break later."""

    input_id: str = Field(description="`photo:front`, `sticker:7`, …: the id that the template's layers refer to.")
    kind: str = Field(description="upload, asset or font")
    key: str
    sha256: Sha256
    bytes: int
    media_type: str | None = None


class RenderRequested(OrderScopedEvent):
    """Everything a worker needs to make the files of one artwork version; it asks nobody else."""

    type_name: ClassVar[str] = "printworks.render.requested.v1"
    topic: ClassVar[str] = Topic.RENDER_REQUESTS

    job_id: UUID
    line_item_id: ShopifyId
    artwork_version: int
    attempt: int
    order_name: str
    quantity: int
    sku: str | None = None
    template: dict[str, Any]
    template_version: int
    design: dict[str, Any]
    inputs: tuple[PinnedInput, ...] = ()
    document_time: Moment = Field(description="Date written into documents: from the order, never from a clock.")
    watermark: bool = False
    line_item_url: str | None = Field(default=None, description="What the QR code on a kit leads to.")
    output_prefix: str = Field(description="Object key prefix of the files of this artwork version, ends with `/`.")
    dry_run: bool = Field(
        default=False,
        description="A template is tried, for no order: what becomes of it is written beside its files, and no result "
        "is published.",
    )

    def key(self) -> str:
        return str(self.job_id)


class DeliveredTo(EventPart):
    """Where a file lies in a merchant's own storage."""

    endpoint: str
    bucket: str
    key: str
    public_url: str | None = Field(default=None, description="Its address where the bucket can be read by anybody.")


class StoredFile(FileFacts):
    """A file of a print job in the hosted bucket, and where it was delivered to."""

    key: str
    delivered: DeliveredTo | None = Field(
        default=None, description="Set: it is read there; the copy in the hosted bucket goes soon after."
    )


class PreflightCheck(EventPart):
    code: str
    level: str = Field(description="ok, warn or fail")
    sentence: str
    measured: str | None = None
    limit: str | None = None


class RenderFinished(OrderScopedEvent):
    type_name: ClassVar[str] = "printworks.render.finished.v1"
    topic: ClassVar[str] = Topic.RENDER_RESULTS

    job_id: UUID
    artwork_version: int
    attempt: int
    renderer_version: str
    files: tuple[StoredFile, ...]
    preflight: tuple[PreflightCheck, ...] = ()
    spec_line: str = ""
    started_at: Moment
    finished_at: Moment
    render_ms: int = Field(description="Milliseconds in the render process alone.")


class RenderFailed(OrderScopedEvent):
    type_name: ClassVar[str] = "printworks.render.failed.v1"
    topic: ClassVar[str] = Topic.RENDER_RESULTS

    job_id: UUID
    artwork_version: int
    attempt: int
    renderer_version: str
    reason_code: str
    detail: str = Field(default="", description="For the operator and the job's page: what exactly; no personal data.")
    preflight: tuple[PreflightCheck, ...] = ()
    started_at: Moment
    finished_at: Moment


class DeliveryRequested(OrderScopedEvent):
    """Copy these files to the shop's own storage."""

    type_name: ClassVar[str] = "printworks.delivery.requested.v1"
    topic: ClassVar[str] = Topic.DELIVERIES

    job_id: UUID
    artwork_version: int
    attempt: int
    order_name: str
    line_item_id: ShopifyId
    sku: str | None = None
    order_date: date | None = None
    product_title: str | None = None
    variant_title: str | None = None
    template_id: str | None = None
    quantity: int | None = None
    storage_version: int = Field(description="Of the shop's storage setting, or of a newer one.")
    files: tuple[StoredFile, ...]


class DeliveredFile(EventPart):
    file_id: UUID
    bucket: str
    key: str
    public_url: str | None = None
    endpoint: str | None = None


class DeliveryFinished(OrderScopedEvent):
    type_name: ClassVar[str] = "printworks.delivery.finished.v1"
    topic: ClassVar[str] = Topic.RENDER_RESULTS

    job_id: UUID
    artwork_version: int
    attempt: int
    files: tuple[DeliveredFile, ...]
    finished_at: Moment


class DeliveryFailed(OrderScopedEvent):
    type_name: ClassVar[str] = "printworks.delivery.failed.v1"
    topic: ClassVar[str] = Topic.RENDER_RESULTS

    job_id: UUID
    artwork_version: int
    attempt: int
    reason_code: str
    detail: str = ""
    finished_at: Moment
