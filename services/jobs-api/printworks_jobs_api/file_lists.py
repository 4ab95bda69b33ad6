"""`/file-lists/<token>`: the print-ready files of an order, for a metafield that cannot hold all of their links.

JSON: `{"order_name", "artwork_status", "files": [link, …]}`, in the order of line items and outputs; `files` is empty
while the order is not ready. The token decides alone, and each request looks the order up.
"""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from printworks_common.events.artwork import ArtworkStatus
from printworks_common.filelinks import Page

from printworks_jobs_api.api.context import ServicesDep
from printworks_jobs_api.metrics import PAGE_LINKS
from printworks_jobs_api.print_links import links_of
from printworks_jobs_api.problems import ProblemError, problem
from printworks_jobs_api.tenancy import act_for

router = APIRouter()

_HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@router.get("/file-lists/{token}", tags=["files"], operation_id="list_files")
async def list_files(token: str, services: ServicesDep) -> Response:
    """The current print-ready files of an order, by the link that stands in `artwork_files` when there are many."""
    ref = services.signer.read_page(Page.FILES, token)
    if ref is not None:
        act_for(ref.shop)
        try:
            order, jobs = await services.reader.order(ref.shop, ref.page_id.int)
        except ProblemError:
            ref = None
        else:
            PAGE_LINKS.labels(Page.FILES, "shown").inc()
            ready = order["artwork_status"] == ArtworkStatus.READY
            links = list(links_of(jobs, services.signer, services.public_url, ref.shop)) if ready else []
            body = {"order_name": order["order_name"], "artwork_status": order["artwork_status"], "files": links}
            return JSONResponse(body, headers=_HEADERS)
    PAGE_LINKS.labels(Page.FILES, "unknown").inc()
    return problem(404, "file_list_unknown", "There is no list of files at this address.", headers=_HEADERS)
