"""Settings, Storage: the shop's own bucket, filled in, tried, saved, and given up again.

The same form tries and saves. A secret key is never shown again: an empty field keeps the stored one.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response
from printworks_common.events.artwork import JobStatus
from pydantic import ValidationError

from printworks_jobs_api.api.context import Services, ServicesDep, check_scope
from printworks_jobs_api.bulk import BulkAction, BulkIn
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.own_storage import DEFAULT_TEMPLATE, StorageForm, StorageState, TestResult
from printworks_jobs_api.pages.settings import SETTINGS, check_settings, version_number
from printworks_jobs_api.pages.shell import page, redirect
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.selection import FilterIn

router = APIRouter(include_in_schema=False)

PATH = f"{SETTINGS}/storage"

Text = Annotated[str, Form(max_length=400)]

_FIELDS = {
    "endpoint": "Endpoint",
    "region": "Region",
    "bucket": "Bucket",
    "addressing": "Addressing",
    "path_template": "Path template",
    "public_base_url": "Public address",
    "access_key": "Access key",
    "secret_key": "Secret key",
}


@router.get(PATH)
async def storage_page(services: ServicesDep, visitor: VisitorDep, saved: str = "") -> Response:
    state = await services.storages.state(visitor.principal.shop)
    notes = {
        "own": "Saved. New print jobs are delivered there.",
        "hosted": "New files stay in the hosted storage.",
        "asked": "The ready print jobs are being delivered. They stay ready meanwhile.",
    }
    return await _page(services, visitor, state, _filled(state), notes=[notes[saved]] if saved in notes else [])


@router.get(f"{PATH}/example")
async def path_example(
    services: ServicesDep,
    visitor: VisitorDep,
    path_template: Annotated[str, Query(max_length=400)] = DEFAULT_TEMPLATE,
) -> Response:
    """Where the newest print file would lie under a path template, or what is wrong with the template."""
    example, fault = await _example(services, visitor.principal.shop, path_template)
    return page("part_path_example.html", example=example, fault=fault)


@router.post(PATH)
async def use_storage(
    services: ServicesDep,
    visitor: VisitorDep,
    act: Annotated[str, Form()] = "test",
    form_token: Text = "",
    version: Text = "",
    endpoint: Text = "",
    region: Text = "",
    bucket: Text = "",
    addressing: Text = "path",
    browsable: Text = "",
    path_template: Text = "",
    public_base_url: Text = "",
    access_key: Text = "",
    secret_key: Text = "",
) -> Response:
    """Try what is filled in, or save it."""
    check_settings(visitor, form_token)
    shop = visitor.principal.shop
    filled: dict[str, Any] = {
        "endpoint": endpoint,
        "region": region or "us-east-1",
        "bucket": bucket,
        "addressing": addressing,
        "browsable": bool(browsable),
        "path_template": path_template or DEFAULT_TEMPLATE,
        "public_base_url": public_base_url or None,
        "access_key": access_key,
    }
    state = await services.storages.state(shop)
    try:
        form = StorageForm.model_validate(filled | {"secret_key": secret_key or None})
        if act == "save":
            await services.storages.save(visitor.principal, form, if_match=version_number(version))
            return redirect(f"{PATH}?saved=own")
        result = await services.storages.test(shop, form)
    except ValidationError as error:
        faults = {_name(one["loc"]): one["msg"].removeprefix("Value error, ") for one in error.errors()}
        return await _page(services, visitor, state, filled, faults=faults, status=422)
    except ProblemError as error:
        return await _page(services, visitor, state, filled, faults={"Storage": error.detail}, status=error.status)
    return await _page(services, visitor, state, filled, result=result)


@router.post(f"{PATH}/hosted")
async def use_hosted(services: ServicesDep, visitor: VisitorDep, form_token: Text = "", version: Text = "") -> Response:
    """Back to the hosted storage. Nothing in the shop's bucket is touched."""
    check_settings(visitor, form_token)
    await services.storages.remove(visitor.principal, if_match=version_number(version))
    return redirect(f"{PATH}?saved=hosted")


@router.post(f"{PATH}/redeliver")
async def deliver_ready(services: ServicesDep, visitor: VisitorDep, form_token: Text = "") -> Response:
    """Deliver the files of all ready print jobs to the storage that is set now."""
    check_settings(visitor, form_token)
    check_scope(visitor.principal, Scope.JOBS_WRITE)
    if not (await services.storages.state(visitor.principal.shop)).own:
        raise ProblemError(409, "no_own_storage", "This shop has no storage of its own.")
    await services.bulk.begin(
        visitor.principal, BulkIn(action=BulkAction.REDELIVER, filter=FilterIn(status=[JobStatus.READY]))
    )
    return redirect(f"{PATH}?saved=asked")


async def _page(
    services: Services,
    visitor: Visitor,
    state: StorageState,
    filled: dict[str, Any],
    *,
    notes: list[str] | None = None,
    faults: dict[str, str] | None = None,
    result: TestResult | None = None,
    status: int = 200,
) -> Response:
    check_scope(visitor.principal, Scope.JOBS_READ)
    example, fault = await _example(services, visitor.principal.shop, filled["path_template"])
    return page(
        "settings_storage.html",
        status=status,
        visitor=visitor,
        section="settings",
        part="storage",
        offered=services.storages.offered,
        state=state,
        filled=filled,
        has_secret=state.storage is not None,
        example=example,
        fault=fault,
        faults=faults or {},
        result=result,
        notes=notes or [],
    )


async def _example(services: Services, shop: str, template: str) -> tuple[str, str]:
    try:
        return await services.storages.example(shop, template), ""
    except ProblemError as error:
        return "", error.detail


def _filled(state: StorageState) -> dict[str, Any]:
    if state.storage is None:
        return {
            "endpoint": "", "region": "", "bucket": "", "addressing": "path", "browsable": True,
            "path_template": DEFAULT_TEMPLATE, "public_base_url": None, "access_key": "",
        }  # fmt: skip
    names = set(StorageForm.model_fields) - {"secret_key"}
    return state.storage.model_dump(include=names)


def _name(place: tuple[int | str, ...]) -> str:
    return _FIELDS.get(str(place[0]), str(place[0])) if place else "Storage"
