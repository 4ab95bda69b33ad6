"""Asking for something: retry, re-render, cancel, replace a picture."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from printworks_common.events.control import CommandKind

from printworks_jobs_api import uploads
from printworks_jobs_api.api.context import JobsWriter, Services, ServicesDep
from printworks_jobs_api.api.posting import Posted, PostedDep, answered
from printworks_jobs_api.api.print_jobs import job_uuid
from printworks_jobs_api.api.schemas import CommandOut
from printworks_jobs_api.keys import Principal

router = APIRouter(tags=["commands"])

_PICTURE = {
    "requestBody": {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
}
_OUT: dict[int | str, dict[str, Any]] = {202: {"model": CommandOut}}


@router.post("/v1/print-jobs/{job_id}/retry", status_code=202, responses=_OUT)
async def retry(job_id: str, services: ServicesDep, principal: JobsWriter, posted: PostedDep) -> JSONResponse:
    """Render a failed print job once more, with the same template and the same pinned inputs.

    Pending: 202 `already_running`, nothing is sent. Ready or cancelled: 409 `not_retryable`. Cleared: 409
    `inputs_expired`.
    """
    return await _issue(services, principal, posted, job_id, CommandKind.RETRY)


@router.post("/v1/print-jobs/{job_id}/rerender", status_code=202, responses=_OUT)
async def rerender(job_id: str, services: ServicesDep, principal: JobsWriter, posted: PostedDep) -> JSONResponse:
    """Make a new artwork version with the newest template."""
    return await _issue(services, principal, posted, job_id, CommandKind.RERENDER)


@router.post("/v1/print-jobs/{job_id}/cancel", status_code=202, responses=_OUT)
async def cancel(job_id: str, services: ServicesDep, principal: JobsWriter, posted: PostedDep) -> JSONResponse:
    """Stop a print job for good."""
    return await _issue(services, principal, posted, job_id, CommandKind.CANCEL)


@router.post("/v1/print-jobs/{job_id}/redeliver", status_code=202, responses=_OUT)
async def redeliver(job_id: str, services: ServicesDep, principal: JobsWriter, posted: PostedDep) -> JSONResponse:
    """Copy the files of a ready print job to the shop's own storage once more.

    409 `no_own_storage` where the shop has none, `not_deliverable` for a job that is not ready.
    """
    return await _issue(services, principal, posted, job_id, CommandKind.REDELIVER)


@router.put("/v1/print-jobs/{job_id}/inputs/{slot}", status_code=202, responses=_OUT, openapi_extra=_PICTURE)
async def replace_input(
    job_id: str, slot: str, request: Request, services: ServicesDep, principal: JobsWriter
) -> JSONResponse:
    """Replace a customer's picture: the body is the picture itself. A new artwork version is made with it.

    `slot` is the `input_id` of the print job's input (`photo:front`) or its slot alone (`front`).
    """
    body = await uploads.replace(services, principal, job_uuid(job_id), slot, request.stream(), request.headers)
    return JSONResponse(body.body, status_code=body.status)


async def _issue(
    services: Services, principal: Principal, posted: Posted, job_id: str, kind: CommandKind
) -> JSONResponse:
    answer = await services.commands.issue(
        principal, job_uuid(job_id), kind, key=posted.key, request=await posted.fingerprint()
    )
    return answered(answer)
