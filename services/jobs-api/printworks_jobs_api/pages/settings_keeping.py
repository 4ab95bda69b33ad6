"""Settings, Retention: how long files are kept, and holds that keep some longer."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Response
from printworks_common.postgres import Connection

from printworks_jobs_api.api.context import Services, ServicesDep
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keeping import MAX_DAYS, MIN_DAYS
from printworks_jobs_api.pages.listing import viewer_of
from printworks_jobs_api.pages.settings import SETTINGS, check_settings, version_number
from printworks_jobs_api.pages.shell import page, redirect
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.problems import ProblemError

router = APIRouter(include_in_schema=False)

PATH = f"{SETTINGS}/retention"
_HOLDS = 250
"""So many holds are listed; more are for the API."""

Text = Annotated[str, Form(max_length=500)]


@router.get(PATH)
async def retention_page(services: ServicesDep, visitor: VisitorDep, saved: str = "") -> Response:
    said = {"period": "The period is saved.", "hold": "The hold is placed.", "lifted": "The hold is lifted."}
    return await _page(services, visitor, notes=[said[saved]] if saved in said else [])


@router.post(PATH)
async def save_period(
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: Text = "",
    version: Text = "",
    days: Text = "",
) -> Response:
    check_settings(visitor, form_token)
    number = version_number(days)
    if number is None:
        return await _page(services, visitor, fault="Enter a whole number of days.", status=422)
    try:
        await services.keeping.set_period(visitor.principal, number, if_match=version_number(version))
    except ProblemError as error:
        return await _page(services, visitor, fault=error.detail, status=error.status)
    return redirect(f"{PATH}?saved=period")


@router.post(f"{PATH}/holds")
async def place_hold(
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: Text = "",
    order: Text = "",
    reason: Text = "",
    until: Text = "",
) -> Response:
    """Hold an order, named as in its address, or all orders when none is named."""
    check_settings(visitor, form_token)
    try:
        last_day = date.fromisoformat(until) if until else None
    except ValueError:
        return await _page(services, visitor, fault="The last day is not a day of the calendar.", status=422)
    order = order.strip()
    if not reason.strip() or (order and _order_id(order) is None):
        return await _page(
            services, visitor, status=422,
            fault="Say why, and name the order by its id: the digits at the end of its page's address.",
        )  # fmt: skip

    async def effect(connection: Connection) -> Answer:
        await services.keeping.place(
            connection, visitor.principal, order_id=_order_id(order), reason=reason.strip(), until=last_day
        )
        return Answer(201, {})

    try:
        await services.once.run(visitor.principal.shop, None, b"", effect)
    except ProblemError as error:
        return await _page(services, visitor, fault=error.detail, status=error.status)
    return redirect(f"{PATH}?saved=hold")


@router.post(f"{PATH}/holds/{{hold_id}}/lift")
async def lift_hold(hold_id: str, services: ServicesDep, visitor: VisitorDep, form_token: Text = "") -> Response:
    check_settings(visitor, form_token)
    await services.keeping.lift(visitor.principal, hold_id.replace("\x00", ""))
    return redirect(f"{PATH}?saved=lifted")


def _order_id(text: str) -> int | None:
    """An order's id; None for none and for what is no id."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


async def _page(
    services: Services, visitor: Visitor, *, notes: list[str] | None = None, fault: str = "", status: int = 200
) -> Response:
    shop = visitor.principal.shop
    holds, more = await services.keeping.holds(shop, limit=_HOLDS)
    today = services.clock.now().date()
    return page(
        "settings_retention.html",
        status=status,
        visitor=visitor,
        section="settings",
        part="retention",
        period=await services.keeping.period(shop),
        least=MIN_DAYS,
        most=MAX_DAYS,
        holds=[(hold, hold.is_over(today)) for hold in holds],
        more=more is not None,
        moment=(await viewer_of(services, visitor)).moment,
        fault=fault,
        notes=notes or [],
    )
