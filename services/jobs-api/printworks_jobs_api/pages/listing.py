"""What the lists of print jobs and of orders share: the shop's facts, a page that may be gone, the answer itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from fastapi import Request, Response

from printworks_jobs_api.api.context import Services
from printworks_jobs_api.pages import words
from printworks_jobs_api.pages.address import VIEW_BY_KEY, VIEWS, ListAddress, View, date_ranges
from printworks_jobs_api.pages.expiring import AHEAD_DAYS, MANY, SOON_DAYS, Expiring, expiring
from printworks_jobs_api.pages.shell import is_part, page
from printworks_jobs_api.pages.view import Viewer
from printworks_jobs_api.pages.visit import Visitor
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.shops import ShopFacts

PAGE_ROWS = 50

Row = TypeVar("Row")


@dataclass(frozen=True)
class Listing:
    """One visit to a list. `newest` was read before its rows: a change in between is told of as an update, not lost."""

    path: str
    visitor: Visitor
    address: ListAddress
    view: View
    facts: ShopFacts
    viewer: Viewer
    newest: int
    expiring: Expiring | None
    now: datetime

    async def rows(
        self, read: Callable[[str | None], Awaitable[tuple[list[Row], str | None]]]
    ) -> tuple[list[Row], str | None]:
        """The page of the list that the address names, or the first one when that is not there any more."""
        try:
            return await read(self.address.cursor or None)
        except ProblemError:
            self.address.notes.append("This page of the list is not there any more. The list begins again.")
            self.address.cursor = ""
            return await read(None)

    def page(self, template: str, request: Request, *, notes: list[str], **values: Any) -> Response:
        """The list as a page, or as the part of it that htmx puts in, which then is the address of the page."""
        here = f"{self.path}?{self.address.query(cursor=self.address.cursor)}"
        return page(
            template,
            headers={"HX-Replace-Url": here} if is_part(request) else None,
            visitor=self.visitor,
            section=self.path.strip("/"),
            address=self.address,
            view=self.view,
            views=VIEWS,
            ranges=date_ranges(self.facts.today(self.now)),
            zone=words.zone_label(self.viewer.zone, self.now),
            here=here,
            newest=self.newest,
            expiring=self.expiring,
            notes=[*notes, *self.address.notes],
            **values,
        )


async def open_list(
    services: Services, visitor: Visitor, address: ListAddress, path: str, view: View, facts: ShopFacts
) -> Listing:
    """Begin to read a list; `view` is the one that is shown."""
    address.view, address.shop = view, facts
    newest = await services.reader.newest_change(visitor.principal.shop)
    viewer = await viewer_of(services, visitor)
    clearing = await services.reader.expiring(visitor.principal.shop, ahead=AHEAD_DAYS, soon=SOON_DAYS, most=MANY)
    return Listing(path, visitor, address, view, facts, viewer, newest, expiring(clearing), services.clock.now())


async def shown_view(services: Services, visitor: Visitor, address: ListAddress) -> View:
    """The view that an address was made in; all, for one that names none. Its days become those of the shop."""
    address.view = address.view or VIEW_BY_KEY["all"]
    address.shop = await services.shops.facts(visitor.principal.shop)
    return address.view


async def viewer_of(services: Services, visitor: Visitor) -> Viewer:
    """In the shop's own time zone."""
    facts = await services.shops.facts(visitor.principal.shop)
    return Viewer(visitor.principal, services.signer, services.clock.now(), facts.zone)


def sent_notes(sent: str, refused: str) -> list[str]:
    """What a form has done, as the address that it led back to says."""
    notes: list[str] = []
    if sent.isdecimal() and len(sent) < 6:
        notes.append(f"{words.count(int(sent), 'retry', 'retries')} sent.")
    if refused.isdecimal() and len(refused) < 6:
        notes.append(f"{words.count(int(refused), 'print job')} could not be retried: only failed ones can.")
    return notes
