"""When the hosted files of an order are due to go. Pure."""

from datetime import date, datetime, timedelta

from printworks_common.clock import utc_date

MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""Above it one of the clocks is wrong, and nothing is deleted."""


def keep_until(
    told: date | None, order_date: date, first_paid_on: date | None = None, days: int | None = None
) -> date | None:
    """Last UTC day on which the files are kept; None for an order that was never paid.

    `told` is the day that went out with the order's snapshots: no earlier one counts. `days` is the shop's own period,
    from the later of order date and first payment: a longer one counts for old orders too.
    """
    if told is None or days is None:
        return told
    return max(told, max(order_date, first_paid_on or order_date) + timedelta(days=days))


def is_due(last_day: date | None, order_date: date, now: datetime) -> bool:
    """Due from 00:00 UTC of the day after the last one.

    An order without a last day was never paid: it has no files of ours to clear. A date of the order in the future, or
    a last day before it, is an error of whoever wrote it, and never a reason to delete.
    """
    if last_day is None or order_date > utc_date(now) or last_day < order_date:
        return False
    return utc_date(now) > last_day


def clocks_agree(one: datetime, other: datetime) -> bool:
    return abs(one - other) <= MAX_CLOCK_DIFFERENCE


def order_prefix(order_date: date, shop: str, order_id: str) -> str:
    """Everything hosted of an order lies below this prefix of the bucket, and nothing else does."""
    return f"{shop_prefix(order_date, shop)}{order_id}/"


def shop_prefix(order_date: date, shop: str) -> str:
    """Everything hosted of a shop's orders of one day."""
    return f"orders/{order_date:%Y-%m-%d}/{shop}/"
