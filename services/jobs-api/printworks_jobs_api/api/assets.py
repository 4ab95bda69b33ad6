"""`/v1/assets`: the shop's library of stickers, backgrounds, logos, fonts, colour profiles and palettes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from printworks_common.catalog import AssetKind
from printworks_common.postgres import Connection
from printworks_common.storage import ObjectMissingError
from pydantic import BaseModel, Field

from printworks_jobs_api.api.catalog import After
from printworks_jobs_api.api.conditional import answer, matches, version_of
from printworks_jobs_api.api.context import FilesReader, JobsReader, Services, ServicesDep, SettingsWriter
from printworks_jobs_api.api.posting import PostedDep
from printworks_jobs_api.api.print_jobs import Limit
from printworks_jobs_api.assets import Listed
from printworks_jobs_api.catalog import Entry
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.problems import not_found

router = APIRouter(tags=["assets"])

AssetKey = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


class AssetOut(BaseModel):
    id: str
    version: int
    kind: str = Field(description="image, font, profile or palette")
    name: str
    media_type: str
    bytes: int
    sha256: str
    changed_at: datetime
    deleted: bool
    used_by: list[str] = Field(description="Templates that name it.")


class AssetPageOut(BaseModel):
    items: list[AssetOut]
    next_after: str | None


_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_NEW: dict[int | str, dict[str, Any]] = {201: {"model": AssetOut, "description": "It is new"}}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/v1/assets", response_model=AssetPageOut)
async def list_assets(
    request: Request,
    services: ServicesDep,
    principal: JobsReader,
    after: After = "",
    limit: Limit = 100,
    deleted: Annotated[bool, Query(description="Those that were deleted and can be restored.")] = False,
) -> Response:
    """Assets by id, each with the templates that name it."""
    found, following = await services.assets.assets(
        principal.shop, after=after.replace("\x00", ""), limit=limit, deleted=deleted
    )
    return answer(request, AssetPageOut(items=[_out(one) for one in found], next_after=following))


@router.get("/v1/assets/{asset_id}", response_model=AssetOut)
async def read_asset(asset_id: AssetKey, request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    """One asset, also one that was deleted."""
    return answer(request, _out(await services.assets.asset(principal.shop, asset_id)))


@router.get("/v1/assets/{asset_id}/content", response_class=Response, responses=_CONTENT)
async def read_asset_content(
    asset_id: AssetKey, request: Request, services: ServicesDep, principal: FilesReader
) -> Response:
    """The file itself."""
    return await content(services, principal.shop, asset_id, request.headers)


async def content(services: Services, shop: str, asset_id: str, asked: Mapping[str, str]) -> Response:
    """An asset's file as an answer that runs nowhere. Raises ProblemError 404."""
    found = (await services.assets.asset(shop, asset_id)).entry
    headers = {
        "ETag": f'"{found.body["sha256"]}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
        "Content-Disposition": "attachment",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if matches(asked.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    try:
        stored = await services.store.head(found.body["key"])
    except ObjectMissingError as error:
        raise not_found("file of this asset") from error
    headers["Content-Length"] = str(stored.bytes)
    pieces = services.store.stream(found.body["key"])
    return StreamingResponse(pieces, media_type=found.body["media_type"], headers=headers)


@router.put("/v1/assets/{asset_id}", response_model=AssetOut, responses=_NEW, openapi_extra=_FILE)
async def save_asset(
    asset_id: AssetKey,
    request: Request,
    services: ServicesDep,
    principal: SettingsWriter,
    kind: AssetKind,
    name: Annotated[str, Query(min_length=1, max_length=100, description="What people call it.")],
) -> Response:
    """The body is the file itself. A new asset, one in place of another of its kind, or of one that was deleted."""
    saved = await services.assets.save(
        principal, asset_id, kind, name.replace("\x00", ""), request.stream(), if_match=version_of(request)
    )
    return JSONResponse(
        _out(await services.assets.asset(principal.shop, asset_id)).model_dump(mode="json"),
        status_code=201 if saved.created else 200,
        headers={"ETag": f'"{saved.entry.version}"'},
    )


@router.delete("/v1/assets/{asset_id}", status_code=204)
async def delete_asset(
    asset_id: AssetKey,
    request: Request,
    services: ServicesDep,
    principal: SettingsWriter,
    in_use: Annotated[bool, Query(description="Delete it although templates name it.")] = False,
) -> Response:
    """Delete an asset. One that templates name: 409 `asset_in_use` with their ids."""
    await services.assets.delete(principal, asset_id, if_match=version_of(request), in_use=in_use)
    return Response(status_code=204)


@router.post("/v1/assets/{asset_id}/restore", responses={200: {"model": AssetOut}})
async def restore_asset(
    asset_id: AssetKey, services: ServicesDep, principal: SettingsWriter, posted: PostedDep
) -> JSONResponse:
    """Put back what was deleted, so that retries of print jobs find it."""

    users = (await services.assets.asset(principal.shop, asset_id)).used_by

    async def effect(connection: Connection) -> Answer:
        entry = await services.assets.restore(connection, principal, asset_id)
        return Answer(200, _out(Listed(entry, users)).model_dump(mode="json"))

    return await posted.once(principal, effect)


def _out(listed: Listed) -> AssetOut:
    entry: Entry = listed.entry
    return AssetOut(
        id=entry.entry_id,
        version=entry.version,
        changed_at=entry.changed_at,
        deleted=entry.deleted,
        used_by=list(listed.used_by),
        **{name: entry.body[name] for name in ("kind", "name", "media_type", "bytes", "sha256")},
    )
