"""`/v1/summary`: health at a glance, the few numbers that say whether all is well."""

from fastapi import APIRouter, Request, Response

from printworks_jobs_api.api.conditional import answer
from printworks_jobs_api.api.context import JobsReader, ServicesDep
from printworks_jobs_api.api.schemas import SummaryOut, WaitingOut

router = APIRouter(tags=["summary"])


@router.get("/v1/summary", response_model=SummaryOut)
async def read_summary(request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    """What waits, what failed, how fast it goes, and when we last heard of the shop."""
    facts = await services.shops.facts(principal.shop, fresh=True)
    glance = await services.reader.glance(principal.shop, facts)
    waiting = None
    if glance["oldest_waiting"] is not None:
        waiting = WaitingOut(job_id=glance["oldest_waiting_job"], queued_at=glance["oldest_waiting"])
    summary = SummaryOut(
        time_zone=facts.zone.key,
        failed=glance["failed"],
        pending=glance["pending"],
        oldest_waiting=waiting,
        ready_today=glance["ready_today"],
        paid_to_ready_p50_seconds=glance["p50_seconds"],
        paid_to_ready_p95_seconds=glance["p95_seconds"],
        last_webhook_at=facts.last_webhook_at,
        shopify_writes_waiting=glance["unwritten"],
        shopify_writes_oldest=glance["oldest_unwritten"],
        shopify_writes_reason=glance["unwritten_reason"],
    )
    return answer(request, summary)
