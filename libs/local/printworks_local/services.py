"""The services as processes: console command, and what each needs to know. The same table that the chart has."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """A group of settings. A service is told only what it needs."""

    KAFKA = "kafka"
    POSTGRES = "postgres"
    STORAGE = "storage"
    FILE_LINKS = "file links"
    SHOPS = "shops"
    EGRESS = "egress"
    SEALING = "sealing"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class Service:
    """A process. `schema` is its schema and role in PostgreSQL."""

    name: str
    command: str
    role: str
    needs: frozenset[Need]
    schema: str | None = None


def _service(name: str, command: str, role: str, *needs: Need, schema: str | None = None) -> Service:
    return Service(name, command, role, frozenset({Need.KAFKA, *needs}), schema)


RECEIVER = _service("ingest-receiver", "printworks-ingest", "receiver", Need.SHOPS)
RECONCILER = _service(
    "ingest-reconciler", "printworks-ingest", "reconciler", Need.SHOPS, Need.POSTGRES, schema="ingest"
)
COORDINATOR = _service(
    "render-coordinator",
    "printworks-render",
    "coordinator",
    Need.POSTGRES,
    Need.STORAGE,
    Need.FILE_LINKS,
    Need.EGRESS,
    schema="render",
)
WORKER = _service("render-worker", "printworks-render", "worker", Need.STORAGE)
DELIVERER = _service("render-deliverer", "printworks-render", "deliver", Need.STORAGE, Need.SEALING, Need.EGRESS)
WRITER = _service(
    "shopify-writer", "printworks-shopify-writer", "writer", Need.SHOPS, Need.POSTGRES, schema="shopify_writer"
)
PROJECTOR = _service("jobs-api-projector", "printworks-jobs-api", "projector", Need.POSTGRES, schema="jobs_api")
API = _service(
    "jobs-api",
    "printworks-jobs-api",
    "api",
    Need.SHOPS,
    Need.POSTGRES,
    Need.STORAGE,
    Need.FILE_LINKS,
    Need.SESSIONS,
    Need.SEALING,
    Need.EGRESS,
    schema="jobs_api",
)
RETENTION = _service("retention", "printworks-retention", "loop", Need.POSTGRES, Need.STORAGE, schema="retention")

SERVICES = (RECEIVER, RECONCILER, COORDINATOR, WORKER, DELIVERER, WRITER, PROJECTOR, API, RETENTION)

SCHEMAS = {service.schema: service.command for service in SERVICES if service.schema is not None}
"""Schema to the command whose `migrate` makes it."""


def processes(replicas: Mapping[str, int]) -> list[tuple[str, Service]]:
    """Name and service of every process, where services run so many times (else once): `render-worker-2` is the second
    process of `render-worker`."""
    return [
        (service.name if number == 0 else f"{service.name}-{number + 1}", service)
        for service in SERVICES
        for number in range(replicas.get(service.name, 1))
    ]
