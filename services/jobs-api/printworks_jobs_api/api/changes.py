"""`/v1/changes`: every change of every print job in order, resumable from any number."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from printworks_jobs_api.api.context import JobsReader, ServicesDep
from printworks_jobs_api.api.schemas import ChangeOut, ChangesOut
from printworks_jobs_api.filters import MAX_LIMIT
from printworks_jobs_api.problems import ProblemError

router = APIRouter(tags=["changes"])

MAX_WAIT_SECONDS = 30
"""Below the idle limits of common proxies (60 s)."""


@router.get("/v1/changes", response_model=ChangesOut)
async def list_changes(
    services: ServicesDep,
    principal: JobsReader,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="Number of the last change you know; 0: all.")] = 0,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait when there is none.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
) -> Response:
    """Changes after a number. With `wait` the answer comes as soon as there is one, or empty when the time is over."""
    rows = await services.reader.changes(principal.shop, after, limit + 1)
    if not rows and wait > 0:
        await services.watch.wait(principal.shop, after, wait)
        rows = await services.reader.changes(principal.shop, after, limit + 1)
    if not rows and after > await services.reader.newest_change(principal.shop):
        # The database was restored to a moment before. Waiting would skip what is told until the number comes again.
        raise ProblemError(
            410, "cursor_unknown", "No change has this number. Begin again with `after=0`, or read the lists anew."
        )
    more = len(rows) > limit
    rows = rows[:limit]
    page = ChangesOut(
        items=[
            ChangeOut.model_validate({**row, "seq": str(row["seq"]), "order_id": str(row["order_id"])}) for row in rows
        ],
        next_after=str(rows[-1]["seq"] if rows else after),
        more=more,
    )
    return Response(page.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})
