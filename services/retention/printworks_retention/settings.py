"""Settings of retention, all from `PRINTWORKS_…` environment variables."""

from printworks_common.settings import KafkaSettings, PostgresSettings, ServiceSettings, Settings, StorageSettings
from pydantic import Field

SCHEMA = "retention"


class MigrateSettings(PostgresSettings, Settings):
    """What `migrate` needs."""


class RetentionSettings(ServiceSettings, KafkaSettings, PostgresSettings, StorageSettings, Settings):
    purge_every_seconds: float = Field(default=900, gt=0, description="How often the loop looks for due orders.")
    purge_parallel: int = Field(default=4, ge=1, description="Orders purged at once.")
    purge_enabled: bool = Field(default=True, description="Kill switch: false purges nothing and says so.")
