"""`/v1/exports`: artwork in bulk, as a manifest and ZIP archives that can be resumed."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from printworks_common.postgres import Connection
from pydantic import BaseModel, Field

from printworks_jobs_api import downloads
from printworks_jobs_api.api.conditional import answer
from printworks_jobs_api.api.context import Exporter, ServicesDep
from printworks_jobs_api.api.posting import PostedDep
from printworks_jobs_api.api.print_jobs import CursorText, Limit
from printworks_jobs_api.cursors import Cursor, decode
from printworks_jobs_api.exports import Export, ExportIn
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.problems import ProblemError, not_found

router = APIRouter(tags=["exports"])

_SORT = "exports"
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
    206: {
        "description": "The range",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    },
}
_NDJSON: dict[int | str, dict[str, Any]] = {200: {"content": {downloads.MANIFEST_TYPE: {"schema": {"type": "string"}}}}}

PartNumber = Annotated[int, Path(ge=1, le=1_000_000)]


class PartOut(BaseModel):
    part: int
    files: int
    bytes: int
    etag: str
    url: str


class ExportOut(BaseModel):
    export_id: UUID
    status: str = Field(description="preparing, ready or failed")
    wanted: dict[str, Any] = Field(description="What was asked for.")
    created_at: datetime
    created_by: str
    ready_at: datetime | None
    expires_at: datetime
    jobs_matched: int = Field(description="Print jobs under the filter when the export was asked for.")
    jobs_done: int
    jobs_without_files: int
    files: int
    bytes: int = Field(description="Of all files, without the archives' own.")
    manifest_url: str | None = Field(description="Once it is ready.")
    parts: list[PartOut] = Field(description="Archives, once it is ready; not in lists.")


class ExportPageOut(BaseModel):
    items: list[ExportOut]
    next_cursor: str | None


@router.post("/v1/exports", status_code=202, responses={202: {"model": ExportOut}})
async def make_export(body: ExportIn, services: ServicesDep, principal: Exporter, posted: PostedDep) -> JSONResponse:
    """Ask for an export of the files of print jobs. Watch `status`; then load manifest and parts."""

    async def effect(connection: Connection) -> Answer:
        export = await services.exports.create(connection, principal, body)
        return Answer(202, _out(export, services.public_url).model_dump(mode="json"))

    return await posted.once(principal, effect)


@router.get("/v1/exports", response_model=ExportPageOut)
async def list_exports(
    request: Request, services: ServicesDep, principal: Exporter, cursor: CursorText = None, limit: Limit = 50
) -> Response:
    """Exports of the last days, the newest first."""
    after = None if cursor is None else _place(cursor)
    found, more = await services.exports.exports(principal.shop, after=after, limit=limit)
    following = None
    if more:
        following = Cursor(_SORT, found[-1].row["created_at"], str(found[-1].export_id)).encode()
    return answer(
        request, ExportPageOut(items=[_out(one, services.public_url) for one in found], next_cursor=following)
    )


@router.get("/v1/exports/{export_id}", response_model=ExportOut)
async def read_export(export_id: str, request: Request, services: ServicesDep, principal: Exporter) -> Response:
    """How far an export is, and where its parts are."""
    export = await services.exports.export(principal.shop, export_uuid(export_id))
    return answer(request, _out(export, services.public_url))


@router.delete("/v1/exports/{export_id}", status_code=204)
async def drop_export(export_id: str, services: ServicesDep, principal: Exporter) -> Response:
    """Stop preparing an export, or forget a ready one."""
    await services.exports.drop(principal.shop, export_uuid(export_id))
    return Response(status_code=204)


@router.get("/v1/exports/{export_id}/manifest", response_class=Response, responses=_NDJSON)
async def read_manifest(export_id: str, request: Request, services: ServicesDep, principal: Exporter) -> Response:
    """NDJSON: a line per file, a line per print job without files, and an end record with counts."""
    return await downloads.manifest(
        services.exports, services.streams, principal.shop, export_uuid(export_id), request.headers
    )


@router.head(
    "/v1/exports/{export_id}/parts/{part}", response_class=Response, operation_id="head_export_part", responses=_ZIP
)
@router.get(
    "/v1/exports/{export_id}/parts/{part}", response_class=Response, operation_id="read_export_part", responses=_ZIP
)
async def read_part(
    export_id: str, part: PartNumber, request: Request, services: ServicesDep, principal: Exporter
) -> Response:
    """A ZIP archive, or a range of it."""
    return await downloads.archive(
        services.exports, services.streams, principal.shop, export_uuid(export_id), part,
        method=request.method, headers=request.headers,
    )  # fmt: skip


def export_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise not_found("export") from error


def _place(cursor: str) -> tuple[datetime, UUID]:
    place = decode(cursor, _SORT)
    try:
        if isinstance(place.value, datetime):
            return place.value, UUID(place.row_id)
    except ValueError:
        pass
    raise ProblemError(400, "invalid_cursor", "The cursor cannot be used here. Begin again without it.")


def _out(export: Export, public_url: str) -> ExportOut:
    row = export.row
    base = f"{public_url.rstrip('/')}/v1/exports/{export.export_id}"
    return ExportOut(
        **{name: row[name] for name in _SAME_NAME},
        manifest_url=f"{base}/manifest" if export.ready else None,
        parts=[
            PartOut(part=one.part, files=one.files, bytes=one.size, etag=one.etag, url=f"{base}/parts/{one.part}")
            for one in export.parts
        ],
    )


_SAME_NAME = (
    "export_id", "status", "wanted", "created_at", "created_by", "ready_at", "expires_at", "jobs_matched", "jobs_done",
    "jobs_without_files", "files", "bytes",
)  # fmt: skip
