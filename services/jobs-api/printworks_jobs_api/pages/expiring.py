"""What the lists say before files are cleared: 14 days ahead, and more plainly 3 days ahead. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printworks_jobs_api.pages import words

AHEAD_DAYS, SOON_DAYS = 14, 3

MANY = 1000
"""So many orders are counted and no more: the lists are opened often."""


@dataclass(frozen=True)
class Expiring:
    """`soon`: something goes within three days. `query`: of the list that shows the orders."""

    text: str
    soon: bool
    query: str


def expiring(row: Mapping[str, Any]) -> Expiring | None:
    """From `Reader.expiring`; None when nothing is cleared in the next days."""
    total: int = row["orders"]
    if not total:
        return None
    soon: int = row["soon"]
    number = soon or total
    orders = f"{MANY:,} orders or more" if number >= MANY else words.count(number, "order")
    days = SOON_DAYS if soon else AHEAD_DAYS
    text = (
        f"Pictures, previews and hosted files of {orders} are cleared within {days} days, the first after "
        f"{words.day(row['first_day'])}."
    )
    query = f"view=all&date_from={row['ordered_from']}&date_to={row['ordered_to']}"
    return Expiring(text, soon > 0, query)
