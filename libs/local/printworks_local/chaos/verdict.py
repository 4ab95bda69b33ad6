"""What has to be true of an order at the end, by what Shopify says of it then. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from printworks_local.shop_floor import read_order
from printworks_local.traffic import OTHER_TAG, READY_TAG

SKU_PREFIX = "PW-"
"""Of everything that is mapped to a template."""

PAID = frozenset({"paid", "partially_refunded"})


def expected_lines(order: Mapping[str, Any]) -> set[str]:
    """Line items that have to have files: customised, something left to print, paid, not cancelled."""
    if order["financial_status"] not in PAID or order["cancelled_at"] is not None:
        return set()
    return {str(line["id"]) for line in order["line_items"] if is_customised(line) and line["current_quantity"] > 0}


def is_customised(line: Mapping[str, Any]) -> bool:
    """Whether a line item of a story is of a product with a mapping."""
    return str(line["sku"]).startswith(SKU_PREFIX)


def not_right_on_shopify(order: dict[str, Any]) -> str | None:
    """Why the order is not as it should be on Shopify, in the stand-in's view of it; None when it is."""
    state, lines = read_order(order), expected_lines(order)
    if set(state.other_tags) != ({OTHER_TAG} if int(order["id"]) % 3 == 0 else set()):
        return f"other apps' tags are {state.other_tags}"
    if not lines:
        return None if state.untouched else f"nothing is to be printed, and it has {state.tags}, {state.artwork_status}"
    if state.tags != [READY_TAG] or state.artwork_status != READY_TAG:
        return f"it has {state.tags} and {state.artwork_status}"
    if len(state.artwork_files or ()) != len(lines):
        return f"{len(state.artwork_files or ())} files are listed for {len(lines)} line items"
    return None


def wrong_jobs(order: dict[str, Any], snapshot: Mapping[str, Any] | None) -> str | None:
    """Why the newest snapshot of the order's print jobs is not right; None when it is."""
    lines = expected_lines(order)
    if snapshot is None:
        return "no snapshot was published" if lines else None
    current = [job for job in snapshot["jobs"] if job["status"] != "cancelled"]
    have = sorted(job["line_item_id"] for job in current)
    if have != sorted(lines):
        return f"there are print jobs for {have}, expected {sorted(lines)}"
    if unready := [job["status"] for job in current if job["status"] != "ready"]:
        return f"print jobs are {unready}"
    for job in current:
        versions = [artwork["artwork_version"] for artwork in job["artwork"] if artwork["current"]]
        if versions != [job["artwork_version"]]:
            return f"current artwork versions of one job are {versions}"
    return None


def rendered_unpaid(requests: Iterable[Mapping[str, Any]], never_paid: Collection[int]) -> list[str]:
    """Renders that were asked for though their order was never paid."""
    return [
        f"order {request['order_id']} was rendered and was never paid"
        for request in requests
        if int(request["order_id"]) in never_paid
    ]
