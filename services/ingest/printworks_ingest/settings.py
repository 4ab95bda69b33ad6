"""Settings of the ingest roles, all from `PRINTWORKS_…` environment variables."""

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


class ReconcilerSettings(ServiceSettings, KafkaSettings, PostgresSettings, ShopsSettings, Settings):
    reconcile_every_seconds: float = Field(default=300, gt=0, description="How often each shop is swept.")
    reconcile_overlap_seconds: float = Field(
        default=600, ge=0, description="How far a sweep reaches back behind the one before: search lags behind writes."
    )
    reconcile_first_hours: float = Field(
        default=24, gt=0, description="How far the first sweep of a shop reaches back."
    )
