"""Settings from the environment: every variable begins with `PRINTWORKS_`.

A service's settings class inherits the groups it needs from here and is read once, by `load`. Unknown variables are
ignored, empty ones count as not set. Secrets are `SecretStr`; neither they nor any wrong value are printed.
"""

import base64
import binascii
import sys
from pathlib import Path
from typing import Literal, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from printworks_common.filelinks import LinkSigner
from printworks_common.sealing import KEY_BYTES, Sealer

PREFIX = "PRINTWORKS_"
EXIT_WRONG_SETTINGS = 2
MIN_LINK_KEY_BYTES = 32
"""HMAC-SHA256 gains nothing from a longer key and loses by a shorter one (RFC 2104, section 3)."""


class Settings(BaseSettings):
    """Base of all settings classes: frozen, from the environment only. Each field's description names what it is."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )


class ServiceSettings(Settings):
    """What every process has."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe level logged"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="json, console, or auto: console on a terminal, else json"
    )
    http_host: str = Field(default="0.0.0.0", description="address to listen on")  # noqa: S104 (probes come from outside the pod)
    http_port: int = Field(
        default=8080, ge=0, le=65535, description="port of the API, health and metrics; 0 takes a free one"
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="base URL of an OpenTelemetry collector (OTLP over HTTP); traces are not exported without it",
    )
    drain_seconds: float = Field(
        default=25.0, gt=0, le=3600, description="seconds a stopping process has until it ends"
    )

    @field_validator("otlp_endpoint")
    @classmethod
    def _collector_url(cls, value: str | None) -> str | None:
        return value if value is None else _http_url(value)


class KafkaSettings(Settings):
    """How the brokers are reached."""

    kafka_bootstrap: str = Field(description="host:port list of the Kafka brokers")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (the default with SASL)"
    )
    kafka_sasl_username: str | None = Field(default=None, description="user name at the brokers, with SASL")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="password at the brokers, with SASL")
    kafka_ssl_ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the brokers"
    )
    kafka_ssl_cert_file: Path | None = Field(
        default=None, description="PEM file of the client certificate, where the brokers ask for one"
    )
    kafka_ssl_key_file: Path | None = Field(default=None, description="PEM file of the client certificate's key")
    kafka_session_seconds: float = Field(
        default=30.0, ge=1, le=300, description="a consumer that says nothing for so long loses its partitions"
    )

    @field_validator("kafka_bootstrap")
    @classmethod
    def _host_port_list(cls, value: str) -> str:
        for address in value.split(","):
            host, _, port = address.strip().rpartition(":")
            if not host or not port.isdecimal():
                raise ValueError("must be host:port, several separated by commas")
        return ",".join(address.strip() for address in value.split(","))

    @model_validator(mode="after")
    def _credentials_with_sasl(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL"):
            for name in ("kafka_sasl_username", "kafka_sasl_password"):
                if getattr(self, name) is None:
                    raise ValueError(f"{PREFIX}{name.upper()} is not set, but the security protocol asks for SASL")
        return self

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.kafka_ssl_cert_file is None) != (self.kafka_ssl_key_file is None):
            raise ValueError(f"{PREFIX}KAFKA_SSL_CERT_FILE and {PREFIX}KAFKA_SSL_KEY_FILE are set both or not at all")
        return self


class PostgresSettings(Settings):
    """How the database is reached. The DSN holds a password, so it is a secret as a whole."""

    postgres_dsn: SecretStr = Field(description="postgresql://user:password@host:port/database of the service's role")
    postgres_pool_size: int = Field(
        default=10, ge=2, le=500, description="most connections of one process to the database"
    )

    @field_validator("postgres_dsn")
    @classmethod
    def _postgres_url(cls, value: SecretStr) -> SecretStr:
        if urlsplit(value.get_secret_value()).scheme not in {"postgres", "postgresql"}:
            raise ValueError("must begin with postgresql://")
        return value


class StorageSettings(Settings):
    """The hosted bucket, in any store that speaks S3."""

    s3_endpoint: str = Field(description="URL of the S3 endpoint, as the services reach it")
    s3_public_endpoint: str | None = Field(
        default=None, description="URL of the same store as a browser reaches it; without it print files are streamed"
    )
    s3_region: str = Field(default="us-east-1", description="region to sign for")
    s3_access_key: str = Field(description="access key of the hosted bucket")
    s3_secret_key: SecretStr = Field(description="secret key of the hosted bucket")
    s3_ca_file: Path | None = Field(default=None, description="PEM file of the authority that signed the S3 endpoint")
    bucket: str = Field(description="name of the hosted bucket", min_length=3, max_length=63)

    @field_validator("s3_endpoint", "s3_public_endpoint")
    @classmethod
    def _endpoint_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if urlsplit(_http_url(value)).path not in {"", "/"}:
            raise ValueError("must have no path: bucket and key follow the host")
        return value


class FileLinkSettings(Settings):
    """What signs the links of `/files/<token>/<name>`."""

    public_url: str = Field(description="URL at which the outside reaches jobs-api; file links begin with it")
    file_link_keys: SecretStr = Field(
        description="kid:base64 keys of file links, separated by commas; the first signs, all are accepted"
    )

    @field_validator("public_url")
    @classmethod
    def _absolute_url(cls, value: str) -> str:
        return _http_url(value)

    @field_validator("file_link_keys")
    @classmethod
    def _readable_keys(cls, value: SecretStr) -> SecretStr:
        _named_keys(value, at_least=MIN_LINK_KEY_BYTES)
        return value

    def link_signer(self) -> LinkSigner:
        """Signer with the first key as the current one."""
        keys = _named_keys(self.file_link_keys, at_least=MIN_LINK_KEY_BYTES)
        return LinkSigner(keys=keys, current=next(iter(keys)))


class SealingSettings(Settings):
    """What seals the credentials of merchants' own storage."""

    sealing_keys: SecretStr | None = Field(
        default=None,
        description="kid:base64 keys of 32 bytes, separated by commas; the first seals, all open. "
        "Without them shops cannot use a storage of their own",
    )

    @field_validator("sealing_keys")
    @classmethod
    def _readable_sealing_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(len(key) != KEY_BYTES for key in _named_keys(value, at_least=KEY_BYTES).values()):
            raise ValueError(f"a key must have {KEY_BYTES} bytes")
        return value

    def sealer(self) -> Sealer | None:
        """Sealer with the first key as the current one."""
        if self.sealing_keys is None:
            return None
        keys = _named_keys(self.sealing_keys, at_least=KEY_BYTES)
        return Sealer(keys=keys, current=next(iter(keys)))


class ShopsSettings(Settings):
    shops_file: Path = Field(
        description="YAML or JSON file, or a directory of such files, with the shops and their credentials"
    )


class EgressSettings(Settings):
    allow_private_addresses: bool = Field(
        default=False,
        description="fetch pictures from private addresses and any port too; for demonstrations and tests only",
    )


S = TypeVar("S", bound=Settings)


def load(cls: type[S]) -> S:
    """The settings of this process. With a missing or wrong variable it names each one on stderr and exits 2."""
    try:
        return cls()
    except ValidationError as error:
        _refuse(explain(cls, error))
    except SettingsError as error:
        _refuse([str(error)])


def explain(cls: type[Settings], error: ValidationError) -> list[str]:
    """One sentence per missing or wrong variable, without any value."""
    return [_sentence(cls, detail) for detail in error.errors(include_input=False, include_url=False)]


def _sentence(cls: type[Settings], detail: ErrorDetails) -> str:
    reason = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return reason
    field = str(detail["loc"][0])
    about = cls.model_fields[field].description if field in cls.model_fields else None
    suffix = f": {about}" if about else ""
    if detail["type"] == "missing":
        return f"{PREFIX}{field.upper()} is not set{suffix}"
    return f"{PREFIX}{field.upper()} is wrong ({reason[:1].lower() + reason[1:]}){suffix}"


def _refuse(sentences: list[str]) -> NoReturn:
    for sentence in sentences:
        print(sentence, file=sys.stderr)  # noqa: T201 (logging is set up from these very settings)
    sys.exit(EXIT_WRONG_SETTINGS)


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL that begins with https:// or http://")
    return value


def _named_keys(value: SecretStr, *, at_least: int) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for pair in value.get_secret_value().split(","):
        kid, separator, encoded = pair.strip().partition(":")
        if not separator or not kid.isascii() or not 0 < len(kid) <= 32 or kid in keys:
            raise ValueError("must be kid:base64, several separated by commas, each kid once")
        try:
            keys[kid] = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError("the part after the colon must be base64") from None
        if len(keys[kid]) < at_least:
            raise ValueError(f"a key must have at least {at_least} bytes")
    return keys
