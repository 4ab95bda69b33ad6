"""What the services are told, as environment variables and nothing else."""

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from printworks_local.services import Need, Service
from printworks_local.stack import StackInfo

SLOTS = max(1, min(4, os.cpu_count() or 1))
"""Renders at once: one per core, as long as the machine is a small one."""


def random_key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """All addresses and secrets of one run."""

    stack: StackInfo
    dsn_of_schema: Mapping[str, str]
    shops_file: Path
    public_url: str
    file_link_key: str = field(default_factory=random_key, repr=False)
    session_key: str = field(default_factory=random_key, repr=False)
    sealing_key: str = field(default_factory=random_key, repr=False)
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    """For tests and measurements: these variables win."""

    def of(self, service: Service, port: int) -> dict[str, str]:
        """The variables of one process that listens on `port` of loopback."""
        values = {
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(port),
            "LOG_FORMAT": "json",
            "DRAIN_SECONDS": "10",
            # A killed consumer is missed for as long as its session lasts; production gives slow pods more time.
            "KAFKA_SESSION_SECONDS": "10",
            # Production sweeps every five minutes; here somebody waits for it.
            "RECONCILE_EVERY_SECONDS": "20",
            "RECONCILE_OVERLAP_SECONDS": "10",
            "RENDER_SLOTS": str(SLOTS),
            "WORKER_SLOTS": str(SLOTS),
        }
        for need in service.needs:
            values |= self._group(need, service.schema)
        return {**{f"PRINTWORKS_{name}": value for name, value in values.items()}, **self.extra}

    def migration(self, schema: str) -> dict[str, str]:
        """For the commands `migrate` and `keys`."""
        return {"PRINTWORKS_POSTGRES_DSN": self.dsn_of_schema[schema]}

    def _group(self, need: Need, schema: str | None) -> dict[str, str]:
        groups: dict[Need, dict[str, str]] = {
            Need.KAFKA: {"KAFKA_BOOTSTRAP": self.stack.kafka_bootstrap},
            Need.POSTGRES: {"POSTGRES_DSN": self.dsn_of_schema[schema] if schema else ""},
            Need.STORAGE: {
                "S3_ENDPOINT": self.stack.s3_endpoint,
                "S3_PUBLIC_ENDPOINT": self.stack.s3_endpoint,
                "S3_ACCESS_KEY": self.stack.s3_access_key,
                "S3_SECRET_KEY": self.stack.s3_secret_key,
                "BUCKET": self.stack.bucket,
            },
            Need.FILE_LINKS: {"PUBLIC_URL": self.public_url, "FILE_LINK_KEYS": f"local:{self.file_link_key}"},
            Need.SHOPS: {"SHOPS_FILE": str(self.shops_file)},
            # Pictures and shops' own storages on loopback are reached here, and only because of this.
            Need.EGRESS: {"ALLOW_PRIVATE_ADDRESSES": "true"},
            Need.SEALING: {"SEALING_KEYS": f"local:{self.sealing_key}"},
            Need.SESSIONS: {"SESSION_KEY": self.session_key},
        }
        return groups[need]


def with_user(dsn: str, user: str, password: str) -> str:
    """The DSN of the same database for another role."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}"))
