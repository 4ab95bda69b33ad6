"""Settings of jobs-api: what the shared settings classes have, and how people sign in to the pages."""

import base64
import binascii
from pathlib import Path

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
from pydantic import Field, SecretStr, field_validator

from printworks_jobs_api.guesses import Network, networks

SCHEMA = "jobs_api"

_MIN_SESSION_KEY_BYTES = 32


class DatabaseSettings(PostgresSettings, Settings):
    """What the commands `migrate` and `keys` need."""


class ProjectorSettings(KafkaSettings, PostgresSettings, ServiceSettings, Settings):
    projector_parallel: int = Field(
        default=64, ge=1, le=256, description="Snapshots taken in at the same time; they are written together."
    )


class RebuildSettings(KafkaSettings, PostgresSettings, Settings):
    """What the command `rebuild` needs."""


class ResealSettings(PostgresSettings, SealingSettings, Settings):
    """What the command `reseal` needs."""


class ApiSettings(
    KafkaSettings,
    PostgresSettings,
    StorageSettings,
    FileLinkSettings,
    SealingSettings,
    EgressSettings,
    ServiceSettings,
    Settings,
):
    session_key: SecretStr = Field(description="Base64 of at least 32 random bytes: signs the sessions of the pages.")
    shops_file: Path | None = Field(
        default=None,
        description="Shops and their credentials: lets the block in the Shopify admin in; unset: API keys alone.",
    )
    session_hours: int = Field(default=12, ge=1, le=24 * 30, description="How long a sign-in to the pages lasts.")
    upload_max_bytes: int = Field(
        default=40 * 1024 * 1024, ge=1024, description="Largest picture that can replace a customer's."
    )
    upload_dir: Path | None = Field(
        default=None, description="Where uploads lie until they are in the bucket; default: the system's place."
    )
    presign_seconds: int = Field(
        default=600, ge=10, le=900, description="How long the link lives that a print file redirects to."
    )

    retention_days: int = Field(default=90, ge=1, description="Period of shops that set none of their own.")
    requests_per_second: float = Field(
        default=50, gt=0, le=100_000, description="Requests of one API key in the long run, per process."
    )
    requests_burst: int = Field(default=200, ge=1, le=1_000_000, description="Requests of one API key at once.")
    wrong_keys_per_minute: float = Field(
        default=10,
        gt=0,
        le=100_000,
        description="Wrong API keys of one address in the long run, per process; 20 times as many of all.",
    )
    wrong_keys_burst: int = Field(
        default=20, ge=1, le=100_000, description="Wrong API keys of one address at once; 20 times as many of all."
    )
    trusted_proxies: str | None = Field(
        default=None,
        description="Networks of the proxies whose `X-Forwarded-For` is believed, separated by commas; default: none.",
    )

    export_part_bytes: int = Field(
        default=2 * 1024**3, ge=1024, description="Length of a ZIP archive of an export from which the next one begins."
    )
    export_days: int = Field(default=7, ge=1, le=30, description="How long exports can be downloaded.")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                networks(value)
        except ValueError:
            raise ValueError("must be networks like 10.0.0.0/8, several separated by commas") from None
        return value

    @field_validator("session_key")
    @classmethod
    def _strong(cls, key: SecretStr) -> SecretStr:
        try:
            raw = base64.b64decode(key.get_secret_value(), validate=True)
        except binascii.Error as error:
            raise ValueError("must be base64") from error
        if len(raw) < _MIN_SESSION_KEY_BYTES:
            raise ValueError("must be at least 32 bytes long")
        return key

    def proxies(self) -> tuple[Network, ...]:
        return networks(self.trusted_proxies) if self.trusted_proxies else ()

    def session_secret(self) -> bytes:
        return base64.b64decode(self.session_key.get_secret_value())
