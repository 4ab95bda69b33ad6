"""README.md of the chart: how it is installed, and a row for every value."""

import json
from collections.abc import Sequence
from typing import Any

from printworks_local.chart.catalog import own_settings, role_name, settings_of
from printworks_local.chart.schema import camel_case
from printworks_local.chart.values import Value
from printworks_local.generated_page import sentence, table
from printworks_local.services import SERVICES

HEAD = """\
# Chart `printworks`

Printworks on Kubernetes 1.30 or newer: a Deployment per role, what scales and protects it, migrations, topics, and \
network policies. Kafka, PostgreSQL and the S3 store are yours and are reached by URL; nothing is bundled, except for \
trying it out ([values-dev.yaml](values-dev.yaml)). How to install, size and run it: \
[docs/operations/kubernetes.md](../../../docs/operations/kubernetes.md).

```sh
helm upgrade --install printworks deploy/helm/printworks -n printworks -f values.yaml
helm test printworks -n printworks
```

## Smallest production values

```yaml
{minimal}
```

The Secrets `printworks-shops`, `printworks-keys`, `printworks-postgres`, `printworks-s3` and one per Kafka user exist \
before; see the tables for their keys."""


def render(values: Sequence[Value], minimal: str) -> str:
    """The page; `minimal` is a values file that the tests render."""
    parts = [HEAD.replace("{minimal}", minimal.strip()), "## Values"]
    for name in dict.fromkeys(value.path[0] for value in values if value.kind != "role"):
        rows = [_row(value) for value in values if value.path[0] == name and _is_leaf(value)]
        title = f"### `{name}`" if any(len(value.path) > 1 for value in values if value.path[0] == name) else ""
        if title:
            parts += [title, _about(values, name), table(["Value", "Default", "Meaning"], rows)]
        else:
            parts.append(table(["Value", "Default", "Meaning"], rows))
    parts += [
        "## Roles",
        "Each has the values of `defaults`, with its own where they differ:",
        table(
            ["Role", "Differs by"],
            [[f"`{value.path[0]}`", _code(value.default)] for value in values if value.kind == "role"],
        ),
        "## Settings of roles",
        "`<role>.settings.<name>`; what they mean is in [all settings](../../../docs/operations/settings.md).",
        table(["Role", "Names"], [[f"`{role_name(one)}`", _names(one)] for one in SERVICES]),
    ]
    return "\n\n".join(part for part in parts if part)


def _names(service: Any) -> str:
    return ", ".join(f"`{camel_case(name)}`" for name in sorted(own_settings(settings_of(service))))


def _about(values: Sequence[Value], name: str) -> str:
    if name == "defaults":
        return "What every role has; a role says otherwise under its own name, as in `worker.replicas`."
    return next((sentence(value.text) for value in values if value.path == (name,) and value.text), "")


def _is_leaf(value: Value) -> bool:
    return bool(value.kind) or not isinstance(value.default, dict) or not value.default


def _row(value: Value) -> list[str]:
    kind = f" One of {', '.join(f'`{word}`' for word in value.kind.split(' ')[1:])}." if "enum" in value.kind else ""
    return [f"`{'.'.join(value.path)}`", _code(value.default), f"{sentence(value.text)}{kind}".strip()]


def _code(default: Any) -> str:
    return f"`{json.dumps(default, ensure_ascii=False)}`"
