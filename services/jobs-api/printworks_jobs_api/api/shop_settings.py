"""`/v1/settings` and `/v1/holds`: storage of the shop's own, retention period, holds."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import JSONResponse
from printworks_common.events.base import ShopifyId
from printworks_common.postgres import Connection
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from printworks_jobs_api.api.conditional import answer, version_of
from printworks_jobs_api.api.context import JobsReader, ServicesDep, SettingsWriter
from printworks_jobs_api.api.posting import PostedDep
from printworks_jobs_api.api.print_jobs import Limit, order_number
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keeping import MAX_DAYS, MIN_DAYS, Period, PlacedHold
from printworks_jobs_api.own_storage import DEFAULT_TEMPLATE, StorageForm, StorageState

router = APIRouter(tags=["settings"])


class StorageOut(BaseModel):
    version: int
    own: bool = Field(description="false: files lie in the hosted bucket alone.")
    offered: bool = Field(description="Whether this installation lets shops use a storage of their own.")
    endpoint: str | None = None
    region: str | None = None
    bucket: str | None = None
    addressing: str | None = None
    browsable: bool | None = None
    path_template: str | None = None
    public_base_url: str | None = None
    access_key: str | None = Field(default=None, description="The secret key is never shown.")
    earlier_buckets: list[str] = Field(default=[], description="Buckets in which older files lie.")


class StorageTestOut(BaseModel):
    ok: bool
    code: str = Field(description="ok, or the reason code a print job would fail with: storage_refused, …")
    sentence: str


class PathExampleOut(BaseModel):
    path: str = Field(description="Where the shop's newest print file would lie.")


class RetentionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: Annotated[int, Field(ge=MIN_DAYS, le=MAX_DAYS, strict=True)]


class RetentionOut(BaseModel):
    days: int = Field(description="From the order date, or from the first payment if that is later.")
    version: int = Field(description="0: the operator's period, because the shop has set none.")


class HoldIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    order_id: ShopifyId | None = Field(default=None, description="Without it: all orders of the shop.")
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    until: date | None = Field(default=None, description="Last day (UTC). Without it: until it is lifted.")


class HoldOut(BaseModel):
    hold_id: str
    order_id: str | None
    order_name: str | None
    reason: str
    until: date | None
    placed_by: str
    placed_at: datetime
    over: bool = Field(description="Its last day has passed.")


class HoldPageOut(BaseModel):
    items: list[HoldOut]
    next_after: str | None


@router.get("/v1/settings/storage", response_model=StorageOut)
async def read_storage(request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    """Where finished files go."""
    state = await services.storages.state(principal.shop)
    return answer(request, _storage(state, offered=services.storages.offered), etag=str(state.version))


@router.put("/v1/settings/storage", response_model=StorageOut)
async def save_storage(
    form: StorageForm, request: Request, services: ServicesDep, principal: SettingsWriter
) -> Response:
    """Deliver to a storage of the shop's own, from the next print job on. `If-Match` is required."""
    state = await services.storages.save(principal, form, if_match=version_of(request))
    return _saved(_storage(state, offered=True), state.version)


@router.delete("/v1/settings/storage", response_model=StorageOut)
async def remove_storage(request: Request, services: ServicesDep, principal: SettingsWriter) -> Response:
    """Back to the hosted bucket alone. Nothing is deleted in the shop's. `If-Match` is required."""
    state = await services.storages.remove(principal, if_match=version_of(request))
    return _saved(_storage(state, offered=services.storages.offered), state.version)


@router.post("/v1/settings/storage/test", responses={200: {"model": StorageTestOut}})
async def try_storage(
    services: ServicesDep,
    principal: SettingsWriter,
    posted: PostedDep,
    form: Annotated[StorageForm | None, Body(description="What is to be tried; without it, what is saved.")] = None,
) -> JSONResponse:
    """Write one small object and read it again."""

    # Before the transaction: no connection to the database is held while somebody's storage takes its time.
    result = await services.storages.test(principal.shop, form)
    out = StorageTestOut(ok=result.ok, code=result.code, sentence=result.sentence)

    async def effect(_connection: Connection) -> Answer:
        return Answer(200, out.model_dump(mode="json"))

    return await posted.once(principal, effect)


@router.get("/v1/settings/storage/path-example", response_model=PathExampleOut)
async def example_path(
    request: Request,
    services: ServicesDep,
    principal: JobsReader,
    template: Annotated[str, Query(max_length=400, description="A path template.")] = DEFAULT_TEMPLATE,
) -> Response:
    """Where the newest print file would lie under a path template."""
    return answer(request, PathExampleOut(path=await services.storages.example(principal.shop, template)))


@router.get("/v1/settings/retention", response_model=RetentionOut)
async def read_retention(request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    period = await services.keeping.period(principal.shop)
    return answer(request, RetentionOut(days=period.days, version=period.version), etag=str(period.version))


@router.put("/v1/settings/retention", response_model=RetentionOut)
async def save_retention(
    body: RetentionIn, request: Request, services: ServicesDep, principal: SettingsWriter
) -> Response:
    """How long hosted files are kept: a longer period for all orders, a shorter one for orders to come. `If-Match` is
    required."""
    period: Period = await services.keeping.set_period(principal, body.days, if_match=version_of(request))
    return _saved(RetentionOut(days=period.days, version=period.version), period.version)


@router.get("/v1/holds", response_model=HoldPageOut)
async def list_holds(
    request: Request,
    services: ServicesDep,
    principal: JobsReader,
    after: Annotated[str, Query(max_length=64, description="`next_after` of the page before.")] = "",
    limit: Limit = 100,
) -> Response:
    """Holds that have not been lifted, by id."""
    found, following = await services.keeping.holds(principal.shop, after=after.replace("\x00", ""), limit=limit)
    today = services.clock.now().date()
    return answer(request, HoldPageOut(items=[_hold(one, today) for one in found], next_after=following))


@router.get("/v1/holds/{hold_id}", response_model=HoldOut)
async def read_hold(hold_id: str, request: Request, services: ServicesDep, principal: JobsReader) -> Response:
    found = await services.keeping.hold(principal.shop, hold_id.replace("\x00", ""))
    return answer(request, _hold(found, services.clock.now().date()))


@router.post("/v1/holds", status_code=201, responses={201: {"model": HoldOut}})
async def place_hold(body: HoldIn, services: ServicesDep, principal: SettingsWriter, posted: PostedDep) -> JSONResponse:
    """Keep the files of an order, or of all orders, beyond their day."""
    order_id = None if body.order_id is None else order_number(body.order_id)

    async def effect(connection: Connection) -> Answer:
        placed = await services.keeping.place(
            connection, principal, order_id=order_id, reason=body.reason, until=body.until
        )
        return Answer(201, _hold(placed, services.clock.now().date()).model_dump(mode="json"))

    return await posted.once(principal, effect)


@router.delete("/v1/holds/{hold_id}", status_code=204)
async def lift_hold(hold_id: str, services: ServicesDep, principal: SettingsWriter) -> Response:
    """End a hold. Files whose day has come meanwhile are cleared next."""
    await services.keeping.lift(principal, hold_id.replace("\x00", ""))
    return Response(status_code=204)


def _storage(state: StorageState, *, offered: bool) -> StorageOut:
    if state.storage is None:
        return StorageOut(version=state.version, own=False, offered=offered)
    shown = state.storage.model_dump(include=set(StorageOut.model_fields))
    buckets = [place.bucket for place in state.storage.earlier]
    return StorageOut(**shown, version=state.version, own=state.own, offered=offered, earlier_buckets=buckets)


def _hold(hold: PlacedHold, today: date) -> HoldOut:
    return HoldOut(
        hold_id=hold.hold_id,
        order_id=None if hold.order_id is None else str(hold.order_id),
        order_name=hold.order_name,
        reason=hold.reason,
        until=hold.until,
        placed_by=hold.placed_by,
        placed_at=hold.placed_at,
        over=hold.is_over(today),
    )


def _saved(document: BaseModel, version: int) -> JSONResponse:
    return JSONResponse(document.model_dump(mode="json"), headers={"ETag": f'"{version}"'})
