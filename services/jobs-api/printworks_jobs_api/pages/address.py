"""What the address of a list says: view, search, filters, sort, page. Pure; a list's whole state lives there."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

from printworks_jobs_api.filters import JobFilter, JobSort
from printworks_jobs_api.pages import words
from printworks_jobs_api.shops import UNKNOWN_SHOP

_MAX_TEXT = 200


@dataclass(frozen=True)
class View:
    """A saved view of a list: a name and the statuses that it shows."""

    key: str
    title: str
    statuses: tuple[str, ...]


VIEWS = (
    View("attention", "Needs attention", ("failed",)),
    View("progress", "In progress", ("pending",)),
    View("ready", "Ready", ("ready",)),
    View("all", "All", ()),
)
VIEW_BY_KEY = {view.key: view for view in VIEWS}

SORTS = {
    JobSort.NEWEST_ORDER: "Newest order",
    JobSort.OLDEST_ORDER: "Oldest order",
    JobSort.LAST_CHANGED: "Last changed",
}


class ListAddress:
    """As the address of a list has it. What cannot be read is left out and said on the page: an address that somebody
    typed or kept must never end in an error page."""

    def __init__(
        self,
        view: str = "",
        q: str = "",
        status: Annotated[list[str] | None, Query()] = None,
        date_from: str = "",
        date_to: str = "",
        product: str = "",
        reason: str = "",
        sort: str = "",
        cursor: str = "",
    ) -> None:
        self.notes: list[str] = []
        self.shop = UNKNOWN_SHOP
        self.view = VIEW_BY_KEY.get(view)
        self.q = q[:_MAX_TEXT]
        self.status = next((one for one in status or () if one in words.STATUSES), "")
        self.date_from = self._date(date_from)
        self.date_to = self._date(date_to)
        if self.date_from and self.date_to and self.date_from > self.date_to:
            self.date_from, self.date_to = self.date_to, self.date_from
        self.product = product[:_MAX_TEXT]
        self.reason = reason[:_MAX_TEXT]
        self.sort = next((one for one in SORTS if one == sort), JobSort.NEWEST_ORDER)
        self.cursor = cursor

    def _date(self, text: str) -> date | None:
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.notes.append("A date was left out, because it is not a day of the calendar (2026-11-23).")
            return None

    @property
    def narrowed(self) -> bool:
        """Whether more than the view narrows the list."""
        return bool(self.q or self.status or self.date_from or self.date_to or self.product or self.reason)

    def filter(self, view: View) -> JobFilter:
        statuses = (self.status,) if self.status else view.statuses
        return JobFilter(
            q=self.q, status=statuses, date_from=self.date_from, date_to=self.date_to, product=self.product,
            reason=self.reason, shop=self.shop,
        )  # fmt: skip

    def query(self, **changes: object) -> str:
        """The list's query string with changes; the page is only kept when `cursor` is among them."""
        view = changes.get("view", self.view)
        stays = view is self.view
        parts = {
            "view": view.key if isinstance(view, View) else "",
            "q": self.q,
            "status": self.status if stays else "",
            "reason": self.reason if stays else "",
            "product": self.product,
            "date_from": self.date_from or "",
            "date_to": self.date_to or "",
            "sort": self.sort.value if self.sort is not JobSort.NEWEST_ORDER else "",
        }
        parts |= {name: value for name, value in changes.items() if name != "view"}
        return urlencode({name: str(value) for name, value in parts.items() if value})


def filter_words(wanted: JobFilter) -> list[str]:
    """What a filter narrows by, in a few words each: for pages on which it is not changed."""
    since = words.day(wanted.date_from) if wanted.date_from else "the beginning"
    until = words.day(wanted.date_to) if wanted.date_to else "today"
    said = [words.status_word(one).word for one in wanted.status]
    said += [f"“{wanted.q}”"] if wanted.q else []
    said += [words.reason_title(wanted.reason)] if wanted.reason else []
    said += [f"Product {wanted.product}"] if wanted.product else []
    said += [f"Template {wanted.template}"] if wanted.template else []
    said += [f"Ordered {since} – {until}"] if wanted.date_from or wanted.date_to else []
    return said


def date_ranges(today: date) -> list[tuple[str, date, date]]:
    """Ranges that are one click away, up to today."""
    return [
        ("Today", today, today),
        ("Yesterday", today - timedelta(days=1), today - timedelta(days=1)),
        ("Last 7 days", today - timedelta(days=6), today),
        ("Last 30 days", today - timedelta(days=29), today),
    ]
