"""`/v1/dry-runs`: a template rendered on a sample picture, before a customer's order needs it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from printworks_common.events.rendering import PreflightCheck
from printworks_common.postgres import Connection
from printworks_common.storage import ObjectMissingError
from pydantic import BaseModel, Field

from printworks_jobs_api.api.conditional import answer, matches
from printworks_jobs_api.api.context import JobsReader, Services, ServicesDep, SettingsWriter
from printworks_jobs_api.api.posting import PostedDep
from printworks_jobs_api.dry_runs import DryRun, DryRunIn
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.problems import not_found

router = APIRouter(tags=["catalog"])

RunId = Annotated[str, Path(max_length=60, description="`20261126-…`, as it was answered.")]
FileName = Annotated[str, Path(max_length=255)]

_ANY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "It is the one that If-None-Match names"},
}


class DryRunFileOut(BaseModel):
    name: str
    role: str
    media_type: str
    bytes: int
    width_px: int | None
    height_px: int | None
    dpi: float | None
    url: str


class DryRunOut(BaseModel):
    dry_run_id: str
    template_id: str
    status: str = Field(description="rendering, ready or failed")
    begun_at: datetime
    expires_at: datetime = Field(description="Then it is gone, with its files.")
    reason_code: str | None = Field(description="A reason as print jobs have it, or not_answered.")
    reason: str
    detail: str
    preflight: list[PreflightCheck]
    spec_line: str
    render_ms: int | None
    files: list[DryRunFileOut]


@router.post("/v1/dry-runs", status_code=202, responses={202: {"model": DryRunOut}})
async def start_dry_run(
    body: DryRunIn, services: ServicesDep, principal: SettingsWriter, posted: PostedDep
) -> JSONResponse:
    """Render a template on a sample picture. Watch `status`; then load its files."""
    plan = await services.dry_runs.plan(principal.shop, body)

    async def effect(connection: Connection) -> Answer:
        run = await services.dry_runs.start(connection, principal, plan)
        return Answer(202, _out(run, services.public_url).model_dump(mode="json"))

    return await posted.once(principal, effect)


@router.get("/v1/dry-runs/{dry_run_id}", response_model=DryRunOut)
async def read_dry_run(dry_run_id: RunId, request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    """What became of it."""
    return answer(request, _out(await services.dry_runs.find(principal.shop, dry_run_id), services.public_url))


@router.get("/v1/dry-runs/{dry_run_id}/files/{name}", response_class=Response, responses=_ANY)
async def read_dry_run_file(
    dry_run_id: RunId, name: FileName, request: Request, services: ServicesDep, principal: JobsReader
) -> Response:
    """A file that it has made."""
    return await file_answer(services, principal.shop, dry_run_id, name, request)


async def file_answer(services: Services, shop: str, dry_run_id: str, name: str, request: Request) -> Response:
    """A file of a dry-run: pictures to look at, all else to keep. Raises ProblemError 404."""
    file = await services.dry_runs.file(shop, dry_run_id, name)
    shown = file.role in {"preview", "thumbnail"}
    headers = {
        "ETag": f'"{file.sha256}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{file.name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    try:
        await services.store.head(file.key)
    except ObjectMissingError as error:
        raise not_found("file of this dry-run") from error
    headers["Content-Length"] = str(file.bytes)
    return StreamingResponse(services.store.stream(file.key), media_type=file.media_type, headers=headers)


def _out(run: DryRun, public_url: str) -> DryRunOut:
    left = run.outcome
    base = f"{public_url.rstrip('/')}/v1/dry-runs/{run.run_id}/files"
    return DryRunOut(
        dry_run_id=run.run_id,
        template_id=run.template_id,
        status=run.status,
        begun_at=run.begun_at,
        expires_at=run.expires_at,
        reason_code=run.reason_code,
        reason=run.reason,
        detail=left.detail if left else "",
        preflight=list(left.preflight) if left else [],
        spec_line=left.spec_line if left else "",
        render_ms=left.render_ms if left else None,
        files=[
            DryRunFileOut(
                name=one.name, role=one.role, media_type=one.media_type, bytes=one.bytes, width_px=one.width_px,
                height_px=one.height_px, dpi=one.dpi, url=f"{base}/{one.name}",
            )
            for one in (left.files if left else ())
        ],
    )  # fmt: skip
