"""From an order's snapshot to what it asks of Shopify. Pure."""

import hashlib
import json
from typing import cast

from printworks_common.events.artwork import JobStatus
from printworks_common.events.print_jobs import JobSnapshot, OrderSnapshot

from printworks_shopify_writer.attributes import Line
from printworks_shopify_writer.orders import Snapshot
from printworks_shopify_writer.target import Status, listed_files

FROM_DESIGN = "design"
"""Texts of a design document. The others stand on the line item already, for everybody to see."""


def read(event: OrderSnapshot) -> Snapshot:
    """What somebody can see on Shopify, and a hash of it: most changes of an order are none for Shopify."""
    status = cast("Status | None", event.artwork_status)
    lines = tuple(_lines(event)) if status == "ready" else ()
    listed = listed_files(event.artwork_files, event.files_url)
    content = json.dumps([status, listed, [[one.number, one.title, one.url, one.texts] for one in lines]])
    return Snapshot(
        shop=event.shop,
        order_id=event.order_id,
        version=event.version,
        created_at=event.created_at,
        erased=event.erased_at is not None,
        status=status,
        files=event.artwork_files,
        files_url=event.files_url,
        lines=lines,
        content_hash=hashlib.sha256(content.encode()).hexdigest(),
    )


def _lines(event: OrderSnapshot) -> list[Line]:
    return [
        Line(number, _storable(job.product_title), job.page_url, tuple(_texts(job)))
        for number, job in enumerate(event.jobs, 1)
        if job.status == JobStatus.READY and job.page_url is not None
    ]


def _texts(job: JobSnapshot) -> list[tuple[str, str]]:
    return [(_storable(one.name), _storable(one.value)) for one in job.texts if one.origin == FROM_DESIGN]


def _storable(text: str) -> str:
    """Text as Postgres can hold it."""
    return text.replace("\x00", "")
