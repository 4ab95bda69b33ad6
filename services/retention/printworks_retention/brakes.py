"""What stops a run before it deletes anything. Pure."""

from dataclasses import dataclass

BUSY_DAY = 5
"""So many times the usual day may come due on one day without anybody being asked: a flash sale of 90 days ago."""


@dataclass(frozen=True)
class Cap:
    """`floor`: so many orders may always go. `share`: above this part of all orders with files somebody is asked."""

    floor: int
    share: float


@dataclass(frozen=True)
class Balance:
    """Orders that are due, orders with files, orders cleared on a usual day (None: no day to compare with), and days
    since the last clearing."""

    due: int
    live: int
    usual_day: float | None
    days_since: int


def over_cap(balance: Balance, cap: Cap) -> bool:
    """Whether so much is due that a fault is more likely than a busy day."""
    if balance.due <= cap.floor:
        return False
    if balance.due > cap.share * balance.live:
        return True
    if balance.usual_day is None:
        return False
    return balance.due > BUSY_DAY * balance.usual_day * max(1, balance.days_since)
