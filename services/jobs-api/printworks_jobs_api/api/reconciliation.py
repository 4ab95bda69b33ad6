"""`/v1/reconciliation`: whether all of the shop's orders are here."""

from fastapi import APIRouter, Request, Response

from printworks_jobs_api.api.conditional import answer
from printworks_jobs_api.api.context import JobsReader, ServicesDep
from printworks_jobs_api.api.schemas import ReconciliationOut
from printworks_jobs_api.problems import not_found

router = APIRouter(tags=["reconciliation"])


@router.get("/v1/reconciliation", response_model=ReconciliationOut)
async def read_reconciliation(request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    """The newest count: orders that Shopify has, orders that we hold, and the differences. 404 before the first."""
    row = await services.reader.reconciliation(principal.shop)
    if row is None:
        raise not_found("count yet")
    return answer(request, ReconciliationOut.model_validate(dict(row)))
