"""`printworks.artwork.v1`, public: how far the artwork of an order is. No customer name, no texts, no source URLs."""

from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from printworks_common.events.base import EventPart, Moment, OrderScopedEvent, Sha256, ShopifyId
from printworks_common.events.topics import Topic


class JobStatus(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CLEARED = "cleared"


class ArtworkStatus(StrEnum):
    """Artwork status of an order. No status (null): nothing customised is left to print."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class FileFacts(EventPart):
    """What is known about a file without opening it."""

    file_id: UUID
    role: str = Field(
        description="print, preview, thumbnail, pattern, legend, chart, reference or data; open for more."
    )
    name: str
    format: str = Field(description="pdf, tiff, png, jpeg, webp, svg, csv, xlsx; open for more.")
    media_type: str
    bytes: int
    sha256: Sha256
    crc32: int = 0
    area: str | None = Field(default=None, description="Which side or part of the product, such as `front`.")
    width_px: int | None = None
    height_px: int | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    dpi: float | None = None
    colour_space: str | None = None
    bleed_mm: float | None = None
    pages: int | None = None


PRODUCTION_ROLES = frozenset({"print", "pattern", "legend", "chart", "reference", "data"})
"""Roles that the printer needs. Thumbnails and previews are for looking at."""


class PublicFile(FileFacts):
    url: str = Field(description="Stable link; it redirects or streams, and answers 410 once the file is cleared.")


class PublicJob(EventPart):
    job_id: UUID
    line_item_id: ShopifyId
    status: str = Field(description="One of JobStatus; open for more.")
    artwork_version: int


class PrintJobChanged(OrderScopedEvent):
    """One print job in its new state. A higher `version` replaces a lower one."""

    type_name: ClassVar[str] = "printworks.print-job.changed.v1"
    topic: ClassVar[str] = Topic.ARTWORK

    order_gid: str
    order_name: str
    job_id: UUID
    line_item_id: ShopifyId
    line_item_gid: str
    version: int
    status: str
    step: str | None = None
    artwork_version: int
    product_id: ShopifyId | None = None
    variant_id: ShopifyId | None = None
    sku: str | None = None
    quantity: int
    template_id: str | None = None
    template_version: int | None = None
    renderer_version: str | None = None
    reason_code: str | None = None
    reason: str | None = None
    files: tuple[PublicFile, ...] = ()
    occurred_at: Moment
    retention_date: date | None = Field(default=None, description="Hosted files are cleared after this UTC date.")


class OrderArtworkChanged(OrderScopedEvent):
    """The artwork of a whole order. A higher `version` replaces a lower one."""

    type_name: ClassVar[str] = "printworks.order-artwork.changed.v1"
    topic: ClassVar[str] = Topic.ARTWORK

    order_gid: str
    order_name: str
    version: int
    artwork_status: Literal["pending", "ready", "failed"] | None
    artwork_files: tuple[str, ...] = Field(
        default=(), description="Links of the current print-ready files, with ready."
    )
    jobs: tuple[PublicJob, ...] = ()
    occurred_at: Moment
    retention_date: date | None = None
