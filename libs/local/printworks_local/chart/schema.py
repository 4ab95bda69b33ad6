"""values.schema.json of the chart: closed everywhere, from values.yaml and the settings classes of the services."""

import json
from collections.abc import Sequence
from typing import Any

from printworks_local.chart.catalog import own_settings, role_name, settings_of
from printworks_local.chart.values import Value
from printworks_local.services import SERVICES

Schema = dict[str, Any]

_CONSUMER: Schema = {
    "type": "object",
    "required": ["name", "group"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name of the user."},
        "group": {"type": "string", "minLength": 1, "description": "What the names of its groups begin with."},
    },
}

KINDS: dict[str, Schema] = {
    "strings": {"type": "object", "additionalProperties": {"type": "string"}},
    "integers": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
    "object": {"type": "object"},
    "objects": {"type": "array", "items": {"type": ["object", "string"]}},
    "names": {"type": "array", "items": {"type": "string", "minLength": 1}},
    "ports": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 65535}},
    "consumers": {"type": "array", "items": _CONSUMER},
    "settings": {"type": "object"},
}
"""What `# @schema` may say, beside `enum …`, `minimum n` and `role`."""


def schema(values: Sequence[Value]) -> Schema:
    """The schema as plain data (JSON Schema draft-07)."""
    role = _tree(values, ("defaults",))
    properties = {
        value.path[-1]: _role(role, value.path[-1]) if value.kind == "role" else _tree(values, value.path)
        for value in values
        if len(value.path) == 1
    }
    properties["global"] = {"type": "object", "description": "Helm's own: values that all charts of a release share."}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart printworks",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _tree(values: Sequence[Value], path: tuple[str, ...]) -> Schema:
    value = next(one for one in values if one.path == path)
    described: Schema = {"description": value.text} if value.text else {}
    if value.kind:
        return {**described, **_kind(value)}
    if not isinstance(value.default, dict):
        return {**described, "type": _type(value)}
    children = [one for one in values if len(one.path) == len(path) + 1 and one.path[: len(path)] == path]
    return {
        **described,
        "type": "object",
        "additionalProperties": False,
        "properties": {child.path[-1]: _tree(values, child.path) for child in children},
    }


def _kind(value: Value) -> Schema:
    word, *rest = value.kind.split(" ")
    if word == "enum":
        return {"type": "string", "enum": rest}
    if word == "minimum":
        return {"type": "integer", "minimum": int(rest[0])}
    return KINDS[word]


def _type(value: Value) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (str, "string")):
        if isinstance(value.default, kind):
            return name
    raise ValueError(f"{'.'.join(value.path)}: its default does not show what it may be; say so with `# @schema`")


def _role(usual: Schema, name: str) -> Schema:
    service = next((one for one in SERVICES if role_name(one) == name), None)
    described: Schema = {} if service is None else settings_of(service).model_json_schema()["properties"]
    names = [] if service is None else sorted(own_settings(settings_of(service)))
    settings: Schema = {
        "type": "object",
        "description": "Settings of the service, by name.",
        "additionalProperties": False,
        "properties": {camel_case(field): _setting(described[field]) for field in names},
    }
    return {**usual, "properties": {**usual["properties"], "settings": settings}}


def camel_case(name: str) -> str:
    """`render_per_shop` → `renderPerShop`: the inverse of what the chart does."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _setting(described: Schema) -> Schema:
    """A field as pydantic describes it, without what is of no use here: a null is written by leaving it out."""
    options = [one for one in described.get("anyOf", [described]) if one.get("type") != "null"]
    kept = {key: value for key, value in options[0].items() if key not in {"title", "format", "default"}}
    return {**kept, "description": described.get("description", "")}


def render(values: Sequence[Value]) -> str:
    return json.dumps(schema(values), indent=1, ensure_ascii=False) + "\n"
