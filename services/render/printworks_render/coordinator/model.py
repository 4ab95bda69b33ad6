"""State of an order and its print jobs: immutable documents that transitions turn into new ones."""

from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from printworks_common.clock import utc_date
from printworks_common.events.artwork import ArtworkStatus, JobStatus
from printworks_common.events.orders import LineItem
from printworks_common.events.print_jobs import ArtworkVersion, TextField, TimelineEntry
from printworks_common.mapping import Mapping
from pydantic import BaseModel, ConfigDict, Field


class Step:
    """What a pending job waits for."""

    PINNING = "pinning"
    QUEUED = "queued"
    RENDERING = "rendering"
    DELIVERING = "delivering"
    """Its files are on their way to the shop's own storage. A ready job has it while it is delivered once more."""


class State(BaseModel):
    model_config = ConfigDict(frozen=True)


class Input(State):
    """One input of a job: where it comes from and, once pinned, our copy of it."""

    input_id: str
    kind: str
    source: str | None = None
    required: bool = True
    key: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    media_type: str | None = None
    reason_code: str | None = None
    replaced: bool = False

    @property
    def pinned(self) -> bool:
        return self.key is not None


class Job(State):
    """The print job of one customised line item."""

    job_id: UUID
    line: LineItem
    status: JobStatus
    step: str | None = None
    version: int = 1
    artwork_version: int = 1
    attempt: int = 0
    template_id: str | None = None
    template_version: int | None = None
    template: dict[str, Any] | None = None
    recipe: str | None = None
    design: dict[str, Any] | None = None
    design_url: str | None = None
    texts: tuple[TextField, ...] = ()
    inputs: tuple[Input, ...] = ()
    artwork: tuple[ArtworkVersion, ...] = ()
    own_storage: bool = False
    """Its files go to the shop's own storage: what the setting said when this artwork version was planned."""
    rendered: ArtworkVersion | None = None
    """Files that are made and not delivered yet: nobody is told of them before they are where they belong."""
    deliveries: int = 0
    """Deliveries that have failed, over the job's life: the number of the next one tells late results apart."""
    reason_code: str | None = None
    reason_detail: str | None = None
    urgent: bool = False
    """A person asked for it: goes before everything else."""
    stopped: bool = False
    """A person cancelled it: an edit of the order does not bring it back."""
    tries: int = 0
    """Tries of the present step."""
    not_before: datetime | None = None
    queued_at: datetime
    completed_at: datetime | None = None
    timeline: tuple[TimelineEntry, ...] = ()

    @property
    def current_artwork(self) -> ArtworkVersion | None:
        return next((version for version in self.artwork if version.current), None)

    @property
    def quantity(self) -> int:
        return self.line.current_quantity


class Order(State):
    """An order with its print jobs, as the coordinator knows it."""

    shop: str
    order_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    """Shopify's `updated_at` of the newest body that was taken in."""
    content_hash: str
    order_date: date
    first_paid_at: datetime | None = None
    customer_name: str | None = None
    financial_status: str | None = None
    test: bool = False
    cancelled_at: datetime | None = None
    artwork_status: ArtworkStatus | None = None
    version: int = 0
    """0: nothing was ever published about this order, because nothing in it is customised."""
    retention_days: int = 90
    purged_at: datetime | None = None
    erased_at: datetime | None = None
    """When the customer's data was erased on request. Such an order is purged as well."""
    traceparent: str | None = None
    """Of the record that last changed the order: what is done later belongs to the same trace."""
    decisions: tuple["Decision", ...] = ()
    jobs: tuple[Job, ...] = ()

    @property
    def retention_date(self) -> date | None:
        """The later of order date and first payment's UTC date, plus the shop's period; None while unpaid."""
        if self.first_paid_at is None:
            return None
        return max(self.order_date, utc_date(self.first_paid_at)) + timedelta(days=self.retention_days)

    @property
    def trace_headers(self) -> dict[str, str] | None:
        return {"traceparent": self.traceparent} if self.traceparent else None

    def job(self, job_id: UUID) -> Job | None:
        return next((job for job in self.jobs if job.job_id == job_id), None)

    def with_job(self, changed: Job) -> "Order":
        """This order with one job replaced."""
        jobs = tuple(changed if job.job_id == changed.job_id else job for job in self.jobs)
        return self.model_copy(update={"jobs": jobs})


class Decision(State):
    """What was decided about a line item of a paid order: remembered, so that a later mapping finds it."""

    line_item_id: str
    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    customised: bool
    template_id: str | None = None


class CatalogTemplate(State):
    template_id: str
    version: int
    body: dict[str, Any]


class ShopCatalog(State):
    """The part of a shop's catalog that decides about an order."""

    templates: dict[str, CatalogTemplate] = Field(default_factory=dict[str, CatalogTemplate])
    mappings: tuple[dict[str, Any], ...] = ()
    own_storage: bool = False
    """New files go to a storage of the shop's own."""
    retention_days: int = 90

    @cached_property
    def known_mappings(self) -> tuple[Mapping, ...]:
        """The mappings, read once for all line items that are asked about."""
        return tuple(Mapping.model_validate(body) for body in self.mappings)
