"""The one clock: all code that needs the time takes a `Clock`, so that tests can move it."""

from datetime import UTC, date, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def utc_date(moment: datetime) -> date:
    """The UTC calendar date of an aware moment."""
    return moment.astimezone(UTC).date()
