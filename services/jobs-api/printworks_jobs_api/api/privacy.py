"""`/v1/privacy-requests`: what Shopify asked about people of the shop, and how far it is."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from printworks_jobs_api.api.conditional import answer
from printworks_jobs_api.api.context import Exporter, ServicesDep
from printworks_jobs_api.filters import MAX_LIMIT
from printworks_jobs_api.privacy_report import waits_for

router = APIRouter(tags=["privacy"])

_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}


class PrivacyAnswerOut(BaseModel):
    orders: int = Field(description="Orders of which the service held something.")
    objects: int = Field(description="Objects that were deleted from the hosted bucket.")
    answered_at: datetime


class PrivacyRequestOut(BaseModel):
    request_id: str = Field(description="Shopify's id of the data request, or that of the webhook.")
    kind: str = Field(description="erase_customer, erase_shop or export_customer; open for more.")
    orders: int = Field(description="Orders that the request names.")
    requested_at: datetime
    deadline: datetime = Field(description="By then Shopify wants it done.")
    done_at: datetime | None
    waits_for: list[str] = Field(description="Services that have not done their part yet.")
    answers: dict[str, PrivacyAnswerOut] = Field(description="By service.")


class PrivacyRequestsOut(BaseModel):
    items: list[PrivacyRequestOut]


@router.get("/v1/privacy-requests", response_model=PrivacyRequestsOut)
async def list_privacy_requests(
    request: Request,
    services: ServicesDep,
    principal: Exporter,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The newest so many.")] = 50,
) -> Response:
    """Erasures and exports that Shopify asked for, the newest first, with who has done what."""
    rows = await services.privacy.requests(principal.shop, done=True, limit=limit)
    return answer(request, PrivacyRequestsOut(items=[_out(row) for row in rows]))


@router.get("/v1/privacy-requests/{request_id}/export", response_class=Response, responses=_ZIP)
async def read_held_data(request_id: str, services: ServicesDep, principal: Exporter) -> Response:
    """What is held of the orders of a data request: a ZIP archive of JSON documents and files, made as it is sent."""
    orders = await services.held_data.orders(principal.shop, request_id)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": 'attachment; filename="data-request.zip"',
    }
    return StreamingResponse(
        services.held_data.archive(principal.shop, orders), media_type="application/zip", headers=headers
    )


def _out(row: Any) -> PrivacyRequestOut:
    return PrivacyRequestOut.model_validate({**row, "waits_for": waits_for(row)})
