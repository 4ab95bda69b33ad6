"""Settings of the writer, all from `PRINTWORKS_…` environment variables."""

from printworks_common.settings import KafkaSettings, PostgresSettings, ServiceSettings, Settings, ShopsSettings
from pydantic import Field

SCHEMA = "shopify_writer"


class MigrateSettings(PostgresSettings, Settings):
    """What `migrate`, `failures` and `retry` need."""


class WriterSettings(ServiceSettings, KafkaSettings, PostgresSettings, ShopsSettings, Settings):
    tag_prefix: str = Field(
        default="pw-artwork-", pattern=r"^[A-Za-z0-9_-]{1,30}$", description="what the tags begin with"
    )
    metafield_namespace: str = Field(
        default="pw_customization", pattern=r"^[a-z0-9_-]{3,255}$", description="namespace of both metafields"
    )
    order_attributes: bool = Field(
        default=True,
        description="link the page of each customised line item in the order's attributes, with texts of designs",
    )
    fulfilment_holds: bool = Field(
        default=False,
        description="hold the fulfilment of an order back while its artwork is pending or failed (needs more scopes)",
    )
    writes_per_shop: int = Field(default=32, ge=1, le=200, description="orders of one shop written at once, at most")
    drift_days: int = Field(
        default=7, ge=0, le=60, description="orders written in the last so many days are looked at again; 0: none"
    )
    drift_every_minutes: float = Field(
        default=360, ge=0.01, description="how long after its last look an order is looked at again"
    )
