"""The OpenAPI document: what FastAPI knows of the routes, and what holds for all of them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_DESCRIPTION = (
    "Print jobs of a shop: search, files, retries, exports, settings. Ids are strings; moments are RFC 3339 in UTC. "
    "Fields and values may be added: ignore what you do not know."
)
_PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457. Decide by `code`, show `detail`; further members depend on the code.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
_FAULT = {
    "description": "A problem document",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_METHODS = ("get", "put", "post", "delete", "head")
_WITHOUT_ETAG = frozenset({"list_changes"})


def use(app: FastAPI) -> None:
    """Let the application serve this document."""
    app.openapi = lambda: document(app)


def document(app: FastAPI) -> dict[str, Any]:
    """Made at the first call, then kept."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
        schemas = made["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Problem"] = _PROBLEM
        made["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key, `pwk_…`. It decides the shop."}
        }
        for path, item in made["paths"].items():
            for method in _METHODS:
                if method in item:
                    _complete(path, method, item[method])
        app.openapi_schema = made
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)
    responses["default"] = _FAULT
    if not path.startswith("/v1/"):
        return
    operation["security"] = [{"key": []}]
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    if method in {"get", "head"} and operation["operationId"] not in _WITHOUT_ETAG:
        parameters.append(_header("If-None-Match", "ETag of the copy that you have."))
        responses["304"] = {"description": "Your copy is the same"}
    if method in {"put", "delete"} and path.startswith(("/v1/templates", "/v1/mappings", "/v1/settings", "/v1/assets")):
        parameters.append(_header("If-Match", "ETag of what you change, or `*`. A change without it is refused (428)."))
    if not parameters:
        del operation["parameters"]


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}
