"""Settings of the render roles, all from `PRINTWORKS_…` environment variables."""

from datetime import timedelta

from printworks_common.settings import (
    EgressSettings,
    FileLinkSettings,
    KafkaSettings,
    PostgresSettings,
    SealingSettings,
    ServiceSettings,
    Settings,
    StorageSettings,
)
from pydantic import Field

SCHEMA = "render"


class MigrateSettings(PostgresSettings, Settings):
    """What `migrate` needs."""


class RepublishSettings(KafkaSettings, PostgresSettings, FileLinkSettings, Settings):
    """What `republish` needs."""


class CoordinatorSettings(
    ServiceSettings, KafkaSettings, PostgresSettings, StorageSettings, FileLinkSettings, EgressSettings, Settings
):
    render_slots: int = Field(default=2, ge=1, description="Renders that all workers together can do at once.")
    render_per_shop: int = Field(default=4, ge=1, description="Renders of one shop in flight at most.")
    render_lease_seconds: int = Field(default=600, ge=10, description="Without a result after it: released again.")
    pin_parallel: int = Field(default=16, ge=1, description="Jobs whose inputs are fetched at once.")
    pin_per_shop: int = Field(default=4, ge=1, description="The same for one shop.")
    delivery_in_flight: int = Field(default=32, ge=1, description="Deliveries to shops' buckets under way at once.")
    delivery_per_shop: int = Field(default=2, ge=1, description="The same for one shop.")
    delivery_lease_seconds: int = Field(
        default=1800, ge=10, description="A delivery without a result after it is asked for again."
    )
    delivered_copy_seconds: int = Field(
        default=1200,
        ge=0,
        description="So long the hosted copy of a delivered file stays: links lead to it.",
    )
    retention_days: int = Field(default=90, ge=1, description="Period of shops that set none of their own.")
    watermark_test_orders: bool = Field(
        default=True, description="Files of test orders carry a watermark, unless their shop says otherwise."
    )

    @property
    def render_in_flight(self) -> int:
        """Twice the slots, so that the next render is at hand when one ends and all else stays in reach of the queue;
        and a place that no shop has alone, so that another need not wait until a render of the first one has ended."""
        return 2 * self.render_slots + 1

    @property
    def render_lease(self) -> timedelta:
        return timedelta(seconds=self.render_lease_seconds)

    @property
    def delivery_lease(self) -> timedelta:
        return timedelta(seconds=self.delivery_lease_seconds)


class DelivererSettings(ServiceSettings, KafkaSettings, StorageSettings, SealingSettings, EgressSettings, Settings):
    delivery_parallel: int = Field(
        default=8, ge=1, le=64, description="Print jobs that one process delivers at once; each holds 40 MiB at most."
    )
    delivery_timeout_seconds: int = Field(
        default=1500, ge=10, description="All files of a print job are delivered within it, or the delivery has failed."
    )


class WorkerSettings(ServiceSettings, KafkaSettings, StorageSettings, Settings):
    # Longer than the longest render: a stopping worker finishes what it has begun.
    drain_seconds: float = Field(
        default=210.0, gt=0, le=3600, description="seconds a stopping process has until it ends"
    )
    worker_slots: int = Field(default=1, ge=1, description="Renders of this process at once, one child process each.")
    render_timeout_seconds: int = Field(default=120, ge=1, description="A render that takes longer is killed.")
    render_memory_mb: int = Field(default=3072, ge=256, description="Address space of one render process, in MiB.")
    renders_per_child: int = Field(default=200, ge=1, description="A render process is replaced after so many jobs.")
