"""JSON Schemas of the documents, for storefront builders, editors and API clients."""

from typing import Any

from printworks_common.templates.design import Design
from printworks_common.templates.options import OPTIONS
from printworks_common.templates.template import Template


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema (2020-12) by document name: `template`, `design` and `options-<recipe>`."""
    models = {"template": Template, "design": Design} | {f"options-{name}": model for name, model in OPTIONS.items()}
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema()
        for name, model in models.items()
    }
