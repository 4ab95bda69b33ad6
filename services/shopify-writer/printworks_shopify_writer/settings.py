"""Settings of the writer, all from `PRINTWORKS_…` environment variables."""

from printworks_common.settings import KafkaSettings, PostgresSettings, ServiceSettings, Settings, ShopsSettings
from pydantic import Field

SCHEMA = "shopify_writer"


class MigrateSettings(PostgresSettings, Settings):
    """What `migrate` needs."""


class WriterSettings(ServiceSettings, KafkaSettings, PostgresSettings, ShopsSettings, Settings):
    tag_prefix: str = Field(default="pw-artwork-", pattern=r"^[A-Za-z0-9_-]{1,30}$", description="Before the status.")
    metafield_namespace: str = Field(
        default="pw_customization", pattern=r"^[a-z0-9_-]{3,255}$", description="Of both metafields."
    )
    writes_per_shop: int = Field(default=4, ge=1, description="Orders of one shop written at once.")
