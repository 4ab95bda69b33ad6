"""The links of an order's current print-ready files: the same everywhere, as in events and metafields."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from printworks_common.events.artwork import PRODUCTION_ROLES, JobStatus
from printworks_common.filelinks import LinkSigner

from printworks_jobs_api.reading import Job


def links_of(jobs: Sequence[Job], signer: LinkSigner, public_url: str, shop: str) -> Iterator[str]:
    """In the order of line items and outputs. Nothing of a cancelled job; of a cleared one those into the shop's own
    storage are left."""
    for job in jobs:
        if job.row["status"] in {JobStatus.READY, JobStatus.CLEARED}:
            yield from (_link(one, signer, public_url, shop) for one in job.files if _printable(one))


def _printable(file: Mapping[str, Any]) -> bool:
    return file["role"] in PRODUCTION_ROLES and file["current"] and file["state"] == "live"


def _link(file: Mapping[str, Any], signer: LinkSigner, public_url: str, shop: str) -> str:
    delivered = (file["facts"].get("delivered") or {}).get("public_url")
    return delivered or signer.url(public_url, shop, file["file_id"], file["name"])
