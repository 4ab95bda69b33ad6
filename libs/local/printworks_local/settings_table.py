"""`python -m printworks_local.settings_table [--check]`: docs/operations/settings.md, from the settings classes."""

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from printworks_common import settings as common
from printworks_common.settings import PREFIX, Settings
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from printworks_local.generated_page import page_command, sentence, table

MODULE = "printworks_local.settings_table"
PAGE = "docs/operations/settings.md"


@dataclass(frozen=True, slots=True)
class Role:
    """A process or command, and where its settings class stands."""

    command: str
    module: str
    settings: str

    def load(self) -> type[Settings]:
        # By name: the local stack runs the services as processes and imports them nowhere else.
        return getattr(import_module(self.module), self.settings)


ROLES = (
    Role("printworks-ingest receiver", "printworks_ingest.settings", "ReceiverSettings"),
    Role("printworks-ingest reconciler, count", "printworks_ingest.settings", "ReconcilerSettings"),
    Role("printworks-ingest reconcile", "printworks_ingest.settings", "ReconcilingSettings"),
    Role("printworks-render coordinator", "printworks_render.settings", "CoordinatorSettings"),
    Role("printworks-render republish", "printworks_render.settings", "RepublishSettings"),
    Role("printworks-render worker", "printworks_render.settings", "WorkerSettings"),
    Role("printworks-render deliver", "printworks_render.settings", "DelivererSettings"),
    Role("printworks-shopify-writer writer", "printworks_shopify_writer.settings", "WriterSettings"),
    Role("printworks-jobs-api projector", "printworks_jobs_api.settings", "ProjectorSettings"),
    Role("printworks-jobs-api rebuild", "printworks_jobs_api.settings", "RebuildSettings"),
    Role("printworks-jobs-api api", "printworks_jobs_api.settings", "ApiSettings"),
    Role("printworks-retention loop, once, walk", "printworks_retention.settings", "RetentionSettings"),
)

GROUPS: dict[str, type[Settings]] = {
    "process": common.ServiceSettings,
    "kafka": common.KafkaSettings,
    "postgres": common.PostgresSettings,
    "storage": common.StorageSettings,
    "file links": common.FileLinkSettings,
    "shops": common.ShopsSettings,
    "egress": common.EgressSettings,
}

LIMITS = (("ge", "at least {}"), ("gt", "more than {}"), ("le", "at most {}"), ("lt", "less than {}"))


def render() -> str:
    parts = [
        "# Settings",
        "Every process reads its settings from environment variables that begin with `PRINTWORKS_`. A variable that is "
        "unknown is ignored; an empty one counts as not set. When a variable is missing or wrong, the process prints "
        "its name and what is wrong (never the value) to standard error and exits with code 2.",
        "## Which role reads what",
        table(["Command", "Groups", "Must be set"], [_role_row(role) for role in ROLES]),
        "`migrate` of each service, and `printworks-jobs-api keys create`, read the group `postgres` alone. "
        "`python -m printworks_common.kafka.topics` and `python -m printworks_common.kafka.replay` read the group "
        "`kafka` alone.",
        "## Groups",
    ]
    for name, group in GROUPS.items():
        parts += [f"### {name}", (group.__doc__ or "").strip().split("\n", 1)[0], _variables(group.model_fields)]
    parts.append("## Settings of single roles")
    for role in ROLES:
        own = _own(role.load())
        if own:
            parts += [f"### {role.command}", _variables(own)]
    return "\n\n".join(part for part in parts if part)


def _role_row(role: Role) -> list[str]:
    settings = role.load()
    groups = [f"`{name}`" for name, group in GROUPS.items() if issubclass(settings, group)]
    required = [f"`{_variable(name)}`" for name, field in settings.model_fields.items() if field.is_required()]
    return [f"`{role.command}`", ", ".join(groups), ", ".join(sorted(required))]


def _own(settings: type[Settings]) -> dict[str, FieldInfo]:
    """The fields of a role that no group has, or for which the role has another default."""
    shared = {
        name: field.default
        for group in GROUPS.values()
        if issubclass(settings, group)
        for name, field in group.model_fields.items()
    }
    return {
        name: field
        for name, field in settings.model_fields.items()
        if name not in shared or field.default != shared[name]
    }


def _variables(fields: dict[str, FieldInfo]) -> str:
    rows = [
        [f"`{_variable(name)}`", _default(field), _values(field), sentence(field.description or "")]
        for name, field in fields.items()
    ]
    return table(["Variable", "Default", "Values", "Meaning"], rows)


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be set"
    if field.default is None:
        return "not set"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    if isinstance(field.default, float) and field.default.is_integer():
        return f"`{int(field.default)}`"
    return f"`{field.default}`"


def _values(field: FieldInfo) -> str:
    kind = _without_none(field.annotation)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    limits = [
        words.format(f"{value:g}" if isinstance(value, float) else value)
        for rule in field.metadata
        for attribute, words in LIMITS
        if (value := getattr(rule, attribute, None)) is not None
    ]
    return ", ".join([_kind(kind), *limits])


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, UnionType}:
        return next(one for one in get_args(annotation) if one is not NoneType)
    return annotation


def _kind(kind: Any) -> str:
    names = {bool: "`true` or `false`", int: "whole number", float: "number", Path: "path", SecretStr: "secret text"}
    return names.get(kind, "text")


def main() -> int:
    return page_command(MODULE, PAGE, render)


if __name__ == "__main__":
    sys.exit(main())
