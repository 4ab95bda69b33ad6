"""`/v1/keys`: the shop's own API keys."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from printworks_common.postgres import Connection
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from printworks_jobs_api.api.conditional import answer
from printworks_jobs_api.api.context import ServicesDep, SettingsWriter
from printworks_jobs_api.api.posting import PostedDep
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keyring import OVERLAP, KeyFacts
from printworks_jobs_api.keys import Scope

router = APIRouter(tags=["keys"])

_MAX_OVERLAP_HOURS = 24 * 30


class KeyOut(BaseModel):
    key_id: str
    name: str
    scopes: list[str]
    created_at: datetime
    created_by: str = Field(description="key:<id>, or operator")
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    succeeds: str | None = Field(description="Id of the key that this one takes the place of.")
    alive: bool


class KeysOut(BaseModel):
    items: list[KeyOut]


class NewKeyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    expires_at: AwareDatetime | None = None


class NewKeyOut(BaseModel):
    key_id: str
    api_key: str | None = Field(description="The key, this once; null when the answer is repeated.")
    old_key_ends_at: datetime | None = Field(default=None, description="Of a replaced key: until then both live.")


@router.get("/v1/keys", response_model=KeysOut)
async def list_keys(request: Request, services: ServicesDep, principal: SettingsWriter) -> Response:
    """The shop's keys, newest first. Keys that have ended stay listed for 90 days."""
    now = services.clock.now()
    return answer(request, KeysOut(items=[_out(key, now) for key in await services.keyring.keys(principal.shop)]))


@router.get("/v1/keys/{key_id}", response_model=KeyOut)
async def read_key(key_id: str, request: Request, services: ServicesDep, principal: SettingsWriter) -> Response:
    found = await services.keyring.key(principal.shop, key_id.replace("\x00", ""))
    return answer(request, _out(found, services.clock.now()))


@router.post("/v1/keys", status_code=201, responses={201: {"model": NewKeyOut}})
async def make_key(body: NewKeyIn, services: ServicesDep, principal: SettingsWriter, posted: PostedDep) -> JSONResponse:
    """Make a key. Its text is in this answer and nowhere else. It can have no scope that the asking key lacks."""

    async def effect(connection: Connection) -> Answer:
        made = await services.keyring.make(
            connection, principal, body.scopes, name=body.name, expires_at=body.expires_at
        )
        out = NewKeyOut(key_id=made.key_id, api_key=made.text)
        return Answer(201, out.model_dump(mode="json"), shown_once="api_key")

    return await posted.once(principal, effect)


@router.post("/v1/keys/{key_id}/replace", status_code=201, responses={201: {"model": NewKeyOut}})
async def replace_key(
    key_id: str,
    services: ServicesDep,
    principal: SettingsWriter,
    posted: PostedDep,
    overlap_hours: Annotated[
        int, Query(ge=0, le=_MAX_OVERLAP_HOURS, description="How long the old key goes on living.")
    ] = int(OVERLAP.total_seconds() // 3600),
) -> JSONResponse:
    """Make a successor with the same name and scopes. Both keys live until the old one ends."""

    async def effect(connection: Connection) -> Answer:
        made, old = await services.keyring.replace(
            connection, principal, key_id.replace("\x00", ""), overlap=timedelta(hours=overlap_hours)
        )
        out = NewKeyOut(key_id=made.key_id, api_key=made.text, old_key_ends_at=old.expires_at)
        return Answer(201, out.model_dump(mode="json"), shown_once="api_key")

    return await posted.once(principal, effect)


@router.delete("/v1/keys/{key_id}", status_code=204)
async def revoke_key(key_id: str, services: ServicesDep, principal: SettingsWriter) -> Response:
    """End a key at once, and the sessions that were opened with it. Again: nothing changes."""
    await services.keyring.revoke(principal.shop, key_id.replace("\x00", ""))
    return Response(status_code=204)


def _out(key: KeyFacts, now: datetime) -> KeyOut:
    return KeyOut(
        key_id=key.key_id,
        name=key.name,
        scopes=list(key.scopes),
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
        succeeds=key.succeeds,
        alive=key.lives(now),
    )
