"""The official Admin schemas, built on first use.

Source: npm `@shopify/dev-mcp` 1.16.0, see `schema/README.md`.
"""

import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from graphql import GraphQLSchema, build_client_schema

VERSIONS = ("2026-07", "2026-10")
"""The Admin API versions whose official schema is kept here."""


@dataclass(frozen=True)
class AdminSchema:
    """One version of the Admin API.

    `scopes` maps `(type, None)` or `(type, field)` to the access scopes of which one is enough, with the sentence that
    Shopify prints about them.
    """

    version: str
    graphql: GraphQLSchema
    scopes: dict[tuple[str, str | None], tuple[frozenset[str], str]]


@cache
def load_schema(version: str) -> AdminSchema:
    """The schema of a version of `VERSIONS`; raises `LookupError` for another one. Takes about 0.3 s the first time."""
    if version not in VERSIONS:
        raise LookupError(f"No Admin schema is kept for version {version!r}; there are {', '.join(VERSIONS)}.")
    packed = files("printworks_local.shopify").joinpath("schema", f"admin_{version}.json.gz").read_bytes()
    content: dict[str, Any] = orjson.loads(gzip.decompress(packed))
    scopes = {
        (item["typeName"], item.get("fieldName")): (frozenset(item["offlineScopes"]), item["requiredAccess"])
        for item in content["offline_scopes"]["items"]
        if item["offlineScopes"]
    }
    return AdminSchema(version, build_client_schema(content["data"], assume_valid=True), scopes)
