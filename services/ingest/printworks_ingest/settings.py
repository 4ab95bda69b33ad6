"""Settings of the ingest roles, all from `PRINTWORKS_…` environment variables."""

from datetime import timedelta

from printworks_common.settings import KafkaSettings, PostgresSettings, ServiceSettings, Settings, ShopsSettings
from pydantic import Field

SCHEMA = "ingest"

MIB = 1024 * 1024


class MigrateSettings(PostgresSettings, Settings):
    """What `migrate` needs."""


class ReceiverSettings(ServiceSettings, KafkaSettings, ShopsSettings, Settings):
    max_body_bytes: int = Field(default=4 * MIB, ge=MIB, description="Webhook bodies above it are answered 413.")
    publish_timeout_seconds: float = Field(
        default=3.5, gt=0, lt=5, description="Without the broker's acknowledgement by then: 503. Shopify waits 5 s."
    )


class ReconcilingSettings(KafkaSettings, ShopsSettings, Settings):
    """What the reconciler and its commands have in common."""

    reconcile_every_seconds: float = Field(default=300, gt=0, description="How often each shop is swept.")
    reconcile_overlap_seconds: float = Field(
        default=600, ge=0, description="How far a sweep reaches back behind the one before: search lags behind writes."
    )
    reconcile_window_days: int = Field(
        default=60, ge=1, description="How far back a count reaches: as far as Shopify lets the app see."
    )

    @property
    def overlap(self) -> timedelta:
        return timedelta(seconds=self.reconcile_overlap_seconds)

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.reconcile_window_days)

    @property
    def settled(self) -> timedelta:
        """Age from which on an order should be here, by webhook or by sweep."""
        return timedelta(seconds=2 * self.reconcile_every_seconds)


class ReconcilerSettings(ReconcilingSettings, ServiceSettings, PostgresSettings, Settings):
    reconcile_first_hours: float = Field(
        default=24, gt=0, description="How far the first sweep of a shop reaches back. Older orders are not ours."
    )
    reconcile_counts: bool = Field(
        default=True, description="Count every night. Off where `printworks-ingest count` is run on a schedule."
    )
    reconcile_count_hour: int = Field(default=3, ge=0, le=23, description="Hour (UTC) of the nightly count.")
    webhook_address: str | None = Field(
        default=None,
        pattern=r"^https?://\S+/webhooks/shopify$",
        description="Where Shopify reaches the receiver; with it missing webhook subscriptions are made again.",
    )

    @property
    def first_reach(self) -> timedelta:
        return timedelta(hours=self.reconcile_first_hours)
