"""`/v1/templates` and `/v1/mappings`: how products are printed."""

import json
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from printworks_common.events.control import CatalogKind
from printworks_common.mapping import Mapping
from printworks_common.templates.base import MAX_DOCUMENT_BYTES
from printworks_common.templates.schemas import json_schemas

from printworks_jobs_api.api.conditional import answer, answer_bytes, version_of
from printworks_jobs_api.api.context import JobsReader, Services, ServicesDep, SettingsWriter
from printworks_jobs_api.api.print_jobs import Limit
from printworks_jobs_api.api.schemas import EntryOut, EntryPageOut, SchemaNamesOut
from printworks_jobs_api.catalog import Entry
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found

router = APIRouter(tags=["catalog"])

_DOCUMENT = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}

_NEW: dict[int | str, dict[str, Any]] = {201: {"model": EntryOut, "description": "It is new"}}

EntryId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
After = Annotated[str, Query(max_length=64, description="`next_after` of the page before.")]


@router.get("/v1/templates", response_model=EntryPageOut)
async def list_templates(
    request: Request, services: ServicesDep, principal: JobsReader, after: After = "", limit: Limit = 100
) -> Response:
    """Templates by id."""
    return await _list(request, services, principal, CatalogKind.TEMPLATE, after, limit)


@router.get("/v1/templates/{entry_id}", response_model=EntryOut)
async def read_template(entry_id: EntryId, request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    return await _read(request, services, principal, CatalogKind.TEMPLATE, entry_id)


@router.put("/v1/templates/{entry_id}", response_model=EntryOut, responses=_NEW, openapi_extra=_DOCUMENT)
async def save_template(
    entry_id: EntryId, request: Request, services: ServicesDep, principal: SettingsWriter
) -> Response:
    """Create or change a template. 201 when it is new; with `If-Match` only that version is changed."""
    return await _save(request, services, principal, CatalogKind.TEMPLATE, entry_id)


@router.delete("/v1/templates/{entry_id}", status_code=204)
async def delete_template(
    entry_id: EntryId, request: Request, services: ServicesDep, principal: SettingsWriter
) -> Response:
    """Delete a template that no mapping names. Print jobs keep the version they were made with."""
    return await _delete(request, services, principal, CatalogKind.TEMPLATE, entry_id)


@router.get("/v1/mappings", response_model=EntryPageOut)
async def list_mappings(
    request: Request, services: ServicesDep, principal: JobsReader, after: After = "", limit: Limit = 100
) -> Response:
    """Product mappings by id."""
    return await _list(request, services, principal, CatalogKind.MAPPING, after, limit)


@router.get("/v1/mappings/{entry_id}", response_model=EntryOut)
async def read_mapping(entry_id: EntryId, request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    return await _read(request, services, principal, CatalogKind.MAPPING, entry_id)


@router.put("/v1/mappings/{entry_id}", response_model=EntryOut, responses=_NEW, openapi_extra=_DOCUMENT)
async def save_mapping(
    entry_id: EntryId, request: Request, services: ServicesDep, principal: SettingsWriter
) -> Response:
    """Map a product, variant or SKU to a template."""
    return await _save(request, services, principal, CatalogKind.MAPPING, entry_id)


@router.delete("/v1/mappings/{entry_id}", status_code=204)
async def delete_mapping(
    entry_id: EntryId, request: Request, services: ServicesDep, principal: SettingsWriter
) -> Response:
    return await _delete(request, services, principal, CatalogKind.MAPPING, entry_id)


@router.get("/v1/schemas", response_model=SchemaNamesOut)
async def list_schemas(request: Request, _principal: JobsReader) -> Response:
    """Names of the documents that there are JSON Schemas of."""
    return answer(request, SchemaNamesOut(items=sorted(_schemas())))


@router.get("/v1/schemas/{name}", responses={200: {"content": {"application/schema+json": {}}}})
async def read_schema(name: str, request: Request, _principal: JobsReader) -> Response:
    """JSON Schema (2020-12) of templates, designs, options of recipes, or mappings: for editors."""
    schema = _schemas().get(name)
    if schema is None:
        raise not_found("schema")
    return answer_bytes(request, json.dumps(schema, ensure_ascii=False).encode(), "application/schema+json")


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    return json_schemas() | {"mapping": Mapping.model_json_schema()}


async def _list(
    request: Request, services: Services, principal: Principal, kind: CatalogKind, after: str, limit: int
) -> Response:
    entries, following = await services.catalog.entries(
        principal.shop, kind, after=after.replace("\x00", ""), limit=limit
    )
    return answer(request, EntryPageOut(items=[_out(entry) for entry in entries], next_after=following))


async def _read(
    request: Request, services: Services, principal: Principal, kind: CatalogKind, entry_id: str
) -> Response:
    entry = await services.catalog.entry(principal.shop, kind, entry_id)
    return answer(request, _out(entry), etag=str(entry.version))


async def _save(
    request: Request, services: Services, principal: Principal, kind: CatalogKind, entry_id: str
) -> Response:
    body = await read_object(request, MAX_DOCUMENT_BYTES)
    saved = await services.catalog.save(principal, kind, entry_id, body, if_match=version_of(request))
    return JSONResponse(
        _out(saved.entry).model_dump(mode="json"),
        status_code=201 if saved.created else 200,
        headers={"ETag": f'"{saved.entry.version}"'},
    )


async def _delete(
    request: Request, services: Services, principal: Principal, kind: CatalogKind, entry_id: str
) -> Response:
    await services.catalog.delete(principal, kind, entry_id, if_match=version_of(request))
    return Response(status_code=204)


async def read_object(request: Request, limit: int) -> dict[str, Any]:
    """The request's body as a JSON object. Raises ProblemError 413 `too_large`, 400 `invalid_json`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            break
    return parse_object(bytes(body), limit)


def parse_object(body: bytes, limit: int) -> dict[str, Any]:
    """A document as it came, as a JSON object. Raises as `read_object`."""
    if len(body) > limit:
        raise ProblemError(413, "too_large", f"The document is longer than {limit // 1024} KB.")
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, "invalid_json", "The body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise ProblemError(400, "invalid_json", "The body must be a JSON object.")
    if "\\u0000" in json.dumps(document):
        raise ProblemError(400, "invalid_json", "The document contains the character NUL, which cannot be stored.")
    return document


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _out(entry: Entry) -> EntryOut:
    return EntryOut(id=entry.entry_id, version=entry.version, changed_at=entry.changed_at, body=entry.body)
