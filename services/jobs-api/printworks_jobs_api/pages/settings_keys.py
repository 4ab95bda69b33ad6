"""Settings, API keys: list, make, replace, revoke. A key's text is shown once, on the page that answers the form."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Form, Response
from printworks_common.postgres import Connection

from printworks_jobs_api.api.context import Services, ServicesDep
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keyring import KeyFacts
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages.listing import viewer_of
from printworks_jobs_api.pages.settings import SETTINGS, check_settings
from printworks_jobs_api.pages.shell import page, redirect
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.problems import ProblemError

router = APIRouter(include_in_schema=False)

PATH = f"{SETTINGS}/keys"

SCOPES = {
    Scope.JOBS_READ: "see print jobs and orders",
    Scope.FILES_READ: "see pictures and download files",
    Scope.JOBS_WRITE: "retry, replace pictures, cancel",
    Scope.EXPORT: "export artwork in bulk",
    Scope.SETTINGS_WRITE: "change settings and keys",
}
LIVES_DAYS = (0, 30, 90, 365)
"""What is offered as a key's life; 0: until it is revoked."""

Effect: TypeAlias = Callable[[Connection], Awaitable[Answer]]
FormToken = Annotated[str, Form(max_length=400)]


@router.get(PATH)
async def keys_page(services: ServicesDep, visitor: VisitorDep) -> Response:
    return await _page(services, visitor)


@router.post(PATH)
async def make_key(
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: FormToken = "",
    name: Annotated[str, Form(max_length=100)] = "",
    scope: Annotated[list[Scope] | None, Form()] = None,
    days: Annotated[int, Form(ge=0, le=3650)] = 0,
) -> Response:
    check_settings(visitor, form_token)
    if not name.strip() or not scope:
        return await _page(services, visitor, fault="Give the key a name and at least one right.", status=422)
    now = services.clock.now()

    async def effect(connection: Connection) -> Answer:
        made = await services.keyring.make(
            connection, visitor.principal, scope, name=name.strip(),
            expires_at=now + timedelta(days=days) if days else None,
        )  # fmt: skip
        return Answer(201, {"api_key": made.text}, shown_once="api_key")

    return await _shown(services, visitor, effect)


@router.post(f"{PATH}/{{key_id}}/replace")
async def replace_key(key_id: str, services: ServicesDep, visitor: VisitorDep, form_token: FormToken = "") -> Response:
    """A successor, whose text is shown; the old key lives on for a week."""
    check_settings(visitor, form_token)

    async def effect(connection: Connection) -> Answer:
        made, _old = await services.keyring.replace(connection, visitor.principal, key_id.replace("\x00", ""))
        return Answer(201, {"api_key": made.text}, shown_once="api_key")

    return await _shown(services, visitor, effect)


@router.post(f"{PATH}/{{key_id}}/revoke")
async def revoke_key(key_id: str, services: ServicesDep, visitor: VisitorDep, form_token: FormToken = "") -> Response:
    check_settings(visitor, form_token)
    await services.keyring.revoke(visitor.principal.shop, key_id.replace("\x00", ""))
    return redirect(PATH)


async def _shown(services: Services, visitor: Visitor, effect: Effect) -> Response:
    try:
        answer = await services.once.run(visitor.principal.shop, None, b"", effect)
    except ProblemError as error:
        return await _page(services, visitor, fault=error.detail, status=error.status)
    return await _page(services, visitor, made=str(answer.body["api_key"]))


async def _page(
    services: Services, visitor: Visitor, *, made: str = "", fault: str = "", status: int = 200
) -> Response:
    manages = visitor.principal.may(Scope.SETTINGS_WRITE)
    now = services.clock.now()
    keys = await services.keyring.keys(visitor.principal.shop) if manages else []
    viewer = await viewer_of(services, visitor)
    return page(
        "settings_keys.html",
        status=status,
        visitor=visitor,
        section="settings",
        part="keys",
        manages=manages,
        keys=[(key, key.lives(now), _end(key)) for key in keys],
        moment=viewer.moment,
        own=visitor.principal.key_id,
        scopes=[(one.value, said, visitor.principal.may(one)) for one, said in SCOPES.items()],
        lives=LIVES_DAYS,
        made=made,
        fault=fault,
        notes=[],
    )


def _end(key: KeyFacts) -> str:
    return "Revoked" if key.revoked_at is not None else "Expired"
