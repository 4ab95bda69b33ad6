"""What everybody else learns of a write: a record of `shopify-writes`."""

from datetime import datetime

from printworks_common import ids, tracing
from printworks_common.events.control import ShopifyWriteOutcome, ShopifyWriteReported
from printworks_common.events.envelope import OutgoingRecord, encode

SOURCE = "printworks/shopify-writer"


def report(
    shop: str,
    order_id: str,
    *,
    version: int,
    status: str | None,
    outcome: ShopifyWriteOutcome,
    at: datetime,
    reason: str | None = None,
) -> OutgoingRecord:
    """`status` and `version` are those of the snapshot that was to be written."""
    event = ShopifyWriteReported(
        shop=shop,
        order_id=order_id,
        version=version,
        artwork_status=status,
        outcome=outcome,
        reason=reason,
        reported_at=at,
    )
    event_id = ids.event_id(event.type_name, event.key(), version, outcome, at.isoformat())
    return encode(event, event_id=event_id, source=SOURCE, time=at, traceparent=tracing.current_traceparent())
