"""Asking for something: retry, re-render, cancel, replace a picture."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from printworks_common.events.control import CommandKind

from printworks_jobs_api import uploads
from printworks_jobs_api.api.context import JobsWriter, Services, ServicesDep
from printworks_jobs_api.api.print_jobs import job_uuid
from printworks_jobs_api.api.schemas import CommandOut
from printworks_jobs_api.idempotency import fingerprint
from printworks_jobs_api.keys import Principal

router = APIRouter(tags=["commands"])

IdempotencyKey = Annotated[
    str | None, Header(description="The same key with the same request does the work once (24 hours).")
]
_PICTURE = {
    "requestBody": {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
}
_OUT: dict[int | str, dict[str, Any]] = {202: {"model": CommandOut}}


@router.post("/v1/print-jobs/{job_id}/retry", status_code=202, responses=_OUT)
async def retry(
    job_id: str, request: Request, services: ServicesDep, principal: JobsWriter, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Render a failed print job once more, with the same template and the same pinned inputs.

    Pending: 202 `already_running`, nothing is sent. Ready or cancelled: 409 `not_retryable`. Cleared: 409
    `inputs_expired`.
    """
    return await _issue(services, principal, request, job_id, CommandKind.RETRY, idempotency_key)


@router.post("/v1/print-jobs/{job_id}/rerender", status_code=202, responses=_OUT)
async def rerender(
    job_id: str, request: Request, services: ServicesDep, principal: JobsWriter, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Make a new artwork version with the newest template."""
    return await _issue(services, principal, request, job_id, CommandKind.RERENDER, idempotency_key)


@router.post("/v1/print-jobs/{job_id}/cancel", status_code=202, responses=_OUT)
async def cancel(
    job_id: str, request: Request, services: ServicesDep, principal: JobsWriter, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Stop a print job for good."""
    return await _issue(services, principal, request, job_id, CommandKind.CANCEL, idempotency_key)


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
    services: Services, principal: Principal, request: Request, job_id: str, kind: CommandKind, key: str | None
) -> JSONResponse:
    answer = await services.commands.issue(
        principal,
        job_uuid(job_id),
        kind,
        key=key,
        request=fingerprint(request.method, request.url.path, None),
    )
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else None
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)
