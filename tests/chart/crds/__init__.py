"""Objects of operators against the operators' own schemas.

The schemas in `schemas/` are those of the operators' CustomResourceDefinitions (README.md there). The API server drops
a field that such a schema does not know without a word, so here every object of a schema is closed.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

Schema = dict[str, Any]

SCHEMAS = Path(__file__).parent / "schemas"

_OPEN = "x-kubernetes-preserve-unknown-fields"
_EITHER = "x-kubernetes-int-or-string"


def known() -> set[tuple[str, str]]:
    """API version and kind of every schema."""
    return set(_files())


def validate(one: dict[str, Any]) -> None:
    """Raises `jsonschema.ValidationError` for a field that is unknown, missing or wrong. Metadata is not looked at."""
    _validator(one["apiVersion"], one["kind"]).validate({**one, "metadata": {}})


def closed(schema: Schema) -> Schema:
    """A structural schema as a JSON Schema that knows no other fields than those it names."""
    result = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if schema.get(_EITHER):
        result["type"] = ["integer", "string"]
    if "pattern" in schema:  # Go takes a flag behind the anchor, Python only before it
        result["pattern"] = schema["pattern"].replace("^(?i)", "(?i)^")
    if "properties" in schema:
        result["properties"] = {name: closed(inner) for name, inner in schema["properties"].items()}
        if "additionalProperties" not in schema and not schema.get(_OPEN):
            result["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = closed(schema["additionalProperties"])
    if "items" in schema:
        result["items"] = closed(schema["items"])
    if schema.get("nullable") and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    return result


@cache
def _validator(api_version: str, kind: str) -> jsonschema.Draft4Validator:
    schema = closed(json.loads(_files()[api_version, kind].read_text(encoding="utf-8")))
    # OpenAPI 3.0 is of draft 4: `exclusiveMinimum` is a yes or no.
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema)


@cache
def _files() -> dict[tuple[str, str], Path]:
    return {(f"{path.parts[-3]}/{path.parts[-2]}", path.stem): path for path in SCHEMAS.glob("*/*/*.json")}
