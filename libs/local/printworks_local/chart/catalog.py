"""`files/catalog.yaml` of the chart: each role with what it needs and may do, and all topics. From the code.

What a role reads is in the table of consumer groups, what it needs follows from its settings class. Only what no code
says stands here: which topics a role writes, and to whom outside of the cluster it talks.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import yaml
from printworks_common.events.topics import Topic, dead_letter_topic
from printworks_common.kafka.admin import plan
from printworks_common.kafka.groups import GROUPS
from printworks_common.settings import PREFIX, Settings
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from printworks_local.services import SERVICES, Service
from printworks_local.settings_table import GROUPS as SETTINGS
from printworks_local.settings_table import ROLES

WRITES: Mapping[str, tuple[Topic, ...]] = {
    "receiver": (Topic.ORDERS, Topic.ORDER_REREADS, Topic.PRIVACY, Topic.CATALOG),
    "reconciler": (Topic.ORDERS, Topic.RECONCILIATION, Topic.CATALOG, Topic.PRIVACY),
    "coordinator": (
        Topic.ORDER_REREADS,
        Topic.RENDER_REQUESTS,
        Topic.DELIVERIES,
        Topic.PRINT_JOBS,
        Topic.ARTWORK,
        Topic.RECONCILIATION,
        Topic.PRIVACY,
    ),
    "worker": (Topic.RENDER_RESULTS,),
    "deliverer": (Topic.RENDER_RESULTS,),
    "writer": (Topic.SHOPIFY_WRITES, Topic.PRIVACY),
    "projector": (Topic.CATALOG, Topic.PRIVACY),
    "api": (Topic.COMMANDS, Topic.CATALOG, Topic.RENDER_REQUESTS, Topic.ORDER_REREADS, Topic.PRIVACY),
    "retention": (Topic.RETENTION, Topic.PRIVACY, Topic.RECONCILIATION),
}
"""Topics that a role publishes to, beside the dead-letter topics of its own group."""

WAY_OUT: Mapping[str, tuple[int, ...]] = {
    "reconciler": (443,),
    "coordinator": (80, 443),
    "deliverer": (443,),
    "writer": (443,),
    "api": (443,),
}
"""TCP ports at which a role reaches addresses outside of the cluster: Shopify, pictures, merchants' own storage."""

GROUP_OF: Mapping[str, str] = {"writer": "shopify-writer", "projector": "jobs-api-projector"}
"""Consumer groups that do not have the name of their role."""

SET_BY_THE_CHART: Mapping[str, str] = {
    "process": "http_host http_port otlp_endpoint",
    "kafka": " ".join(name for name in SETTINGS["kafka"].model_fields if name != "kafka_session_seconds"),
    "postgres": "postgres_dsn",
    "storage": " ".join(SETTINGS["storage"].model_fields),
    "file links": "public_url",
    "shops": "shops_file",
}
"""Settings that come from the values about Kafka, Postgres and so on; all others are in a role's `settings`."""

_FOLDERS = ("static",)
"""Mounts: one route, many files."""

ROLE_NAMES: Mapping[str, str] = {"loop": "retention", "deliver": "deliverer"}
"""Roles whose command is no noun."""


def role_name(service: Service) -> str:
    """The role's name in the values: `receiver`, `worker`, `retention`."""
    return ROLE_NAMES.get(service.role, service.role)


def settings_of(service: Service) -> type[Settings]:
    """The settings class of a service's command."""
    wanted = f"{service.command} {service.role}"
    for role in ROLES:
        if role.command.split(",")[0] == wanted:
            return role.load()
    raise LookupError(f"`{wanted}` has no line in ROLES of printworks_local.settings_table")


def own_settings(settings: type[Settings]) -> dict[str, FieldInfo]:
    """The settings that a user of the chart may change by `<role>.settings`: no secret, nothing the chart sets."""
    taken = {name for names in SET_BY_THE_CHART.values() for name in names.split()}
    return {name: field for name, field in settings.model_fields.items() if name not in taken and not is_secret(field)}


def secret_settings(settings: type[Settings]) -> dict[str, FieldInfo]:
    """Secrets beside those of Kafka, Postgres and the store: keys that sign or seal."""
    taken = {name for names in SET_BY_THE_CHART.values() for name in names.split()}
    return {name: field for name, field in settings.model_fields.items() if name not in taken and is_secret(field)}


def is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation) or field.annotation is SecretStr


def catalog() -> dict[str, Any]:
    """Roles by name, in the order of an order's way, and all topics."""
    return {
        "roles": {role_name(service): _role(service) for service in SERVICES},
        "schemas": {service.schema: image_of(service) for service in SERVICES if service.schema is not None},
        "paths": {"webhooks": _paths(["/webhooks/shopify"]), "api": _paths(_api_routes()), "files": _files_only()},
        "topics": [
            {"name": topic.name, "partitions": topic.partitions, "config": dict(topic.config)} for topic in plan(GROUPS)
        ],
    }


def _api_routes() -> list[str]:
    """Every route of jobs-api, as FastAPI has them. Health and metrics are none: they stand before the application."""
    application = import_module("printworks_jobs_api.app").create_app(None)
    return sorted(set(_walk(application.routes)))


def _walk(routes: Any) -> Iterator[str]:
    for route in routes:
        if hasattr(route, "path"):
            yield route.path
            continue
        for part in vars(route).values():  # a router that was included
            if hasattr(part, "routes"):
                yield from _walk(part.routes)


def _paths(routes: list[str]) -> list[dict[str, str]]:
    """Ingress paths for routes: all below a first segment where several routes share it, else the one path."""
    segments: dict[str, list[str]] = {}
    for route in routes:
        segments.setdefault(route.split("/")[1], []).append(route)
    return [
        {"path": found[0], "type": "Exact"}
        if len(found) == 1 and "{" not in found[0] and segment not in _FOLDERS
        else {"path": f"/{segment}", "type": "Prefix"}
        for segment, found in sorted(segments.items())
    ]


def _files_only() -> list[dict[str, str]]:
    return [{"path": "/files", "type": "Prefix"}]


def image_of(service: Service) -> str:
    return service.command.removeprefix("printworks-")


def _role(service: Service) -> dict[str, Any]:
    name, settings = role_name(service), settings_of(service)
    consumers = GROUP_OF.get(name, name)
    reads = GROUPS.get(consumers, ())
    return {
        "component": service.name,
        "image": image_of(service),
        "command": [service.command, service.role],
        "needs": [
            need for need, group in SETTINGS.items() if group.model_fields.keys() <= settings.model_fields.keys()
        ],
        "schema": service.schema,
        "publicUrl": "public_url" in settings.model_fields,
        "drainSeconds": settings.model_fields["drain_seconds"].default,
        "secrets": [
            {"env": f"{PREFIX}{field.upper()}", "key": field.replace("_", "-"), "required": info.is_required()}
            for field, info in secret_settings(settings).items()
        ],
        "wayOut": list(WAY_OUT.get(name, ())),
        "group": consumers if consumers in GROUPS else None,
        "reads": [str(topic) for topic in reads if name != "receiver"],
        "writes": [
            *(str(topic) for topic in WRITES.get(name, ())),
            *(dead_letter_topic(topic, consumers) for topic in reads),
        ],
    }


def render() -> str:
    return yaml.safe_dump(catalog(), sort_keys=False, width=120)
