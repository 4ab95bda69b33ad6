"""When the hosted files of an order are due to go. Pure."""

from datetime import date, datetime, timedelta

from printworks_common.clock import utc_date

MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""Above it one of the clocks is wrong, and nothing is deleted."""


def is_due(retention_date: date | None, order_date: date, now: datetime) -> bool:
    """Due from 00:00 UTC of the day after the retention date.

    An order without a retention date was never paid: it has no files of ours to clear. A date in the future of the
    order itself is an error of whoever wrote it, and never a reason to delete.
    """
    if retention_date is None or order_date > utc_date(now):
        return False
    return utc_date(now) > retention_date


def clocks_agree(one: datetime, other: datetime) -> bool:
    return abs(one - other) <= MAX_CLOCK_DIFFERENCE


def order_prefix(order_date: date, shop: str, order_id: str) -> str:
    """Everything hosted of an order lies below this prefix of the bucket, and nothing else does."""
    return f"orders/{order_date:%Y-%m-%d}/{shop}/{order_id}/"
