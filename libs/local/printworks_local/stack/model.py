"""What callers of the local stack see: options, addresses, parts and the one error."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from printworks_common.errors import PrintworksError


class StackError(PrintworksError):
    """A part of the local stack cannot be started, reached or controlled; the message says what to do."""

    def __init__(self, message: str, *, code: str = "local_stack") -> None:
        super().__init__(message, code=code)


class Part(StrEnum):
    """The real servers the services talk to."""

    POSTGRES = "postgres"
    KAFKA = "kafka"
    S3 = "s3"


class StackKind(StrEnum):
    """Where the parts come from; chosen by the environment variable `STACK`."""

    LOCAL = "local"
    CONTAINERS = "containers"
    EXTERNAL = "external"


def checkout_root() -> Path:
    """The checkout this package was installed from, else the working directory; `.printworks/` lies in it."""
    for directory in (*Path(__file__).resolve().parents, *Path.cwd().parents):
        if (directory / "libs" / "local" / "pyproject.toml").is_file():
            return directory
    return Path.cwd()


def kind_from_environment() -> StackKind:
    """`STACK`, by default `local`. Raises StackError for another word."""
    value = os.environ.get("STACK", "").strip() or StackKind.LOCAL.value
    try:
        return StackKind(value)
    except ValueError:
        choices = ", ".join(kind.value for kind in StackKind)
        raise StackError(f"STACK={value} is not known; use one of {choices}.", code="stack_unknown_kind") from None


@dataclass(frozen=True, slots=True)
class Listener:
    """A further door of the broker. Whoever comes through it is told `advertised_port`, where a proxy may stand."""

    name: str
    """Letters and digits."""
    port: int
    advertised_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """How to start a stack. The defaults are right for tests and the demo."""

    kind: StackKind = field(default_factory=kind_from_environment)
    root: Path = field(default_factory=checkout_root)
    """Checkout whose `.printworks/` holds caches and data."""
    label: str = "tests"
    """Who runs it: `end_runs` ends live runs of one label and abandoned runs of all."""
    run_id: str | None = None
    """Name of the run directory. A fixed name finds its data again; None makes a new, empty one."""
    keep_data: bool = False
    """Keep the run directory (data and logs) after the end."""
    bucket: str = "printworks"
    durable: bool = False
    """Survive a crash of the machine (fsync). Off by default: the faults we inject kill processes, and what a killed
    process wrote is safe in the page cache."""
    ready_timeout: float = 90.0
    """Seconds each part may take until it answers; generous, because a busy machine is not a fault."""
    quiet: bool = False
    """Do not print how long each part took."""
    data_in: Mapping[Part, Path] = field(default_factory=dict[Part, Path])
    """Where a part keeps its data, if not in the run directory: on a disk of its own. It is not removed at the end."""
    kafka_listeners: tuple[Listener, ...] = ()
    """For `local` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackInfo:
    """Addresses and credentials of a running stack. They stay the same when a part is stopped and started again."""

    postgres_dsn: str
    """Of the superuser, `postgresql://user:password@host:port/postgres`."""
    kafka_bootstrap: str
    """`host:port`"""
    s3_endpoint: str
    """`http://host:port`"""
    s3_access_key: str
    s3_secret_key: str = field(repr=False)
    bucket: str


def new_secret() -> str:
    """A password that needs no quoting in URLs, shells and JSON."""
    return secrets.token_hex(16)
