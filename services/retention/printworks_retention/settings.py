"""Settings of retention, all from `PRINTWORKS_…` environment variables."""

from printworks_common.settings import KafkaSettings, PostgresSettings, ServiceSettings, Settings, StorageSettings
from pydantic import Field

from printworks_retention.brakes import Cap

SCHEMA = "retention"


class DatabaseSettings(PostgresSettings, Settings):
    """What `migrate` and `audit` need."""


class RetentionSettings(ServiceSettings, KafkaSettings, PostgresSettings, StorageSettings, Settings):
    purge_every_seconds: float = Field(default=900, gt=0, description="How often the loop looks for due orders.")
    purge_parallel: int = Field(default=4, ge=1, description="Requests to the object store at once.")
    purge_pause_seconds: float = Field(
        default=10,
        ge=0,
        description="Between closing orders and deleting their files: renders under way are turned away meanwhile.",
    )
    purge_enabled: bool = Field(default=True, description="Kill switch: false purges and erases nothing, and says so.")
    purge_cap_floor: int = Field(default=500, ge=0, description="So many due orders may always go at once.")
    purge_cap_share: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="If more than this share of all orders with files is due, a run stops and asks.",
    )

    erasure_again_seconds: float = Field(
        default=900,
        ge=0,
        description="After an erasure its orders are looked at again: what was being rendered has come by then.",
    )

    @property
    def cap(self) -> Cap:
        return Cap(self.purge_cap_floor, self.purge_cap_share)
