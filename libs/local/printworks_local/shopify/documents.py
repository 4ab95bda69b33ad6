"""GraphQL documents: parsed, validated against the official schema, weighed; kept by their text."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)

from printworks_local.shopify.cost import CostNode, plan_cost
from printworks_local.shopify.schemas import load_schema

_CACHE_SIZE = 512
_UNKNOWN_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")


@dataclass(frozen=True)
class PreparedDocument:
    """A document and what is known about it; `errors` (Shopify's JSON shape) is empty when it may be executed."""

    document: DocumentNode | None
    errors: tuple[dict[str, Any], ...]
    plans: dict[str | None, CostNode]


class DocumentCache:
    """Prepared documents of one schema version, the least recently used one dropped first."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._prepared: OrderedDict[str, PreparedDocument] = OrderedDict()

    def prepare(self, text: str) -> PreparedDocument:
        found = self._prepared.get(text)
        if found is not None:
            self._prepared.move_to_end(text)
            return found
        prepared = prepare_document(text, self._version)
        self._prepared[text] = prepared
        if len(self._prepared) > _CACHE_SIZE:
            self._prepared.popitem(last=False)
        return prepared


def prepare_document(text: str, version: str) -> PreparedDocument:
    """Parse, validate and weigh a document; raises `LookupError` for a version that is not kept."""
    schema = load_schema(version).graphql
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return PreparedDocument(None, (shopify_error(error),), {})
    errors = validate(schema, document)
    if errors:
        return PreparedDocument(None, tuple(shopify_error(error) for error in errors), {})
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    plans: dict[str | None, CostNode] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            plan = plan_cost(schema, definition, fragments)
            plans[definition.name.value if definition.name else None] = plan
    return PreparedDocument(document, (), plans)


def validate_document(text: str, version: str) -> list[str]:
    """What the official schema of `version` has against a document: sentences, none when it is valid.

    Raises `LookupError` for a version that is not kept (see `schemas.VERSIONS`).
    """
    return [str(error["message"]) for error in prepare_document(text, version).errors]


def shopify_error(error: GraphQLError) -> dict[str, Any]:
    """An error of the GraphQL library in the shape and words that Shopify answers with."""
    formatted: dict[str, Any] = {"message": error.message}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        formatted["path"] = list(error.path)
    extensions = dict(error.extensions or {})
    unknown = _UNKNOWN_FIELD.search(error.message)
    if unknown:
        field_name, type_name = unknown.groups()
        formatted["message"] = f"Field '{field_name}' doesn't exist on type '{type_name}'"
        extensions = {"code": "undefinedField", "typeName": type_name, "fieldName": field_name}
    if extensions:
        formatted["extensions"] = extensions
    return formatted
