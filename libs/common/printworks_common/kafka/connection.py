"""How every client reaches the brokers: one place that turns settings into options of aiokafka."""

import ssl
from pathlib import Path
from typing import Any, Protocol

from aiokafka.helpers import create_ssl_context
from pydantic import SecretStr


class KafkaConnection(Protocol):
    """What the clients need to know of the settings."""

    @property
    def kafka_bootstrap(self) -> str:
        """`host:port`, several separated by commas."""
        ...

    @property
    def kafka_security_protocol(self) -> str:
        """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
        ...

    @property
    def kafka_sasl_mechanism(self) -> str | None:
        """PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""
        ...

    @property
    def kafka_sasl_username(self) -> str | None: ...

    @property
    def kafka_sasl_password(self) -> SecretStr | None: ...

    @property
    def kafka_ssl_ca_file(self) -> Path | None: ...

    @property
    def kafka_ssl_cert_file(self) -> Path | None: ...

    @property
    def kafka_ssl_key_file(self) -> Path | None: ...


def tls_context(settings: KafkaConnection) -> ssl.SSLContext | None:
    """Context for SSL and SASL_SSL: the given authority, else those of the system; the client certificate if any.

    Raises OSError (ssl.SSLError) when a file is missing or is no certificate or key.
    """
    if "SSL" not in settings.kafka_security_protocol.split("_"):
        return None
    return create_ssl_context(
        cafile=_path(settings.kafka_ssl_ca_file),
        certfile=_path(settings.kafka_ssl_cert_file),
        keyfile=_path(settings.kafka_ssl_key_file),
    )


def _path(file: Path | None) -> str | None:
    return None if file is None else str(file)


def client_options(settings: KafkaConnection) -> dict[str, Any]:
    """Options that producer, consumer and admin client of aiokafka have in common."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "security_protocol": settings.kafka_security_protocol,
        "ssl_context": tls_context(settings),
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism or "SCRAM-SHA-512",
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": password.get_secret_value() if password is not None else None,
        }
    return options
